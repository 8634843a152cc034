import Cryptography
import Glibc
import Zstandard

/// The file of one archived day, and its checksum beside it in the form that `sha256sum -c` reads.
public struct ArchiveFile: Sendable {
    public let day: ArchiveDay
    public let path: String

    public init(directory: String, day: ArchiveDay) {
        self.day = day
        path = "\(directory)/raw_frames-\(day).jsonl.zst"
    }

    var checksumPath: String { path + ".sha256" }
    /// While it is being written; a run that was interrupted leaves it, the next one writes it anew.
    var partialPath: String { path + ".partial" }
    var name: String { String(path.split(separator: "/").last ?? "") }

    /// Days that have a file in a directory, oldest first.
    public static func days(in directory: String) throws(ArchiveError) -> [ArchiveDay] {
        guard let handle = opendir(directory) else {
            throw .file(path: directory, problem: String(cString: strerror(errno)))
        }
        defer { closedir(handle) }
        var days: [ArchiveDay] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix("raw_frames-"), name.hasSuffix(".jsonl.zst") else { continue }
            if let day = ArchiveDay(name.dropFirst("raw_frames-".count).dropLast(".jsonl.zst".count)) { days.append(day) }
        }
        return days.sorted()
    }

    var exists: Bool { access(path, F_OK) == 0 }

    public var byteCount: Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// The checksum on file, lower-case hexadecimal.
    func recordedChecksum() throws(ArchiveError) -> String {
        let text = String(decoding: try InputFile(checksumPath).read(limit: 4_096), as: UTF8.self)
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard parts.count == 2, parts[0].utf8.count == 64, Hexadecimal.bytes(parts[0]) != nil, parts[1] == name else {
            throw .damaged(path: checksumPath, problem: "expected the line `<64 hexadecimal digits>  \(name)`")
        }
        return parts[0].lowercased()
    }

    func record(checksum: String) throws(ArchiveError) {
        var file = try OutputFile(checksumPath + ".partial")
        try file.write(Array("\(checksum)  \(name)\n".utf8))
        try file.close()
        try OutputFile.rename(checksumPath + ".partial", checksumPath)
    }

    /// Reads a file from end to end: decompresses it, calls `line` for each of its lines, and gives the checksums of file and content.
    /// Memory is bounded by one line.
    static func read(_ path: String, line: ([UInt8]) throws(ArchiveError) -> Void) throws(ArchiveError) -> ArchiveContent {
        let file = try InputFile(path)
        var digest = SHA256Stream()
        var contentDigest = SHA256Stream()
        var lines = LineSplitter(path: path)
        do {
            var stream = try ZstandardDecompressor()
            while true {
                let piece: [UInt8]
                do { piece = try file.read(limit: 1 << 17) } catch { throw DecompressionFailure.consumer(error) }
                if piece.isEmpty { break }
                digest.update(piece)
                try stream.decompress(piece) { content throws(ArchiveError) in
                    contentDigest.update(content)
                    try lines.take(content, line)
                }
            }
            do { try stream.finish() } catch { throw DecompressionFailure<ArchiveError>.stream(error) }
        } catch let failure as DecompressionFailure<ArchiveError> {
            switch failure {
            case .stream(let error): throw .damaged(path: path, problem: "\(error)")
            case .consumer(let error): throw error
            }
        } catch { throw .damaged(path: path, problem: "\(error)") }
        try lines.finish()
        return ArchiveContent(lines: lines.count, checksum: Hexadecimal.text(digest.finish()), content: Hexadecimal.text(contentDigest.finish()))
    }
}

/// What an archive holds: how many lines, the SHA-256 of the file, and that of the lines in it.
struct ArchiveContent: Sendable, Equatable {
    var lines: Int
    var checksum: String
    var content: String
}

/// Cuts a stream of bytes at its line feeds.
struct LineSplitter {
    /// The exchange's largest frames are below 1 MB.
    static let longestLine = 64 << 20

    let path: String
    private var rest: [UInt8] = []
    private(set) var count = 0

    init(path: String) { self.path = path }

    mutating func take(_ bytes: [UInt8], _ line: ([UInt8]) throws(ArchiveError) -> Void) throws(ArchiveError) {
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            rest.append(contentsOf: bytes[start..<end])
            start = end + 1
            count += 1
            let complete = rest
            rest.removeAll(keepingCapacity: true)
            try line(complete)
        }
        rest.append(contentsOf: bytes[start...])
        guard rest.count <= Self.longestLine else { throw .damaged(path: path, problem: "line \(count + 1) is longer than \(Self.longestLine) bytes") }
    }

    func finish() throws(ArchiveError) {
        guard rest.isEmpty else { throw .damaged(path: path, problem: "line \(count + 1) has no end") }
    }
}
