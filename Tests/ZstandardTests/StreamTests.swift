import Testing

@testable import Zstandard

@Suite struct StreamTests {
    private func compressed(_ pieces: [[UInt8]]) throws -> [UInt8] {
        var compressor = try ZstandardCompressor(level: 3)
        var output: [UInt8] = []
        for piece in pieces { output += try compressor.compress(piece) }
        return output + (try compressor.finish())
    }

    /// - Parameter size: of the pieces in which the stream is handed over.
    private func decompressed(_ bytes: [UInt8], by size: Int) throws -> [UInt8] {
        var stream = try ZstandardDecompressor()
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try stream.decompress(Array(bytes[start..<min(start + size, bytes.count)])) { output += $0 }
        }
        try stream.finish()
        return output
    }

    private static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 88_172_645_463_325_252
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
    }

    @Test("what went in comes out, whatever the pieces", arguments: [1, 7, 4_096, 1 << 20])
    func roundTrip(_ size: Int) throws {
        let text = Array(String(repeating: #"{"coin":"BTC","px":"80639.0"}"# + "\n", count: 20_000).utf8)
        for content in [[], [1], text, Self.noise(300_000), text + Self.noise(200_000)] {
            let stream = try compressed([content])
            #expect(try decompressed(stream, by: size) == content)
        }
        #expect(try compressed([text]).count < text.count / 50)
    }

    @Test("pieces on the way in make no difference to what comes out, and several frames are one stream")
    func pieces() throws {
        let content = Self.noise(100_000)
        let stream = try compressed([Array(content[..<3]), [], Array(content[3..<70_000]), Array(content[70_000...])])
        #expect(try decompressed(stream, by: 1_000) == content)
        #expect(try decompressed(stream + (try compressed([[1, 2, 3]])), by: 999) == content + [1, 2, 3])
    }

    @Test("a small file that expands to much is delivered in bounded pieces")
    func expansion() throws {
        let content = [UInt8](repeating: 0, count: 30 << 20)
        let stream = try compressed([content])
        #expect(stream.count < 10_000)
        var decompressor = try ZstandardDecompressor()
        var total = 0
        var largest = 0
        try decompressor.decompress(stream) { piece in
            total += piece.count
            largest = max(largest, piece.count)
        }
        try decompressor.finish()
        #expect(total == content.count)
        #expect(largest <= 1 << 18)
    }

    @Test("a stream that ends early is told from one that is complete, wherever it is cut")
    func truncated() throws {
        let stream = try compressed([Self.noise(10_000)])
        for cut in [1, 4, 100, stream.count / 2, stream.count - 5, stream.count - 1] {
            #expect(throws: ZstandardError.truncated, "cut at \(cut)") { try decompressed(Array(stream[..<cut]), by: 4_096) }
        }
    }

    @Test("a changed byte is noticed, by the format or by the checksum of the content")
    func corrupted() throws {
        let stream = try compressed([Self.noise(10_000)])
        for index in [0, 2, 200, 5_000, stream.count - 1] {
            var changed = stream
            changed[index] ^= 0x10
            #expect(throws: (any Error).self, "byte \(index)") { try decompressed(changed, by: 512) }
        }
        #expect(throws: (any Error).self) { try decompressed(Array("not compressed at all".utf8), by: 512) }
    }

    private struct Stop: Error {}

    @Test("the consumer's own error is passed on as such")
    func consumer() throws {
        let stream = try compressed([[1, 2, 3]])
        var decompressor = try ZstandardDecompressor()
        do {
            try decompressor.decompress(stream) { _ throws(Stop) in throw Stop() }
            Issue.record("nothing was thrown")
        } catch {
            guard case .consumer = error else { Issue.record("\(error)"); return }
        }
    }
}
