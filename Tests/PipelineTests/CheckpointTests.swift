import AuditTrail
import CopyTrading
import JSON
import Postgres
import Redis
import RedisStreams
import TestServers
import Testing

@testable import Recovery

/// Checkpoints: a recovery that begins with one does the same as one that reads all of the trail.
@Suite(.serialized) struct CheckpointTests {
    private static func server() async throws -> PrivateRedis {
        try await BlockingCalls.run {
            try await PrivateRedis(settings: ["--appendonly", "yes", "--maxmemory-policy", "noeviction", "--enable-debug-command", "yes"])
        }
    }

    private static let cast = Cast(leaders: ["leader", "other"], [
        Cast.Follower("a", of: "leader", "other", settings: #"sizing: {mode: ratio, ratio: "0.1"}"#, account: "sharing: sleeves"),
        Cast.Follower("b", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.2"}"#),
        Cast.Follower("c", of: "other", settings: #"sizing: {mode: fixed_notional, notional: "1000"}"#),
    ])

    @Test("from any checkpoint, whatever part of the trail is on record after it, the same is read as from all of the trail", .timeLimit(.minutes(10)))
    func same() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Self.cast, redis: redis) { fleet in
            try await fleet.startAll()
            let keeper = fleet.checkpoints()
            var taken: [(name: String, marks: [String: AuditEntryID])] = []
            var unfinished = 0
            var signals = 0
            for round in 0..<6 {
                // while it trades, so that there is something under way
                async let outcome = keeper.take()
                async let load = fleet.load(round.isMultiple(of: 2) ? "leader" : "other", cycles: 2, pause: .milliseconds(1))
                let (stored, made) = try await (outcome, load)
                signals += made
                #expect(stored == .stored)
                // positions stay, too
                try await fleet.exchange.trade("leader", "SOL", round.isMultiple(of: 2) ? .buy : .sell, "10")
                signals += 1
                let checkpoint = try #require(try await fleet.checkpoint())
                unfinished += checkpoint.marks.reduce(0) { $0 + $1.pending.count + ($1.delivered < $1.last ? 1 : 0) }
                taken.append(("c\(round)", Dictionary(uniqueKeysWithValues: checkpoint.marks.map { (fleet.keys.stream($0.partition), $0.last) })))
                try await fleet.postgresObserver.execute("CREATE TABLE cell_checkpoints_c\(round) AS SELECT * FROM cell_checkpoints")
            }
            #expect(unfinished > 0, "some of them were taken in the middle of it")
            try await fleet.settled(signals: signals, within: .seconds(60))
            try await fleet.verify()
            try await fleet.endRoles()
            try await fleet.saveTrail(as: "whole")
            for (name, marks) in taken {
                for seed in 1...4 {
                    try await fleet.restoreTrail("whole", only: ["audit_entries", "audit_watermarks"])
                    try await fleet.restoreTrail(name, only: ["cell_checkpoints"])
                    // all of it, the first time
                    if seed > 1 { try await fleet.forget(seed: UInt64(seed), above: marks) }
                    let short = try await fleet.recovery().plan()
                    #expect(short.checkpoint != nil)
                    try await fleet.postgresObserver.execute("DELETE FROM cell_checkpoints")
                    let long = try await fleet.recovery().plan()
                    #expect(long.checkpoint == nil)
                    for (short, long) in zip(Self.lines(short), Self.lines(long)) { #expect(short == long, "\(name), seed \(seed)") }
                }
            }
        }
    }

    @Test("a checkpoint that knows more than the trail is not used, and one of another past is not taken")
    func refused() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Self.cast, redis: redis) { fleet in
            try await fleet.startAll()
            let keeper = fleet.checkpoints()
            let signals = try await fleet.load(cycles: 2)
            try await fleet.settled(signals: signals)
            #expect(try await keeper.take() == .stored)
            #expect(try await fleet.recovery().plan().checkpoint != nil)
            try await fleet.endRoles()
            try await fleet.saveTrail(as: "whole")
            try await fleet.forget(seed: 3)
            #expect(try await fleet.recovery().plan().checkpoint == nil, "the trail is an older one")
            try await fleet.restoreTrail("whole")
            try await fleet.postgresObserver.execute("UPDATE cell_checkpoints SET data = '{}' WHERE part = 'leaders'")
            let doubtful = try await fleet.recovery().plan()
            #expect(doubtful.checkpoint == nil)
            #expect(doubtful.doubts.map { $0.prefix(29) } == ["the checkpoint cannot be read"])
            try await fleet.restoreTrail("whole")
            let before = try await fleet.checkpoint()?.takenAt

            // Redis as it was before what is on record
            let stream = fleet.keys.stream(StreamPartition(.results, fleet.partitioning.account(fleet.cast.follower("b").account)))
            let length = try await fleet.observer.send(RedisCommand("XLEN", stream)).checked().integer
            #expect(length ?? 0 > 0)
            _ = try await fleet.observer.send(RedisCommand("RENAME", stream, "elsewhere")).checked()
            #expect(try await keeper.take() == .skipped("\(try fleet.name(of: stream)) or its group is not in Redis"))
            _ = try await fleet.observer.send(RedisCommand("XGROUP", "CREATE", stream, "audit", "0", "MKSTREAM")).checked()
            #expect(try await keeper.take() == .skipped("\(try fleet.name(of: stream)) in Redis is behind what is on record"))
            _ = try await fleet.observer.send(RedisCommand("DEL", stream)).checked()
            _ = try await fleet.observer.send(RedisCommand("RENAME", "elsewhere", stream)).checked()
            _ = try await fleet.observer.send(RedisCommand("HSET", fleet.keys.cellRecord, "incarnation", "another")).checked()
            #expect(try await keeper.take() == .skipped("the cell is halted, or was recovered meanwhile"))
            #expect(try await fleet.checkpoint()?.takenAt == before, "the one before stays")
        }
    }

