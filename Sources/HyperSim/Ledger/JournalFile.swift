#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file of JSON lines that is only ever appended to, by one process.
///
/// Lines are gathered in memory and written with write(2) by ``flush(sync:)``; what the file then holds survives the process, and with
/// `sync` the machine. A last line without its line feed was torn by a crash: nobody was answered on its account, so it is cut off on open.
final class JournalFile {
    let path: String
    private let descriptor: Int32
    private var pending = WireWriter(capacity: 1 << 16)
    /// Bytes written.
    private(set) var size: Int

    /// - Throws: also when another process has the file open.
    init(path: String) throws(HyperSimError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.fault(path, "open") }
        guard Self.isDevice(descriptor) || flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let fault = Self.fault(path, "lock (is another simulator using it?)")
            close(descriptor)
            throw fault
        }
        do { size = try Self.cutTornLine(descriptor, path: path) } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    var hasPending: Bool { !pending.bytes.isEmpty }

    func append(_ write: (inout WireWriter) -> Void) { write(&pending) }

    /// Writes what was appended. After an error the file's end is unknown and nothing more may be written.
    func flush(sync: Bool) throws(HyperSimError) {
        guard hasPending else { return }
        var written = 0
        let count = pending.bytes.count
        while written < count {
            let result = pending.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, count - written) }
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw Self.fault(path, "write") }
            written += result
        }
        size += count
        pending.removeAll()
        guard !sync || fsync(descriptor) == 0 else { throw Self.fault(path, "fsync") }
    }

    /// Up to `count` bytes at `offset`; fewer at the end of the file.
    func read(at offset: Int, count: Int) throws(HyperSimError) -> [UInt8] {
        try Self.read(descriptor, path: path, at: offset, count: count)
    }

    /// What the file holds now, a line at a time.
    var lines: Lines { Lines(file: self) }

    /// Calls `body` with each line, without its line feed, and its number from 1.
    func forEachLine(_ body: (Int, [UInt8]) throws(HyperSimError) -> Void) throws(HyperSimError) {
        var lines = lines
        var number = 0
        while let line = try lines.next() {
            number += 1
            try body(number, line)
        }
    }

    struct Lines {
        private let file: JournalFile
        private let end: Int
        private var offset = 0
        private var chunk: [UInt8] = []
        private var position = 0

        fileprivate init(file: JournalFile) {
            self.file = file
            end = file.size
        }

        /// The next line without its line feed.
        mutating func next() throws(HyperSimError) -> [UInt8]? {
            while true {
                if let feed = chunk[position...].firstIndex(of: UInt8(ascii: "\n")) {
                    defer { position = feed + 1 }
                    return Array(chunk[position..<feed])
                }
                // A file ends with a line feed: torn lines were cut off.
                guard offset < end else { return nil }
                let part = try file.read(at: offset, count: min(1 << 20, end - offset))
                guard !part.isEmpty else { throw .ledger("\(file.path): became shorter while it was read") }
                offset += part.count
                chunk = Array(chunk[position...]) + part
                position = 0
            }
        }
    }

    /// A device such as /dev/full is everybody's and holds no lines: a lock on it would keep strangers out.
    private static func isDevice(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
    }

    private static func cutTornLine(_ descriptor: Int32, path: String) throws(HyperSimError) -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw fault(path, "lseek") }
        var start = Int(end)
        while start > 0 {
            let block = min(start, 1 << 16)
            let bytes = try read(descriptor, path: path, at: start - block, count: block)
            if let last = bytes.lastIndex(of: UInt8(ascii: "\n")) {
                start = start - block + last + 1
                break
            }
            start -= block
        }
        guard start == Int(end) || ftruncate(descriptor, off_t(start)) == 0 else { throw fault(path, "ftruncate") }
        return start
    }

    private static func read(_ descriptor: Int32, path: String, at offset: Int, count: Int) throws(HyperSimError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let result = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                if result < 0, errno == EINTR { continue }
                if result < 0 { failure = errno }
                guard result > 0 else { return }
                filled += result
            }
        }
        guard failure == 0 else { throw .ledger("\(path): read: \(String(cString: strerror(failure)))") }
        return bytes
    }

    private static func fault(_ path: String, _ call: String) -> HyperSimError {
        .ledger("\(path): \(call): \(String(cString: strerror(errno)))")
    }
}
