import COpenSSL

/// SHA-256 of bytes that come in pieces.
public struct SHA256Stream: ~Copyable {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("OpenSSL cannot begin a SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: [UInt8]) {
        let succeeded = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(succeeded == 1, "OpenSSL cannot continue a SHA-256")
    }

    /// The 32-byte digest.
    public consuming func finish() -> [UInt8] {
        let context = context
        return [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { output, count in
            let succeeded = EVP_DigestFinal_ex(context, output.baseAddress, nil)
            precondition(succeeded == 1, "OpenSSL cannot end a SHA-256")
            count = SHA256.byteCount
        }
    }
}
