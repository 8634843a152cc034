/// What can go wrong here. No case ever carries key material, plain text or cipher text.
public enum CryptographyError: Error, Equatable, CustomStringConvertible {
    /// A private key is not 32 bytes (64 hexadecimal digits, `0x` allowed), or not in the curve's range.
    case invalidPrivateKey
    /// A symmetric key is not 32 bytes; how many it has.
    case invalidSealingKeyLength(Int)
    /// Sealed bytes are shorter than nonce and tag; how many there are.
    case sealedTooShort(Int)
    /// The tag does not match: another key, another row, or altered bytes.
    case authenticationFailed
    /// OpenSSL refused a step that cannot fail with valid arguments; the step.
    case libraryFailure(String)

    public var description: String {
        switch self {
        case .invalidPrivateKey: "the private key is not 32 bytes in hexadecimal within the range of secp256k1"
        case .invalidSealingKeyLength(let count): "the sealing key has \(count) bytes, expected 32"
        case .sealedTooShort(let count): "sealed data has \(count) bytes, expected at least 28"
        case .authenticationFailed: "sealed data does not authenticate: wrong key, wrong row, or altered"
        case .libraryFailure(let step): "OpenSSL failed in \(step)"
        }
    }
}
