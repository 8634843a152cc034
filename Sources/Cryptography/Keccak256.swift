/// Keccak-256 with the original padding (0x01) of the 2011 submission, as Ethereum and Hyperliquid use it; not FIPS 202's SHA3-256.
public enum Keccak256 {
    public static let byteCount = 32
    /// Bytes absorbed per permutation: 200 − 2 × 32.
    static let rate = 136

    /// The 32-byte digest.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { input in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 25) { state in
                state.initialize(repeating: 0)
                absorb(input, into: state)
                return [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
                    for lane in 0..<4 {
                        UnsafeMutableRawPointer(output.baseAddress! + lane * 8)
                            .storeBytes(of: state[lane].littleEndian, as: UInt64.self)
                    }
                    count = byteCount
                }
            }
        }
    }

    private static func absorb(_ input: UnsafeRawBufferPointer, into state: UnsafeMutableBufferPointer<UInt64>) {
        var offset = 0
        while input.count - offset >= rate {
            for lane in 0..<rate / 8 {
                state[lane] ^= UInt64(littleEndian: input.loadUnaligned(fromByteOffset: offset + lane * 8, as: UInt64.self))
            }
            KeccakPermutation.apply(to: state)
            offset += rate
        }
        let remaining = input.count - offset
        for index in 0..<remaining { state[index / 8] ^= UInt64(input[offset + index]) << UInt64(index % 8 * 8) }
        state[remaining / 8] ^= 0x01 << UInt64(remaining % 8 * 8)
        state[rate / 8 - 1] ^= 0x80 << 56
        KeccakPermutation.apply(to: state)
    }
}
