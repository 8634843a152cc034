import CZstd

/// Compresses a stream piece by piece into one Zstandard frame with a content checksum (RFC 8878). Memory does not grow with the stream.
public struct ZstandardCompressor: ~Copyable {
    private let context: OpaquePointer
    private var output = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())

    /// - Parameter level: 1 (fast) to 19 (small).
    public init(level: Int = 9) throws(ZstandardError) {
        precondition((1...19).contains(level), "a Zstandard level is 1 to 19")
        guard let context = ZSTD_createCCtx() else { throw .outOfMemory }
        for (parameter, value) in [(ZSTD_c_compressionLevel, Int32(level)), (ZSTD_c_checksumFlag, 1)] {
            precondition(ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0, "the library knows both parameters")
        }
        self.context = context
    }

    deinit { ZSTD_freeCCtx(context) }

    /// - Returns: compressed bytes that are complete so far; often none.
    public mutating func compress(_ bytes: [UInt8]) throws(ZstandardError) -> [UInt8] { try step(bytes, ZSTD_e_continue) }

    /// Ends the frame.
    /// - Returns: its remaining bytes.
    public consuming func finish() throws(ZstandardError) -> [UInt8] { try step([], ZSTD_e_end) }

    private mutating func step(_ bytes: [UInt8], _ directive: ZSTD_EndDirective) throws(ZstandardError) -> [UInt8] {
        var produced: [UInt8] = []
        var position = 0
        while true {
            let context = context
            let (left, written) = bytes.withUnsafeBytes { source in
                output.withUnsafeMutableBytes { target in
                    var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                    var room = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let left = ZSTD_compressStream2(context, &room, &input, directive)
                    position = input.pos
                    return (left, room.pos)
                }
            }
            try Self.check(left)
            produced.append(contentsOf: output.prefix(written))
            if directive == ZSTD_e_end ? left == 0 : position == bytes.count { return produced }
        }
    }

    private static func check(_ code: Int) throws(ZstandardError) {
        guard ZSTD_isError(code) == 0 else { throw .refused(String(cString: ZSTD_getErrorName(code))) }
    }
}
