import Cryptography

/// A subscriber's agent key as the file gives it, until it is sealed. Never shown.
public struct AgentKey: Sendable {
    let bytes: [UInt8]
    /// The address that belongs to it.
    public let address: String

    /// - Parameter text: 64 hexadecimal digits, with or without `0x`; white space around is ignored. `nil` for anything else.
    init?(parsing text: String) {
        guard let bytes = Hexadecimal.bytes(text.filter { !$0.isWhitespace }), let key = try? SigningKey(bytes: bytes) else { return nil }
        self.bytes = bytes
        address = key.address
    }
}

extension AgentKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "AgentKey(\(address))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
