import AuditTrail
import CopyTrading
import Foundation
import JSON
import Logging
import Postgres
import Redis
import RedisStreams
import Settings
import Testing

@testable import vibe

/// A healthy run upholds every invariant; each thing broken afterwards is caught by its own invariant, which names it.
@Suite struct ChaosCheckTests {
    private static let settings = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#
    private let cast = Cast([
        .init("s0", of: "leader", settings: settings), .init("s1", of: "leader", settings: settings),
        .init("off", of: "leader", settings: settings + ", state: paused"),
    ])

    /// Two workers one after the other, so that partitions have two epochs; everybody is flat in the end.
    private func healthyRun(_ fleet: Fleet) async throws {
        try await fleet.match()
        try await fleet.plan()
        try await fleet.audit()
        let first = try await fleet.work("work-1")
        try await fleet.live(try await fleet.ingest().ingestor)
        let signals = try await fleet.load(cycles: 2)
        try await fleet.settled(signals: signals)
        await first.stop()
        try await fleet.work("work-2")
        try await fleet.settled(signals: signals + (try await fleet.load(cycles: 2)))
        // every partition has its owner again
        try await fleet.eventually("work-2 owns all") { try await Set(fleet.owners("work", partitions: 4)) == ["work-2"] }
    }

    private func observations() -> ChaosObservations {
        var observations = ChaosObservations()
        observations.handOvers = [.init(cause: .stoppedIdle, partition: "work 00", took: .milliseconds(50), limit: .milliseconds(200))]
        observations.health = [.init(process: "work-2", at: 1, isGreen: true, couldProgress: true)]
        observations.usage = [.init(process: "work-2", memory: (100 << 20, 120 << 20), files: (30, 32))]
        observations.restAfter = .seconds(1)
        observations.otherAccounts = Set(cast.leaders.values)
        return observations
    }

