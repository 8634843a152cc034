import Foundation

/// Files of the kernel tell no size: `FileManager` and `String(contentsOfFile:)` read their first 4 KiB and stop.
public enum KernelFile {
    /// The whole of a file below `/proc`.
    public static func read(_ path: String) throws -> Data {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        return try file.readToEnd() ?? Data()
    }
}
