import Cryptography
import Foundation

/// The key that seals agents' data keys in the database (AES-256-GCM). Lives in the processes that sign and in the commands that take
/// agents' keys in, and is never shown.
public struct SealingKey: Sendable {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// Names the key in the database and to people: 8 hexadecimal digits of a hash, which tell nothing of the key.
    public var id: String { String(Hexadecimal.text(SHA256.hash(Array("vibe sealing key".utf8) + bytes)).prefix(8)) }

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

    private static let probe = Array("vibe".utf8)
    private static let probeLabel = Array("config_sealing".utf8)

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
