import Foundation

/// A file with a secret, which only its owner may read.
public enum SecretFile {
    public struct Fault: Error, Sendable, Equatable {
        /// Reads on after the file's name.
        public let problem: String
    }

    /// Room for any single secret, a private key in PEM form included.
    public static let oneSecret = 16 * 1024

    /// What is looked at is the file that was opened, whatever its name leads to by then.
    public static func read(_ path: String, atMost maximum: Int = oneSecret) throws(Fault) -> String {
        // to open a pipe would else wait for who writes it
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Fault(problem: "cannot be read") }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw Fault(problem: "cannot be read") }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw Fault(problem: "is no regular file") }
        let mode = facts.st_mode & 0o777
        guard mode & 0o077 == 0 else { throw Fault(problem: "may be read by others (mode \(String(mode, radix: 8))): chmod 600 it") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        guard let data = try? handle.read(upToCount: maximum + 1) ?? Data() else { throw Fault(problem: "cannot be read") }
        guard data.count <= maximum else { throw Fault(problem: "is larger than \(maximum) bytes") }
        guard let text = String(validating: data, as: UTF8.self) else { throw Fault(problem: "cannot be read as UTF-8 text") }
        return text
    }
}
