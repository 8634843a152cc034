import AuditTrail
import CopyTrading
import JSON
import Recovery
import Redis
import RedisStreams
import Testing

@testable import Pipeline

/// What operators do with dead letters, and what nobody has to: entries that are too large or not text.
@Suite struct DeadLetterDeskTests {
    private static let single = Partitioning(signals: 1, accounts: 1)

    private func desk(_ fleet: Fleet, _ body: (DeadLetterDesk, DeadLetterBox) async throws -> Void) async throws {
        let client = fleet.client()
        let box = DeadLetterBox(redis: fleet.observer, keys: fleet.keys)
        do { try await body(fleet.desk(box, client), box) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    /// Leaves the oldest entry that a group was not given as processes do that die with it in hand.
    private func poison(_ fleet: Fleet, _ stream: RedisStreams.Stream, _ group: String) async throws -> String {
        let key = fleet.keys.stream(StreamPartition(stream, 0))
        _ = try await fleet.observer.send(RedisCommand("XREADGROUP", "GROUP", group, "gone", "COUNT", "1", "STREAMS", key, ">")).checked()
        return try await raise(fleet, stream, group)
    }

    /// As after so many processes that died with the oldest pending entry in hand.
    private func raise(_ fleet: Fleet, _ stream: RedisStreams.Stream, _ group: String) async throws -> String {
        let key = fleet.keys.stream(StreamPartition(stream, 0))
        let pending = try await fleet.observer.send(RedisCommand("XPENDING", key, group, "-", "+", "1")).checked()
        let entry = try #require(pending.array?.first?.array?.first?.text)
        _ = try await fleet.observer.send(RedisCommand("XCLAIM", key, group, "gone", "0", entry, "RETRYCOUNT", "8")).checked()
        return entry
    }

    /// Starts all roles, of which the planner puts aside the request that the leader's first trade leads to; gives its entry.
    private func putRequestAside(_ fleet: Fleet) async throws -> String {
        try await fleet.match()
        try await fleet.work()
        try await fleet.audit()
        try await fleet.live(try await fleet.ingest().ingestor)
        try await fleet.exchange.trade("leader", "BTC", .buy, "1")
        try await fleet.eventually("the request is out") { try await fleet.added(.requests) == 1 }
        let entry = try await poison(fleet, .requests, "planner")
        try await fleet.plan()
        return entry
    }

    private func letter(_ fleet: Fleet, _ box: DeadLetterBox, entry: String) async throws -> DeadLetter {
        var found: DeadLetter?
        try await fleet.eventually("the entry is a dead letter") {
            found = try await box.read().first { $0.entry == entry }
            return found != nil
        }
        return try #require(found)
    }

    @Test("a signal that was put aside goes round again once, and every pair is answered once")
    func requeue() async throws {
        try await Fleet.run(Cast.alike(2), partitioning: Self.single) { fleet in
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the signal is out") { try await fleet.added(.signals) == 1 }
            let entry = try await poison(fleet, .signals, "matcher")
            try await fleet.match()
            try await desk(fleet) { desk, box in
                let letter = try await letter(fleet, box, entry: entry)
                #expect(letter.reason == "poison" && !letter.isExit)
                try await fleet.settled(signals: 1)
                guard case .done(let ids) = try await desk.requeue(letter) else { Issue.record("not requeued"); return }
                #expect(ids.count == 1)
                #expect(try await desk.requeue(letter) == .gone)
                #expect(try await box.count() == 0)
            }
            try await fleet.settled(signals: 2)
            let reader = AuditReader(fleet.postgresObserver)
            let truth = try await fleet.truth()
            #expect(truth.results.map(\.outcome) == [.filled, .filled])
            #expect(truth.signals.count == 2 && Set(truth.signals.map(\.id)).count == 1)
            #expect(try await reader.duplicates().isEmpty)
            #expect(try await reader.orphans().isEmpty)
            let pairs = try await reader.pairs()
            #expect(pairs.pairs == 2 && pairs.missing == 0 && pairs.unanswered.isEmpty)
            for stream in try await reader.streams() {
                let check = try await reader.check(stream)
                #expect(check.missing == 0 && check.faultCount == 0, "\(stream)")
            }
        }
    }

    @Test("R-28: what was put aside does not go round again once its leader has traded the coin since: it would be carried out on the later position")
    func tooLate() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast, partitioning: Self.single) { fleet in
            let entry = try await putRequestAside(fleet)
            try await desk(fleet) { desk, box in
                let letter = try await letter(fleet, box, entry: entry)
                try await fleet.settled(signals: 1)
                _ = try await desk.check(letter)
                try await fleet.exchange.trade("leader", "ETH", .buy, "1")
                try await fleet.settled(signals: 2)
                _ = try await desk.check(letter)
                for side in [Side.sell, .buy] { try await fleet.exchange.trade("leader", "BTC", side, "1") }
                try await fleet.settled(signals: 4)
                let refusal = await #expect(throws: DeadLetterDesk.Refusal.self) { try await desk.requeue(letter) }
                #expect(refusal?.description.contains("its leader has traded BTC since") == true)
                #expect(try await box.count() == 1)
            }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 5)
            let truth = try await fleet.truth()
            #expect(truth.results.filter { $0.coin == "BTC" }.map(\.outcome) == [.noPosition, .filled, .filled])
        }
    }

    @Test("a request that was put aside is ended by an operator: each leg has its result, and it is not brought back")
    func drop() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast, partitioning: Self.single) { fleet in
            let entry = try await putRequestAside(fleet)
            try await desk(fleet) { desk, box in
                let letter = try await letter(fleet, box, entry: entry)
                try await fleet.settled(signals: 1)
                #expect(try await AuditReader(fleet.postgresObserver).pairs().missing == 1, "until it is decided it is missing")
                guard case .done = try await desk.drop(letter, reason: "a test") else { Issue.record("not dropped"); return }
                #expect(try await desk.requeue(letter) == .gone)
            }
            try await fleet.settled(signals: 1)
            let reader = AuditReader(fleet.postgresObserver)
            let truth = try await fleet.truth()
            #expect(truth.results.map(\.outcome) == [.dropped])
            #expect(truth.results.first?.detail?.contains("a test") == true)
            let pairs = try await reader.pairs()
            #expect(pairs.missing == 0 && pairs.duplicates == 0 && pairs.unanswered.isEmpty)
            #expect(truth.orders(of: cast.followers[0].account).isEmpty)
            let plan = try await fleet.recovery().plan()
            #expect(plan.counts(.jobs) == (0, 0, 0), "none is made up for what never had one")
        }
    }

    @Test("R-55: an exit of the worker's own that was put aside is asked for again under another id, and is not put back")
    func ownExit() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast, partitioning: Self.single) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            // the entry takes the only token: what comes next waits
            var settings = Fleet.WorkSettings.attentive
            settings.accountRate = TokenRate(period: 3_600_000_000, burst: 1)
            let first = try await fleet.work("work-1", settings)
            let (ingest, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            await ingest.stop()
            try await fleet.loseClose(of: "leader", in: "BTC", at: Price(50_000))
            try await fleet.eventually("the worker has asked for the exit") { try await fleet.added(.jobs) == 2 }
            let pending = RedisCommand("XPENDING", fleet.keys.stream(StreamPartition(.jobs, 0)), "worker", "-", "+", "1")
            try await fleet.eventually("and has taken it") { try await fleet.observer.send(pending).checked().array?.isEmpty == false }
            first.kill()
            let entry = try await raise(fleet, .jobs, "worker")
            try await fleet.work("work-2", .attentive)
            try await fleet.eventually("the next one closes") {
                Truth(ledger: try fleet.exchange.ledger()).position(of: cast.followers[0].account, "BTC").isZero
            }
            try await desk(fleet) { desk, box in
                let letter = try await letter(fleet, box, entry: entry)
                await #expect(throws: DeadLetterDesk.Refusal.self) { try await desk.requeue(letter) }
                guard case .done = try await desk.drop(letter, reason: "a test") else { Issue.record("not dropped"); return }
            }
            try await fleet.settled(signals: 1)
            let truth = try await fleet.truth()
            #expect(truth.results.filter { $0.origin == .drift }.map(\.outcome).sorted { $0.rawValue < $1.rawValue } == [.dropped, .filled])
            #expect(truth.sleeves.isEmpty)
        }
    }

    @Test(
        "a job that kills its process after its order was sent is put aside, its lane goes on, it is never sent again, and dropping it says what was traded",
        arguments: [FaultyProxy.Fault.requestSwallowed, .replySwallowed])
    func poisonJob(fault: FaultyProxy.Fault) async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast, partitioning: Self.single) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            let first = try await fleet.work("work-1", .init(url: proxy.url, timeout: .seconds(30)))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "ETH", .buy, "1")
            try await fleet.settled(signals: 1)
            proxy.spoil(fault)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the order is under way") { proxy.spoiled == 1 }
            if fault.reachesExchange {
                try await fleet.eventually("the exchange has executed it") { try fleet.exchange.ledger().count { $0.coin == "BTC" } == 1 }
            }
            first.kill()
            let entry = try await raise(fleet, .jobs, "worker")
            try await fleet.work("work-2")
            try await desk(fleet) { desk, box in
                let letter = try await letter(fleet, box, entry: entry)
                #expect(letter.attempt != nil && letter.reason == "poison")
                // the lane goes on
                try await fleet.exchange.trade("leader", "SOL", .buy, "1")
                try await fleet.settled(signals: 3)
                await #expect(throws: DeadLetterDesk.Refusal.self) { try await desk.requeue(letter) }
                #expect(try await box.count() == 1)
                // a recovery that begins with it reads the result, and not the job, which was put aside before
                #expect(try await fleet.checkpoints().take() == .stored)
                guard case .done = try await desk.drop(letter, reason: "a test") else { Issue.record("not dropped"); return }
            }
            try await fleet.settled(signals: 3)
            let reader = AuditReader(fleet.postgresObserver)
            let truth = try await fleet.truth()
            await proxy.stop()
            let result = truth.results.first { $0.coin == "BTC" && $0.action == .open }
            #expect(result?.outcome == (fault.reachesExchange ? .partial : .dropped))
            #expect(result.map { "\($0.filledSize)" } == (fault.reachesExchange ? "0.02" : "0"))
            #expect(truth.results.first { $0.coin == "SOL" }?.outcome == .filled)
            let pairs = try await reader.pairs()
            #expect(pairs.missing == 0 && pairs.duplicates == 0 && pairs.unanswered.isEmpty)
            #expect(truth.ledger.count { $0.isOrder && $0.coin == "BTC" && $0.account == cast.followers[0].account } == (fault.reachesExchange ? 1 : 0))
            #expect(try await fleet.observer.hash(fleet.keys.attempts(0)).isEmpty)
            let plan = try await fleet.recovery().plan()
            #expect(plan.checkpoint != nil && plan.counts(.results).finished == 3)
            #expect(plan.counts(.jobs) == (3, 0, 0), "the job is on record already")
        }
    }

    @Test("entries too large, of too many fields, with a field twice or not UTF-8 are put aside by each stage, and a close behind them is traded")
    func garbage() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast, partitioning: Self.single) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let nested = String(repeating: "[", count: 100_000)
            let kinds: [(name: String, reason: String, error: String, fields: [[UInt8]])] = [
                ("large", "oversized", "bytes", [Array("data".utf8), [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)]),
                ("many", "oversized", "fields", (0..<5_000).flatMap { [Array("f\($0)".utf8), [UInt8(ascii: "1")]] }),
                ("twice", "malformed", "data", [Array("data".utf8), Array("{}".utf8), Array("data".utf8), Array("{}".utf8)]),
                ("bytes", "malformed", "data", [Array("data".utf8), [0x7B, 0x22, 0xFF, 0xFE, 0x00, 0x22, 0x7D]]),
                ("deep", "malformed", "data", [Array("data".utf8), Array(nested.utf8)]),
                ("none", "malformed", "data", [Array("action".utf8), Array("open buy".utf8)]),
            ]
            var expected: [String: (reason: String, error: String, isExit: Bool)] = [:]
            for stream in [RedisStreams.Stream.signals, .requests, .jobs] {
                for kind in kinds {
                    let key = fleet.keys.stream(StreamPartition(stream, 0))
                    var command = RedisCommand("XADD", key, "*")
                    for field in kind.fields { command.append(field) }
                    let id = try await fleet.observer.send(command).checked().text ?? ""
                    expected["\(stream.rawValue) \(id)"] = (kind.reason, kind.error, kind.name != "none")
                }
            }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let box = DeadLetterBox(redis: fleet.observer, keys: fleet.keys)
            let letters = try await box.read()
            #expect(letters.count == expected.count)
            for letter in letters {
                let wanted = expected["\(letter.origin?.stream.rawValue ?? "") \(letter.entry)"]
                #expect(letter.reason == wanted?.reason)
                #expect(letter.isExit == wanted?.isExit)
                #expect(wanted.map { letter.error.contains($0.error) } == true, "\(letter.error)")
            }
            #expect(fleet.log.count("dead_letter.exit") == letters.count(where: \.isExit))
            let truth = try await fleet.truth()
            #expect(truth.results.map(\.outcome) == [.filled, .filled])
            #expect(truth.position(of: cast.followers[0].account, "BTC") == .zero)
            try await desk(fleet) { desk, _ in
                for letter in letters { await #expect(throws: DeadLetterDesk.Refusal.self) { try await desk.requeue(letter) } }
                for letter in letters {
                    guard case .done([]) = try await desk.drop(letter, reason: "garbage") else { Issue.record("\(letter.id) is not dropped"); continue }
                }
            }
            #expect(try await box.count() == 0)
            try await fleet.settled(signals: 2)
        }
    }
}