    @Test("after a recovery none is taken until what was under way is finished, and the next loss is recovered from it")
    func afterRecovery() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Self.cast, redis: redis) { fleet in
            try await fleet.startAll()
            let keeper = fleet.checkpoints()
            var signals = try await fleet.load(cycles: 2)
            try await fleet.settled(signals: signals)
            #expect(try await keeper.take() == .stored)
            signals += try await fleet.load("other", cycles: 2)
            try await fleet.settled(signals: signals)
            try await fleet.endRoles()
            // jobs whose results are not on record are delivered again
            try await fleet.postgresObserver.execute("DELETE FROM audit_entries WHERE kind = 'execution_results' AND entry_ms > (SELECT max(taken_ms) FROM cell_checkpoints)")
            try await fleet.rewindWatermarks()
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            let plan = try await fleet.recovery().run()
            #expect(plan.checkpoint != nil)
            #expect(plan.counts(.jobs).again > 0)
            guard case .skipped(let reason) = try await keeper.take() else { Issue.record("a checkpoint was taken"); return }
            #expect(reason.contains("is not done with what was under way when Redis was lost"))
            try await fleet.startFollowers()
            try await fleet.live(try await fleet.ingest("ingest-2").ingestor)
            try await fleet.settled(signals: signals, within: .seconds(60))
            #expect(try await keeper.take() == .stored)
            let truth = try await fleet.verify()
            #expect(truth.sleeves.isEmpty, "the leaders are flat")

            // and once more
            signals += try await fleet.load(cycles: 1)
            try await fleet.settled(signals: signals)
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            try await fleet.eventually("it is noticed", within: .seconds(20)) { fleet.log.count("cell.halted") > 0 }
            #expect(try await fleet.recovery().run().checkpoint != nil)
            signals += try await fleet.load(cycles: 1)
            try await fleet.settled(signals: signals, within: .seconds(60))
            try await fleet.verify()
        }
    }

    @Test("after a recovery that delivered again what was not its stream's last, one is taken as soon as that is finished, and from it nothing comes again")
    func notItsLast() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(1), partitioning: Partitioning(signals: 1, accounts: 1), redis: redis) { fleet in
            try await fleet.startAll()
            for (index, coin) in ["BTC", "ETH"].enumerated() {
                try await fleet.exchange.trade("leader", coin, .buy, "1")
                try await fleet.settled(signals: index + 1)
            }
            try await fleet.endRoles()
            // as if the later job had been answered first
            #expect(try await fleet.postgresObserver.execute("DELETE FROM audit_entries WHERE kind = 'execution_results' AND coin = 'BTC'") == 1)
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            #expect(try await fleet.recovery().run().counts(.jobs).again == 1)
            let keeper = fleet.checkpoints()
            guard case .skipped = try await keeper.take() else { Issue.record("a checkpoint was taken"); return }
            try await fleet.startFollowers()
            try await fleet.settled(signals: 2, within: .seconds(60))
            #expect(try await keeper.take() == .stored)
            let plan = try await fleet.recovery().plan()
            #expect(plan.checkpoint != nil)
            #expect(plan.counts(.jobs) == (2, 0, 0))
        }
    }

    @Test("none is stored when Redis was started anew while it was waited for the trail: what the lost end had finished is under way again")
    func restarted() async throws {
        let redis = try await BlockingCalls.run { try await PrivateRedis(settings: PrivateRedis.standard + ["--appendfsync", "always"]) }
        let settings = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#
        // of one account's partition: the planner answers for the one that was paused, and so the stream of results goes on without a worker
        let cast = Cast([.init("a", of: "leader", settings: settings), .init("off", of: "leader", settings: settings + ", state: paused")])
        try await Fleet.run(cast, partitioning: Partitioning(signals: 1, accounts: 1), redis: redis) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1, groups: ["matcher", "planner"])
            try await BlockingCalls.run { try redis.copyFiles() }
            let worker = try await fleet.work()
            try await fleet.settled(signals: 1, groups: ["worker"])
            await worker.stop()
            #expect(try await fleet.added(.results) == 2)

            async let outcome = fleet.checkpoints().take()
            // by then it has its pictures, in which the job is done, and looks how far the trail is
            try await Task.sleep(for: .seconds(1))
            try await BlockingCalls.run {
                redis.kill()
                try redis.putCopyBack()
                try redis.repair()
                try redis.start()
            }
            try await fleet.eventually("Redis is back") { (try? await fleet.observer.send(RedisCommand("PING")).checked()) != nil }
            try await fleet.audit()
            // the trail gets past all that was in the streams; what was known before not to be copied has nothing to exit
            try await fleet.exchange.trade("leader", "BTC", .sell, "0.5")
            let answer = try await outcome
            #expect(answer == .skipped("Redis was started anew meanwhile, or does not say whether it was"))
            #expect(try await fleet.checkpoint() == nil)
            try await fleet.settled(signals: 2, groups: ["matcher", "planner", "audit"])
            #expect(fleet.log.count("cell.halted") == 0)
            #expect(try await fleet.recovery().plan().counts(.jobs).again == 2, "neither job is taken for done")
        }
    }

    /// All that a plan would write, a line each, for comparison.
    private static func lines(_ plan: RecoveryPlan) -> [String] {
        func sorted<Value>(_ items: [Int: [String: Value]]) -> String {
            items.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
                .map { "\($0.key): " + $0.value.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") }.joined(separator: "; ")
        }
        func sets(_ items: [Int: some Collection<String>]) -> String {
            items.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { "\($0.key): \(Set($0.value).sorted())" }.joined(separator: "; ")
        }
        var lines = plan.streams.sorted { $0.partition.name < $1.partition.name }.map { part in
            "\(part.partition) \(part.lastID) \(part.lastNumber) again \(part.again.map(\.id)) missing "
                + "\(part.missing.map { "\($0.emission.fields.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" }) \($0.configVersion ?? 0)" }.sorted())"
        }
        lines.append("fanouts \(sorted(plan.fanouts))")
        lines.append("undecided \(sorted(plan.undecided))")
        lines.append("seen \(plan.seen.mapValues { $0.sorted() }.sorted { $0.key < $1.key })")
        lines.append("requests \(plan.knownRequests.sorted())")
        lines.append("legs \(sets(plan.knownLegs))")
        lines.append("decisions \(sorted(plan.decisions))")
        lines.append("answered \(sets(plan.answered))")
        lines.append("sleeves \(sorted(plan.sleeves.mapValues { $0.mapValues { $0.json.text() } }))")
        lines.append("lifecycles \(sorted(plan.lifecycles.mapValues { $0.mapValues { $0.json.text() } }))")
        lines.append("emitted \(sets(plan.emitted))")
        lines.append("cursors \(sorted(plan.cursors.mapValues { $0.mapValues { $0.json.text() } }))")
        lines.append("doubts \(plan.doubts)")
        return lines
    }
}

extension Fleet {
    fileprivate func checkpoint() async throws -> Checkpoint? {
        let marks = try await AuditReader(postgresObserver).watermarks(keys.key("")).mapValues(\.last)
        return try await Checkpoint.load(keys, partitioning, watermarks: marks, from: postgresObserver)
    }

    /// `execution_jobs:03` of a key.
    fileprivate func name(of stream: String) throws -> String { String(stream.dropFirst(keys.key("").count)) }

    /// The watermarks as the rows are that are left.
    fileprivate func rewindWatermarks() async throws {
        try await postgresObserver.execute(
            """
            UPDATE audit_watermarks AS mark SET last_entry_ms = coalesce(left_over.entry_ms, 0), last_entry_seq = coalesce(left_over.entry_seq, 0),
                last_seq = left_over.seq, chain = coalesce(left_over.chain, decode(repeat('00', 32), 'hex'))
            FROM audit_watermarks AS known LEFT JOIN (
                SELECT DISTINCT ON (stream) stream, entry_ms, entry_seq, seq, chain FROM audit_entries ORDER BY stream, entry_ms DESC, entry_seq DESC
            ) AS left_over USING (stream) WHERE known.stream = mark.stream
            """)
    }
}
