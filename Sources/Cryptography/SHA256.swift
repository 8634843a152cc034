import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL, which uses the processor's own instructions.
public enum SHA256 {
    public static let byteCount = 32

    /// The 32-byte digest.
    public static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.withContiguousStorageIfAvailable { hash(UnsafeRawBufferPointer($0)) } ?? hash(Array(bytes))
    }

    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { hash($0) }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
            let succeeded = EVP_Digest(bytes.baseAddress, bytes.count, output.baseAddress, nil, algorithm, nil)
            precondition(succeeded == 1, "OpenSSL cannot compute SHA-256")
            count = byteCount
        }
    }

    /// Fetched once: looking an algorithm up costs more than hashing a short text with it.
    /// `nonisolated(unsafe)` because OpenSSL's fetched algorithms are immutable and safe to share between threads.
    private nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let fetched = EVP_MD_fetch(nil, "SHA256", nil) else { preconditionFailure("OpenSSL offers no SHA-256") }
        return fetched
    }()
}
