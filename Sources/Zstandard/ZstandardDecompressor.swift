import CZstd

/// Decompresses a stream of one or more Zstandard frames piece by piece, and checks their checksums. Memory is bounded by the largest
/// window accepted, whatever the stream claims.
public struct ZstandardDecompressor: ~Copyable {
    /// Streams that need a larger window are refused: 128 MiB, the library's own default.
    static let maximumWindowLog: Int32 = 27

    private let context: OpaquePointer
    private var output = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
    private var isInsideFrame = false

    public init() throws(ZstandardError) {
        guard let context = ZSTD_createDCtx() else { throw .outOfMemory }
        let code = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.maximumWindowLog)
        precondition(ZSTD_isError(code) == 0, "the library knows the parameter")
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Calls `deliver` with the decompressed bytes in pieces of bounded size, however much the input expands to.
    public mutating func decompress<Failure: Error>(
        _ bytes: [UInt8], deliver: ([UInt8]) throws(Failure) -> Void
    ) throws(DecompressionFailure<Failure>) {
        var position = 0
        while true {
            let context = context
            let before = position
            let (hint, written) = bytes.withUnsafeBytes { source in
                output.withUnsafeMutableBytes { target in
                    var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                    var room = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let hint = ZSTD_decompressStream(context, &room, &input)
                    position = input.pos
                    return (hint, room.pos)
                }
            }
            guard ZSTD_isError(hint) == 0 else { throw .stream(.refused(String(cString: ZSTD_getErrorName(hint)))) }
            // 0: a frame is complete and flushed. A call without progress says nothing new.
            if written > 0 || position > before { isInsideFrame = hint != 0 }
            if written > 0 {
                do { try deliver(Array(output.prefix(written))) } catch { throw .consumer(error) }
            }
            // A full output may hide more of the same input.
            if position == bytes.count, written < output.count { return }
        }
    }

    /// Says that the input has ended.
    /// - Throws: `.truncated` inside a frame.
    public consuming func finish() throws(ZstandardError) {
        if isInsideFrame { throw .truncated }
    }
}

/// Why decompression stopped: the stream is bad, or the consumer of its bytes threw.
public enum DecompressionFailure<Consumer: Error>: Error {
    case stream(ZstandardError)
    case consumer(Consumer)
}
