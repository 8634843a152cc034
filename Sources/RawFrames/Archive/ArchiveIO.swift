import Glibc

/// A file that is read from its beginning.
final class InputFile {
    private let descriptor: Int32
    private let path: String

    init(_ path: String) throws(ArchiveError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .noSuchFile(path: path) }
            throw .file(path: path, problem: String(cString: strerror(errno)))
        }
    }

    deinit { close(descriptor) }

    /// The next bytes; none at the end.
    func read(limit: Int) throws(ArchiveError) -> [UInt8] {
        var problem: String?
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            var got = Glibc.read(descriptor, buffer.baseAddress, limit)
            while got < 0, errno == EINTR { got = Glibc.read(descriptor, buffer.baseAddress, limit) }
            if got < 0 { problem = String(cString: strerror(errno)) }
            count = max(0, got)
        }
        if let problem { throw .file(path: path, problem: problem) }
        return bytes
    }
}

/// A file that is written from its beginning and on disk when it is closed.
struct OutputFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    init(_ path: String) throws(ArchiveError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .file(path: path, problem: String(cString: strerror(errno))) }
    }

    deinit { Glibc.close(descriptor) }

    mutating func write(_ bytes: [UInt8]) throws(ArchiveError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .file(path: path, problem: String(cString: strerror(errno))) }
            written += count
        }
    }

    consuming func close() throws(ArchiveError) {
        guard fsync(descriptor) == 0 else { throw .file(path: path, problem: String(cString: strerror(errno))) }
    }

    /// Renames, and makes the new name lasting.
    static func rename(_ from: String, _ to: String) throws(ArchiveError) {
        guard Glibc.rename(from, to) == 0 else { throw .file(path: from, problem: String(cString: strerror(errno))) }
        let folder = to.contains("/") ? String(to[..<to.lastIndex(of: "/")!]) : "."
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .file(path: folder, problem: String(cString: strerror(errno))) }
        defer { Glibc.close(directory) }
        guard fsync(directory) == 0 else { throw .file(path: folder, problem: String(cString: strerror(errno))) }
    }

    static func remove(_ path: String) throws(ArchiveError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .file(path: path, problem: String(cString: strerror(errno))) }
    }

    static func makeDirectory(_ path: String) throws(ArchiveError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw .file(path: made, problem: String(cString: strerror(errno))) }
        }
    }
}
