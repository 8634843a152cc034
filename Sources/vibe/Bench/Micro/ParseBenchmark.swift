import CHiredis
import Foundation
import Redis
import RedisStreams

/// Replies of a hand-off with 128 entries → typed entries, against hiredis alone.
struct ParseBenchmark: MicroBenchmark {
    let name = MicroName.redisParse
    let unit = "entries"
    let reference = "hiredis in C, untyped, no socket"

    private static let entries = 128
    /// Replies a call.
    private static let pipeline = 16
    /// What hiredis reads from a socket at a time.
    private static let piece = 16_384

    private let bytes: [UInt8]
    private let server: ReplyServer
    private let connection: RedisConnection
    private let stage = StageCommands(keys: Keys(cell: "micro"), stage: .plan(Partitioning(signals: 1, accounts: 1)), consumer: "micro")

    init(_ run: RunDirectory) throws {
        bytes = Self.reply()
        // where a Redis would have its own
        let directory = try run.socketDirectory(for: "redis", longestName: 10)
        try FileManager.default.makeDirectory(directory, mode: 0o700)
        server = try ReplyServer(path: directory + "/micro.sock", reply: bytes)
        connection = RedisConnection(
            endpoint: try RedisEndpoint(parsing: "unix://\(server.path)"), timeout: .seconds(10), name: "vibe-micro", logger: CommandLogger.make("bench"))
    }

    func stop() { server.stop() }

    func oursRound(_ duration: Duration) async throws -> MicroSample {
        let commands = (0..<Self.pipeline).map { _ in RedisCommand("REPLY") }
        let start = ContinuousClock.now
        var items = 0
        var now = start
        while now - start < duration {
            for value in try await connection.send(commands) { items += try stage.reply(value).fetched.count }
            now = .now
        }
        return MicroSample(items: items, time: now - start)
    }

    func referenceRound(_ duration: Duration) async throws -> MicroSample {
        guard let reader = redisReaderCreate() else { throw Failure(.unavailable, "no memory for a reader") }
        defer { redisReaderFree(reader) }
        return try MicroSample.repeating(for: duration) {
            for _ in 0..<Self.pipeline { try readOne(reader) }
            return (Self.entries * Self.pipeline, 0)
        }
    }

    private func readOne(_ reader: UnsafeMutablePointer<redisReader>) throws(Failure) {
        var offset = 0
        var reply: UnsafeMutableRawPointer?
        while reply == nil, offset < bytes.count {
            let count = min(Self.piece, bytes.count - offset)
            let isFed = bytes.withUnsafeBytes {
                redisReaderFeed(reader, $0.baseAddress!.assumingMemoryBound(to: CChar.self) + offset, count) == REDIS_OK
                    && redisReaderGetReply(reader, &reply) == REDIS_OK
            }
            guard isFed else { throw Failure(.checkFailed, "hiredis cannot read the reply") }
            offset += count
        }
        guard let reply else { throw Failure(.checkFailed, "hiredis found no whole reply") }
        freeReplyObject(reply)
    }

    /// `{acknowledged, duplicates, {{id, {name, value, …}}, …}}`.
    private static func reply() -> [UInt8] {
        var output: [UInt8] = []
        func line(_ text: String) { output += Array((text + "\r\n").utf8) }
        func bulk(_ value: [UInt8]) {
            line("$\(value.count)")
            output += value
            line("")
        }
        line("*3")
        line(":128")
        line(":0")
        line("*\(entries)")
        for number in 0..<entries {
            line("*2")
            bulk(Array("1784684116576-\(number)".utf8))
            line("*\(MicroPayload.fields.count * 2)")
            for (name, value) in MicroPayload.fields {
                bulk(Array(name.utf8))
                bulk(value)
            }
        }
        return output
    }
}
