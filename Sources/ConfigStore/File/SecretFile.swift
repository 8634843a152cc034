import Foundation

/// A file with a secret, which only its owner may read.
enum SecretFile {
    struct Fault: Error {
        /// Reads on after the file's name.
        let problem: String
    }

    /// Room for a key for each of 100,000 subscribers.
    static let maximumBytes = 16 * 1024 * 1024

    static func read(_ path: String) throws(Fault) -> String {
        let attributes: [FileAttributeKey: Any]
        do { attributes = try FileManager.default.attributesOfItem(atPath: path) } catch { throw Fault(problem: "cannot be read") }
        guard attributes[.type] as? FileAttributeType != .typeDirectory else { throw Fault(problem: "is a folder") }
        let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0o777
        guard mode & 0o077 == 0 else {
            throw Fault(problem: "may be read by others (mode \(String(mode, radix: 8))): chmod 600 it")
        }
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: maximumBytes + 1) ?? Data() else {
            throw Fault(problem: "cannot be read")
        }
        // by what was read: a device or a pipe has no size
        guard data.count <= maximumBytes else { throw Fault(problem: "is larger than 16 MiB") }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Fault(problem: "cannot be read as UTF-8 text")
        }
        return text
    }
}
