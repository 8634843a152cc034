import CSecp256k1

/// An ECDSA signature over secp256k1 from which the signer's address can be recovered.
public struct RecoverableSignature: Sendable, Equatable {
    /// 32 bytes each, big-endian.
    public var r, s: [UInt8]
    /// 27 or 28: the parity of the nonce point's y.
    public var v: UInt8

    public init(r: [UInt8], s: [UInt8], v: UInt8) {
        self.r = r
        self.s = s
        self.v = v
    }

    /// The address whose key signed `digest`; `nil` when the signature is malformed or fits no key.
    ///
    /// A signature over other bytes does not fail: it recovers some unrelated address.
    public func recoverAddress(digest: [UInt8]) -> String? {
        guard r.count == 32, s.count == 32, digest.count == 32, v == 27 || v == 28 else { return nil }
        var signature = secp256k1_ecdsa_recoverable_signature()
        let compact = r + s
        guard secp256k1_ecdsa_recoverable_signature_parse_compact(Curve.context, &signature, compact, Int32(v) - 27) == 1 else { return nil }
        var key = secp256k1_pubkey()
        guard secp256k1_ecdsa_recover(Curve.context, &key, &signature, digest) == 1 else { return nil }
        return Curve.address(of: &key)
    }
}
