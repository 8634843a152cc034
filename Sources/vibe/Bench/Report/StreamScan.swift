import JSON
import Redis
import RedisStreams

/// Where the entries of a run can be read again, all of them.
protocol EntrySource: Sendable {
    /// Every entry of a stream, in the order of each partition.
    func each(_ stream: RedisStreams.Stream, _ body: (ScannedEntry) throws -> Void) async throws
}

/// An entry of a stream as the count at the end needs it.
struct ScannedEntry {
    /// Redis time at which it was added, milliseconds.
    let milliseconds: Int64
    let id: String
    let data: [UInt8]
}

/// Reads the streams themselves, without a consumer group: it changes nothing.
struct StreamScan: EntrySource {
    let redis: RedisConnection
    let keys: Keys
    let partitioning: Partitioning

    private static let page = 200

    func each(_ stream: RedisStreams.Stream, _ body: (ScannedEntry) throws -> Void) async throws {
        let names = (0..<partitioning.count(stream)).map { keys.stream(StreamPartition(stream, $0)) }
        var last = names.map { _ in "0-0" }
        while true {
            let reply = try await redis.send(RedisCommand(["XREAD", "COUNT", "\(Self.page)", "STREAMS"] + names + last)).checked()
            guard let found = reply.array, !found.isEmpty else { return }
            for part in found {
                guard let parts = part.array, parts.count == 2, let name = parts[0].text, let index = names.firstIndex(of: name),
                    let entries = parts[1].array
                else { throw RedisError.unexpectedReply("XREAD") }
                for entry in entries {
                    let parsed = try Self.parsed(entry)
                    last[index] = parsed.key
                    try body(parsed.entry)
                }
            }
        }
    }

    private static func parsed(_ value: RedisValue) throws(RedisError) -> (key: String, entry: ScannedEntry) {
        guard let parts = value.array, parts.count == 2, let key = parts[0].text, let milliseconds = EntryID.milliseconds(key),
            let fields = parts[1].array
        else { throw .unexpectedReply("a stream entry") }
        var id = ""
        var data: [UInt8] = []
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            switch fields[index].text {
            case "id": id = fields[index + 1].text ?? ""
            case "data": data = fields[index + 1].bytes ?? []
            default: break
            }
        }
        return (key, ScannedEntry(milliseconds: milliseconds, id: id, data: data))
    }
}
