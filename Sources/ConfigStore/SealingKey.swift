import Cryptography
import Foundation

/// The key that seals agents' keys in the database (AES-256-GCM). Lives in the processes that sign and in the one that applies
/// configurations, and is never shown.
public struct SealingKey: Sendable {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// - Parameter text: 64 hexadecimal digits (with or without `0x`) or base64 of 32 bytes; surrounding white space is ignored.
    public init(parsing text: String) throws(ConfigStoreError) {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw .malformedSealingKey("is empty") }
        if let bytes = Hexadecimal.bytes(text) {
            try self.init(bytes: bytes)
        } else if let data = Data(base64Encoded: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)) {
            try self.init(bytes: Array(data))
        } else {
            throw .malformedSealingKey("is neither hexadecimal nor base64")
        }
    }

    public init(bytes: [UInt8]) throws(ConfigStoreError) {
        guard bytes.count == AES256GCM.keyByteCount else { throw .malformedSealingKey("has \(bytes.count) bytes") }
        self.bytes = bytes
    }

    /// `VIBE_SEALING_KEY_FILE`, else `VIBE_SEALING_KEY`.
    public init(environment: [String: String]) throws(ConfigStoreError) {
        if let file = environment["VIBE_SEALING_KEY_FILE"], !file.isEmpty {
            let secret: String
            do { secret = try SecretFile.read(file) } catch { throw .malformedSealingKey("(\(file)) \(error.problem)") }
            try self.init(parsing: secret)
        } else if let text = environment["VIBE_SEALING_KEY"] {
            try self.init(parsing: text)
        } else {
            throw .malformedSealingKey("is not set")
        }
    }

    // MARK: What is sealed

    private static let probe = Array("vibe".utf8)
    private static let probeLabel = Array("config_sealing".utf8)

    func sealedProbe() throws(CryptographyError) -> [UInt8] {
        try AES256GCM.seal(Self.probe, key: bytes, associatedData: Self.probeLabel)
    }

    /// Whether this key sealed the probe.
    func opens(probe: [UInt8]) -> Bool {
        (try? AES256GCM.open(probe, key: bytes, associatedData: Self.probeLabel)) == Self.probe
    }
}

extension SealingKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "SealingKey" }
    public var debugDescription: String { "SealingKey" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

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