    /// - Parameter ledger: the exchange's own when absent.
    private func check(
        _ fleet: Fleet, ledger: [JSON]? = nil, _ change: (inout ChaosObservations) -> Void = { _ in }
    ) async throws -> [InvariantVerdict] {
        let path = FileManager.default.temporaryDirectory.path + "/vibe-ledger-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = try ledger ?? fleet.exchange.ledgerLines()
        try lines.map { $0.text() + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
        var observations = observations()
        change(&observations)
        let settings = try Settings(environment: [
            "VIBE_REDIS_URL": fleet.redis.url, "VIBE_POSTGRES_URL": fleet.database,
            "VIBE_PARTITIONS_SIGNALS": "\(fleet.partitioning.signals)", "VIBE_PARTITIONS_ACCOUNTS": "\(fleet.partitioning.accounts)",
            "VIBE_RATE_SUBSCRIBER": "100/1s:200", "VIBE_RATE_ACCOUNT": "100/1s:200", "VIBE_RATE_EGRESS": "100/1s:300",
        ])
        return try await ChaosCheck.run(
            context: OperatorContext(settings: settings, keys: fleet.keys, logger: fleet.log.logger("check")), ledger: .file(path),
            observations: observations)
    }

    /// Exactly these invariants failed, and each finding list has one that names what was broken.
    private func expect(
        _ verdicts: [InvariantVerdict], failed: Invariant..., naming text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let broken = verdicts.filter { !$0.isUpheld }
        let told = ChaosVerdictText(verdicts: verdicts).rendered(for: Terminal(width: 200))
        #expect(Set(broken.map(\.invariant)) == Set(failed), "\(told)", sourceLocation: sourceLocation)
        for verdict in broken {
            #expect(verdict.findings.contains { $0.contains(text) }, "\(told)", sourceLocation: sourceLocation)
        }
    }

    private func expectHealthy(_ verdicts: [InvariantVerdict], sourceLocation: SourceLocation = #_sourceLocation) {
        let told = ChaosVerdictText(verdicts: verdicts).rendered(for: Terminal(width: 200))
        #expect(verdicts.map(\.invariant) == Invariant.allCases, sourceLocation: sourceLocation)
        #expect(verdicts.allSatisfy { $0.isUpheld && $0.looked > 0 }, "\(told)", sourceLocation: sourceLocation)
    }

    // MARK: - The exchange's ledger

    @Test("an order accepted twice, a lane out of order, an effect of a fenced epoch, an overdrawn bucket and an exit that did not get out")
    func ledger() async throws {
        try await Fleet.run(cast) { fleet in
            try await healthyRun(fleet)
            expectHealthy(try await check(fleet))
            let lines = try fleet.exchange.ledgerLines()
            let follower = cast.follower("s0").account
            let own = lines.indices.filter { lines[$0]["account"] == .string(follower) && lines[$0]["action"] == "order" }
            let lane = own.filter { lines[$0]["coin"] == "BTC" }
            try await breakOrder(fleet, lines, lane)
            try await breakFencing(fleet, lines, own)
            try await breakRatesAndExits(fleet, lines, lane, follower)
        }
    }

    private func breakOrder(_ fleet: Fleet, _ lines: [JSON], _ lane: [Int]) async throws {
        let cloid = try lines[lane[0]].string("cloid")
        var twice = lines
        twice.insert(lines[lane[0]], at: lane[0] + 1)
        expect(try await check(fleet, ledger: twice), failed: .oneOrder, naming: cloid)
        var swapped = lines
        swapped.swapAt(lane[0], lane[1])
        expect(try await check(fleet, ledger: swapped), failed: .laneOrder, naming: cloid)
    }

    /// The first worker's last order in a coin, put behind the second one's first order in the other.
    private func breakFencing(_ fleet: Fleet, _ lines: [JSON], _ own: [Int]) async throws {
        let (latest, earlier) = try await epochs(fleet)
        let cloids = own.map { (try? lines[$0].string("cloid")) ?? "" }
        let successor = try #require(zip(own, cloids).first { latest.contains($0.1) }?.0)
        let late = try #require(Array(zip(own, cloids)).last { earlier.contains($0.1) && lines[$0.0]["coin"] != lines[successor]["coin"] }?.0)
        var fenced = lines
        fenced.insert(lines[late], at: successor + 1)
        fenced.remove(at: late)
        expect(try await check(fleet, ledger: fenced), failed: .fencing, naming: try lines[late].string("cloid"))
    }

    private func breakRatesAndExits(_ fleet: Fleet, _ lines: [JSON], _ lane: [Int], _ follower: String) async throws {
        let hasty = (1...600).map { number in
            lines[lane[0]].with([
                "cloid": .string("0xf\(number)"), "nonce": .integer(number), "status": "iocCancelRejected", "totalSz": "0", "avgPx": .null,
                "positionAfter": .null, "fills": [],
            ])
        }
        expect(try await check(fleet, ledger: lines + hasty), failed: .rates, naming: "0xf")
        var held = lines
        held[lane[lane.count - 1]] = lines[lane[lane.count - 1]].with(["positionAfter": "0.02"])
        expect(try await check(fleet, ledger: held), failed: .exits, naming: "\(follower) BTC: 0.02 is held")
        let excused = try await check(fleet, ledger: held) { $0.excusedPositions = ["\(follower) BTC": "frozen"] }
        #expect(excused.allSatisfy { $0.isUpheld })
    }

    /// Cloids of s0 sent under its partition's latest epoch, and under the one before.
    private func epochs(_ fleet: Fleet) async throws -> (latest: Set<String>, earlier: Set<String>) {
        let results = try await fleet.truth().results(of: "s0:leader")
        let highest = try #require(results.flatMap(\.epochs).max())
        func cloids(_ isLatest: Bool) -> Set<String> {
            Set(results.filter { ($0.epochs.last == highest) == isLatest }.compactMap { $0.cloid?.text })
        }
        let (latest, earlier) = (cloids(true), cloids(false))
        #expect(results.allSatisfy { $0.epochs.count == 1 }, "every result names the epoch it was sent under")
        #expect(latest.count + earlier.count == 32 && latest.count >= 8 && earlier.count >= 8)
        return (latest, earlier)
    }

    // MARK: - What is on record

    @Test("a leg without its result, more jobs than legs, a second request, a row that is gone and a fill in no signal")
    func record() async throws {
        try await Fleet.run(cast) { fleet in
            try await healthyRun(fleet)
            expectHealthy(try await check(fleet))
            let truth = try await fleet.truth()

            let job = try #require(truth.jobs.values.first { $0.seq == 3 }).job
            try await without("kind = 'execution_jobs' AND job_id = '\(job.id)'", fleet) { verdicts in
                expect(verdicts, failed: .auditTrail, naming: "seq 3 is missing from the audit trail")
            }
            // of an order that was never sent: the exchange knows nothing of it
            let skipped = try #require(truth.results(of: "off:leader").first)
            try await without("kind = 'execution_results' AND job_id = '\(skipped.job)'", fleet) { verdicts in
                #expect(Set(verdicts.filter { !$0.isUpheld }.map(\.invariant)) == [.oneOutcome, .auditTrail])
                #expect(verdicts[0].count == 1 && verdicts[0].findings[0].contains("\(skipped.request)"))
            }

            try await withForged("job_id", ofCopy: "kind = 'execution_results' AND job_id = '\(skipped.job)'", fleet) { verdicts in
                #expect(verdicts[0].findings.contains { $0.contains("2 jobs for 1 legs (request \(skipped.request))") }, "\(verdicts[0].findings)")
            }
            try await withForged("request_id", ofCopy: "kind = 'execution_requests' AND request_id = '\(skipped.request)'", fleet) { verdicts in
                #expect(verdicts[0].findings.contains { $0.contains("subscription off:leader got 2 requests") }, "\(verdicts[0].findings)")
            }

            let made = truth.signals.flatMap { signal in
                Set([signal.firstFill, signal.lastFill]).sorted().map {
                    ChaosObservations.SourceFill(leader: "leader", coin: signal.coin.text, trade: $0, time: signal.lastFillTime)
                }
            }
            expectHealthy(try await check(fleet) { $0.source = made })
            expect(try await check(fleet) { $0.source = made.reversed() }, failed: .oneOutcome, naming: "its first fill is before the last one")
            // public trades that came later than those after them are told late; that the trail was changed for this is another finding
            try await fleet.postgresObserver.execute(script: """
                CREATE TABLE told AS SELECT * FROM audit_entries WHERE kind = 'influencer_signals';
                UPDATE audit_entries SET data = replace(data::text, '"tier":1', '"tier":2')::json WHERE kind = 'influencer_signals'
                """)
            expect(try await check(fleet) { $0.source = made.reversed() }, failed: .auditTrail, naming: "altered (payload_hash)")
            try await fleet.postgresObserver.execute(script: """
                UPDATE audit_entries SET data = told.data FROM told WHERE audit_entries.kind = told.kind AND audit_entries.stream = told.stream
                    AND audit_entries.seq = told.seq;
                DROP TABLE told
                """)
            let lost = ChaosObservations.SourceFill(leader: "leader", coin: "BTC", trade: -77, time: 5_000)
            expect(try await check(fleet) { $0.source = made + [lost] }, failed: .oneOutcome, naming: "fill -77 of leader in BTC is in no signal")
            try await fleet.postgresObserver.execute(
                """
                INSERT INTO leader_gaps (source, number, influencer, coin, from_ms, to_ms, reason, handled)
                VALUES ('test', 1, 'leader', 'BTC', 4000, 6000, 'fills_missing', 'resynchronised')
                """)
            expectHealthy(try await check(fleet) { $0.source = made + [lost] })
        }
    }

    /// Checks without some rows of the audit trail, and puts them back.
    private func without(_ condition: String, _ fleet: Fleet, _ body: ([InvariantVerdict]) throws -> Void) async throws {
        let database = fleet.postgresObserver
        try await database.execute(script: "CREATE TABLE kept AS SELECT * FROM audit_entries WHERE \(condition)")
        #expect(try await database.execute("DELETE FROM audit_entries WHERE \(condition)") == 1)
        let verdicts = try await check(fleet)
        try await database.execute(script: "INSERT INTO audit_entries SELECT * FROM kept; DROP TABLE kept")
        try body(verdicts)
        expectHealthy(try await check(fleet))
    }

    /// Checks with a copy of a row beside it that has another id, and takes it away.
    private func withForged(_ id: String, ofCopy condition: String, _ fleet: Fleet, _ body: ([InvariantVerdict]) throws -> Void) async throws {
        let database = fleet.postgresObserver
        try await database.execute(
            script: """
                CREATE TABLE forged AS SELECT * FROM audit_entries WHERE \(condition);
                UPDATE forged SET entry_seq = entry_seq + 1000, \(id) = 'forged';
                INSERT INTO audit_entries SELECT * FROM forged; DROP TABLE forged
                """)
        let verdicts = try await check(fleet)
        #expect(try await database.execute("DELETE FROM audit_entries WHERE \(id) = 'forged'") == 1)
        #expect(Set(verdicts.filter { !$0.isUpheld }.map(\.invariant)) == [.oneOutcome, .auditTrail])
        try body(verdicts)
        expectHealthy(try await check(fleet))
    }

    // MARK: - Redis

    @Test("a pending entry that a dead process holds, an attempt that is left, and a stream trimmed below what a group acknowledged")
    func redis() async throws {
        try await Fleet.run(cast) { fleet in
            try await healthyRun(fleet)
            expectHealthy(try await check(fleet))
            let index = fleet.partitioning.account(cast.follower("s0").account)
            let jobs = StreamPartition(.jobs, index)
            let key = fleet.keys.stream(jobs)

            let entry = try #require(try await send(fleet, "XRANGE", key, "-", "+", "COUNT", "1").array?.first?.array?.first?.text)
            _ = try await send(fleet, "XCLAIM", key, "worker", "dead-1", "0", entry, "FORCE", "JUSTID")
            expect(try await check(fleet), failed: .rest, naming: "\(jobs) worker: dead-1, which is not alive, holds 1 entries")
            _ = try await send(fleet, "XACK", key, "worker", entry)
            _ = try await send(fleet, "XGROUP", "DELCONSUMER", key, "worker", "dead-1")

            _ = try await send(fleet, "HSET", fleet.keys.attempts(index), "job", "{}")
            expect(try await check(fleet), failed: .rest, naming: fleet.keys.attempts(index))
            _ = try await send(fleet, "HDEL", fleet.keys.attempts(index), "job")
            expect(try await check(fleet) { $0.members = ["work-1"] }, failed: .rest, naming: "member")
            expectHealthy(try await check(fleet))

            // trimmed when all have acknowledged is right
            _ = try await send(fleet, "XTRIM", key, "MAXLEN", "1")
            expectHealthy(try await check(fleet))
            // as if the worker had not acknowledged one of those that are gone
            _ = try await send(fleet, "HINCRBY", fleet.keys.acknowledged, "\(jobs)|worker", "-1")
            expect(try await check(fleet), failed: .trimming, naming: "\(jobs): worker has not acknowledged 1")
        }
    }

    private func send(_ fleet: Fleet, _ parts: String...) async throws -> RedisValue {
        try await fleet.observer.send(RedisCommand(parts)).checked()
    }

    // MARK: - What was observed

    @Test("a slow take-over, health that does not tell the truth, memory that grew, rest that came late, and nothing observed at all")
    func observed() async throws {
        try await Fleet.run(cast) { fleet in
            try await healthyRun(fleet)
            expectHealthy(try await check(fleet))
            let slow = try await check(fleet) {
                $0.handOvers.append(.init(cause: .killed, partition: "work 03", took: .seconds(40), limit: .seconds(4)))
            }
            expect(slow, failed: .recovery, naming: "work 03, killed: went on after 40.0 s")
            let mute = try await check(fleet) { $0.health.append(.init(process: "plan-1", at: 1, isGreen: true, couldProgress: false)) }
            expect(mute, failed: .health, naming: "plan-1")
            let grown = try await check(fleet) { $0.usage[0].memory.after = 300 << 20 }
            expect(grown, failed: .rest, naming: "work-2")
            let late = try await check(fleet) { $0.restAfter = .seconds(61) }
            expect(late, failed: .rest, naming: "rest came")

            let blind = try await check(fleet) { $0.health = [] }
            #expect(blind.filter { !$0.isUpheld }.map(\.invariant) == [.health])
            #expect(blind.first { $0.invariant == .health }?.lookedAtNothing == true)
            let excused = try await check(fleet) {
                $0.health = []
                $0.required.remove(.health)
            }
            #expect(excused.allSatisfy { $0.isUpheld })
        }
    }
}

extension JSON {
    /// The object with other values for some members.
    fileprivate func with(_ values: [String: JSON]) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.map { Member($0.name, values[$0.name] ?? $0.value) })
    }
}
