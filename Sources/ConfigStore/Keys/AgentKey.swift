import Cryptography
import Foundation
import Settings

/// A subscriber's agent key as the file gives it, until it is sealed. Never shown.
public struct AgentKey: Sendable {
    let bytes: [UInt8]
    /// The address that belongs to it.
    public let address: String

    /// - Parameter text: 64 hexadecimal digits, with or without `0x`; white space around is ignored. `nil` for anything else.
    public init?(parsing text: String) {
        guard let bytes = Hexadecimal.bytes(text.filter { !$0.isWhitespace }), let key = try? SigningKey(bytes: bytes) else { return nil }
        self.bytes = bytes
        address = key.address
    }
}

extension AgentKey {
    /// Reads a key from a file that nobody but its owner may read, or from standard input (`-`).
    /// - Throws: what is wrong with it, without anything of it.
    public static func read(_ path: String) throws(AgentKeyFault) -> AgentKey {
        let text: String
        if path == "-" {
            let data = (try? FileHandle.standardInput.read(upToCount: SecretFile.oneSecret)) ?? Data()
            text = String(decoding: data, as: UTF8.self)
        } else {
            do { text = try SecretFile.read(path) } catch { throw AgentKeyFault(source: path, problem: error.problem) }
        }
        guard let key = AgentKey(parsing: text) else {
            throw AgentKeyFault(source: path == "-" ? "standard input" : path, problem: "does not hold a private key: expected 64 hexadecimal digits")
        }
        return key
    }
}

/// Why no key could be read.
public struct AgentKeyFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let source: String
    public let problem: String
    /// A key that was given where its file's name belongs is not shown.
    public var description: String { "\(source.mayHoldKey ? "the file" : source) \(problem)" }
}

extension AgentKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "AgentKey(\(address))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
