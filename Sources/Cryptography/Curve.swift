import COpenSSL
import CSecp256k1

/// The process's one libsecp256k1 context and the operations that need it.
enum Curve {
    /// Created and blinded once (secp256k1_context_randomize, against timing and power analysis).
    /// `nonisolated(unsafe)` because libsecp256k1 promises that concurrent read-only use of one context is safe, and nothing
    /// writes to it after this initialiser.
    nonisolated(unsafe) static let context: OpaquePointer = {
        guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            preconditionFailure("libsecp256k1 gives no context")
        }
        var seed = [UInt8](repeating: 0, count: 32)
        precondition(RAND_bytes(&seed, 32) == 1, "OpenSSL gives no random bytes")
        precondition(secp256k1_context_randomize(context, seed) == 1, "libsecp256k1 cannot be randomised")
        OPENSSL_cleanse(&seed, seed.count)
        return context
    }()

    /// `0x` and 40 lower-case digits: the last 20 bytes of Keccak-256 over the 64 bytes of the uncompressed public key.
    static func address(of key: inout secp256k1_pubkey) -> String {
        var serialized = [UInt8](repeating: 0, count: 65)
        var count = serialized.count
        let result = secp256k1_ec_pubkey_serialize(context, &serialized, &count, &key, UInt32(SECP256K1_EC_UNCOMPRESSED))
        precondition(result == 1 && count == 65, "libsecp256k1 cannot serialize a public key")
        return "0x" + Hexadecimal.text(Keccak256.hash(Array(serialized.dropFirst())).suffix(20))
    }
}
