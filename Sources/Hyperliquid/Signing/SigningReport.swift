import Cryptography
import JSON

/// A signature and what it was computed over; its signer is recovered from the signature, not copied from the key.
public struct SigningReport: Sendable, Equatable {
    public let signature: RecoverableSignature
    public let hash: Hash
    /// The address the exchange will see: `0x` and 40 lower-case digits.
    public let address: String

    public enum Hash: Sendable, Equatable {
        /// Of an L1 action, 32 bytes.
        case connectionID([UInt8])
        /// Of a user-signed action, 32 bytes.
        case digest([UInt8])
    }

    init(hash: Hash, digest: [UInt8], key: SigningKey) throws(SigningError) {
        signature = key.sign(digest: digest)
        guard let recovered = signature.recoverAddress(digest: digest), recovered == key.address else {
            throw SigningError(problem: "the signature does not recover to the key's address")
        }
        self.hash = hash
        address = recovered
    }

    /// `{"r","s","v","connectionId" or "digest","address"}`; hexadecimal with `0x`, r and s with all 64 digits.
    public var json: JSON {
        guard case .object(let members) = signature.json else { preconditionFailure("a signature is an object") }
        let hashed =
            switch hash {
            case .connectionID(let bytes): JSON.Member("connectionId", .string("0x" + Hexadecimal.text(bytes)))
            case .digest(let bytes): JSON.Member("digest", .string("0x" + Hexadecimal.text(bytes)))
            }
        return .object(members + [hashed, JSON.Member("address", .string(address))])
    }
}
