import AuditTrail
import CopyTrading
import JSON
import Redis
import RedisStreams
import Testing

/// Entries that nobody can read: put aside with everything they carried, while the rest goes on.
@Suite struct DeadLetterTests {
    @Test("malformed entries of each stream end in the dead letters with reason and content, and the pipeline goes on")
    func malformed() async throws {
        let cast = Cast.alike(2)
        // one partition each, so that good entries stand behind bad ones
        try await Fleet.run(cast, partitioning: Partitioning(signals: 1, accounts: 1)) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)

            var added: [(origin: String, entry: String, fields: [(String, String)])] = []
            for stream in [RedisStreams.Stream.signals, .requests, .jobs] {
                let partition = StreamPartition(stream, 0)
                let good = try await fleet.newest(partition)
                for (index, data) in try Self.bad(good, stream).enumerated() {
                    var fields = [("id", "by-hand-\(stream.rawValue)-\(index)"), ("coin", "BTC"), ("note", "grüße\n\u{1}")]
                    if let data { fields.append(("data", data)) }
                    let command = RedisCommand(["XADD", fleet.keys.stream(partition), "*"] + fields.flatMap { [$0.0, $0.1] })
                    added.append((partition.name, try await fleet.observer.send(command).checked().text ?? "", fields))
                }
            }
            // results have no reader but the audit, which refuses nothing
            let results = StreamPartition(.results, 0)
            _ = try await fleet.observer.send(RedisCommand("XADD", fleet.keys.stream(results), "*", "data", "{")).checked()

            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify(foreign: true)

            #expect(truth.deadLetters.count == added.count)
            for (origin, entry, fields) in added {
                guard let letter = truth.deadLetters.first(where: { $0["entry"] == entry && $0["origin"] == origin }) else {
                    Issue.record("\(origin) \(entry) is not among the dead letters: \(fields)")
                    continue
                }
                #expect(letter["reason"] == "malformed")
                #expect(letter["error"]?.isEmpty == false)
                #expect(letter["deliveries"] == "1")
                for (name, value) in fields { #expect(letter["original.\(name)"] == value) }
            }
            #expect(truth.results.filter { $0.action == .close }.map(\.outcome) == [.filled, .filled])
            #expect(cast.followers.allSatisfy { truth.position(of: $0.account, "BTC") == .zero })
        }
    }

    /// No data, no JSON, another schema, a negative size, a JSON value that is no record, and a request under a configuration that was
    /// never applied.
    private static func bad(_ good: JSON, _ stream: RedisStreams.Stream) throws -> [String?] {
        var foreign = good
        var negative = good
        var more: [String] = []
        foreign.put("id", .string("foreign"))
        negative.put("id", .string("negative"))
        switch stream {
        case .signals:
            foreign.put("v", 99)
            negative.put("sz", "-1")
        case .requests:
            foreign.change("signal") { $0.put("v", 99) }
            negative.change("signal") { $0.put("sz", "-1") }
            var ahead = good
            ahead.put("id", "ahead")
            ahead.put("configVersion", 99)
            more = [ahead.text()]
        default:
            foreign.put("action", "juggle")
            negative.put("sz", "-1")
        }
        return [nil, String(good.text().dropLast(5)), foreign.text(), negative.text(), "[1,2,3]"] + more
    }

    @Test("an entry that has brought its process down again and again is put aside")
    func poison() async throws {
        try await Fleet.run(Cast.alike(2), partitioning: Partitioning(signals: 1, accounts: 1)) { fleet in
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the signal is out") { try await fleet.added(.signals) == 1 }
            let stream = fleet.keys.stream(StreamPartition(.signals, 0))
            // as processes leave it that die with the entry in hand
            let read = RedisCommand("XREADGROUP", "GROUP", "matcher", "gone", "COUNT", "1", "STREAMS", stream, ">")
            _ = try await fleet.observer.send(read).checked()
            let pending = try await fleet.observer.send(RedisCommand("XPENDING", stream, "matcher", "-", "+", "1")).checked()
            let entry = try #require(pending.array?.first?.array?.first?.text)
            for _ in 0..<7 { _ = try await fleet.observer.send(RedisCommand("XCLAIM", stream, "matcher", "gone", "0", entry)).checked() }
            try await fleet.match()
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.truth()
            #expect(truth.deadLetters.map { $0["reason"] } == ["poison"])
            #expect(truth.deadLetters.first?["entry"] == entry)
            #expect(truth.results.map(\.outcome) == [.noPosition, .noPosition])
        }
    }
}

extension Fleet {
    /// The record of a stream's newest entry.
    fileprivate func newest(_ partition: StreamPartition) async throws -> JSON {
        let reply = try await observer.send(RedisCommand("XREVRANGE", keys.stream(partition), "+", "-", "COUNT", "1")).checked()
        return try JSON.parse(reply.array?.first?.array?[1].pairs["data"]?.text ?? "")
    }
}

extension JSON {
    /// Replaces a member that is there.
    fileprivate mutating func put(_ name: String, _ value: JSON) { change(name) { $0 = value } }

    fileprivate mutating func change(_ name: String, _ body: (inout JSON) -> Void) {
        guard case .object(var members) = self, let index = members.firstIndex(where: { $0.name == name }) else { return }
        body(&members[index].value)
        self = .object(members)
    }
}
