import COpenSSL
import CSecp256k1

/// A secp256k1 private key that signs and never shows itself: not in descriptions, mirrors, dumps or errors.
///
/// The bytes live once, outside Swift's arrays, and are overwritten when the last copy of the value goes.
public struct SigningKey: Sendable {
    private let secret: SecretBytes
    /// The key's Ethereum-style address: `0x` and 40 lower-case hexadecimal digits.
    public let address: String

    /// - Parameter hexadecimal: 64 digits, with or without `0x`.
    public init(hexadecimal: String) throws(CryptographyError) {
        guard var bytes = Hexadecimal.bytes(hexadecimal) else { throw .invalidPrivateKey }
        defer { OPENSSL_cleanse(&bytes, bytes.count) }
        try self.init(bytes: bytes)
    }

    /// - Parameter bytes: 32 bytes, big-endian, in 1..<n.
    public init(bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count == 32 else { throw .invalidPrivateKey }
        let secret = SecretBytes(bytes)
        var publicKey = secp256k1_pubkey()
        guard secp256k1_ec_pubkey_create(Curve.context, &publicKey, secret.pointer) == 1 else { throw .invalidPrivateKey }
        self.secret = secret
        self.address = Curve.address(of: &publicKey)
    }

    /// Signs 32 bytes: nonce by RFC 6979 (so the same digest gives the same signature), s in the lower half.
    public func sign(digest: [UInt8]) -> RecoverableSignature {
        precondition(digest.count == 32, "a digest has 32 bytes")
        var signature = secp256k1_ecdsa_recoverable_signature()
        let signed = secp256k1_ecdsa_sign_recoverable(Curve.context, &signature, digest, secret.pointer, nil, nil)
        precondition(signed == 1, "libsecp256k1 cannot sign with a valid key")
        var compact = [UInt8](repeating: 0, count: 64)
        var recoveryID: Int32 = 0
        secp256k1_ecdsa_recoverable_signature_serialize_compact(Curve.context, &compact, &recoveryID, &signature)
        return RecoverableSignature(r: Array(compact[..<32]), s: Array(compact[32...]), v: UInt8(27 + recoveryID))
    }
}

extension SigningKey: CustomReflectable {
    /// Shows the address only.
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}

/// 32 bytes on the heap, overwritten on release.
/// `@unchecked Sendable` because the bytes are written once in the initialiser, before any sharing, and only read afterwards.
private final class SecretBytes: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<UInt8>

    init(_ bytes: [UInt8]) {
        precondition(bytes.count == 32)
        pointer = .allocate(capacity: 32)
        pointer.initialize(from: bytes, count: 32)
    }

    deinit {
        OPENSSL_cleanse(pointer, 32)
        pointer.deallocate()
    }
}

extension SecretBytes: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: []) }
}
