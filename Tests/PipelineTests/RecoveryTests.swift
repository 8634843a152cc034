import AuditTrail
import CopyTrading
import Postgres
import Recovery
import Redis
import RedisStreams
import TestServers
import Testing

@testable import Pipeline

/// A Redis that is lost under load: noticed, the cell halts, it is rebuilt from Postgres, and what was under way is carried out once.
@Suite(.serialized) struct RecoveryTests {
    private static let settings = [
        "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--enable-debug-command", "yes",
    ]

    enum Loss: String, CaseIterable, CustomStringConvertible {
        case emptied, restartedEmpty, tailCut, olderCopy, groupGone
        var description: String { rawValue }
    }

    private static func server() async throws -> PrivateRedis {
        try await BlockingCalls.run { try await PrivateRedis(settings: settings) }
    }

    @Test("Redis lost under load: the cell halts, nothing is sent, a recovery rebuilds it, and everything is copied once", arguments: Loss.allCases)
    func loss(_ loss: Loss) async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(4), redis: redis) { fleet in
            try await fleet.startAll()
            if loss == .olderCopy {
                try await fleet.load(cycles: 1)
                try await BlockingCalls.run { try redis.copyFiles() }
            }
            let before = loss == .olderCopy ? 8 : 0
            async let load = fleet.load(cycles: 8, pause: .milliseconds(60))
            try await fleet.eventually("results are on record") { try await fleet.recorded(.results) > 60 }
            // under load, so that the recovery begins in the middle of it
            if loss != .emptied { #expect(try await fleet.checkpoints().take() == .stored) }
            switch loss {
            case .groupGone:
                for partition in 0..<fleet.partitioning.accounts {
                    let stream = fleet.keys.stream(StreamPartition(.jobs, partition))
                    _ = try await fleet.observer.send(RedisCommand("XGROUP", "DESTROY", stream, "worker")).checked()
                }
            case .emptied: _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            case .restartedEmpty, .tailCut, .olderCopy:
                try await BlockingCalls.run {
                    redis.kill()
                    switch loss {
                    case .tailCut: try redis.cutTail(bytes: 200_000)
                    case .olderCopy: try redis.putCopyBack()
                    default: try redis.dropFiles()
                    }
                    if loss != .restartedEmpty { try redis.repair() }
                    try redis.start()
                }
            }
            try await fleet.redisIsBack()
            try await fleet.eventually("all processes have noticed") { fleet.log.count("cell.halted") >= 5 }
            try await fleet.noLeaseIsHeld()
            // what was on its way may still arrive
            try await Task.sleep(for: .milliseconds(500))
            let orders = try fleet.exchange.ledger().count(where: \.isOrder)
            let signals = try await load + before
            // longer than any lease and any wait for one
            try await Task.sleep(for: .seconds(2))
            #expect(try fleet.exchange.ledger().count(where: \.isOrder) == orders, "a halted cell sends nothing")
            try await fleet.noLeaseIsHeld()

            #expect((try await fleet.recovery().run().checkpoint != nil) == (loss != .emptied))
            try await fleet.settled(signals: signals, within: .seconds(60))
            let truth = try await fleet.verify()
            #expect(truth.signals.count == signals)
            #expect(truth.sleeves.isEmpty, "the leader is flat")
            #expect(truth.deadLetters.isEmpty)
            // what the leader did from then on is copied as if nothing had been
            let more = try await fleet.load(cycles: 1)
            try await fleet.settled(signals: signals + more, within: .seconds(30))
            try await fleet.verify()
        }
    }

    @Test("whatever part of each stream is on record, a recovery sends no order again and answers every pair once", arguments: 1...6)
    func partlyOnRecord(seed: Int) async throws {
        let redis = try await Self.server()
        let cast = Cast(leaders: ["leader", "other"], [
            Cast.Follower("a", of: "leader", "other", settings: #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 2000}"#, account: "sharing: sleeves"),
            Cast.Follower("b", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.2"}, limits: {entry_expiry_ms: 2000}"#),
            Cast.Follower("c", of: "other", settings: #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 2000}"#),
        ])
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.startAll()
            for (leader, coin, side, size) in [
                ("leader", "BTC", Side.buy, "1"), ("other", "ETH", .sell, "10"), ("leader", "BTC", .buy, "0.5"), ("leader", "BTC", .sell, "2.5"),
                ("other", "ETH", .buy, "4"), ("leader", "SOL", .buy, "100"), ("leader", "BTC", .buy, "0.4"), ("other", "BTC", .buy, "0.3"),
                // closes a's short half against what it holds for the other: two orders
                ("leader", "BTC", .buy, "0.6"),
            ] {
                try await fleet.exchange.trade(leader, coin, side, size)
                try await Task.sleep(for: .milliseconds(30))
            }
            try await fleet.settled(signals: 9)
            let undisturbed = try await fleet.verify()
            try await fleet.endRoles()

            try await fleet.forget(seed: UInt64(seed))
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            // entries of before are too old to be sent by now
            try await Task.sleep(for: .seconds(2))
            try await fleet.recovery().run()
            try await fleet.startFollowers()
            try await fleet.live(try await fleet.ingest("ingest-2").ingestor)
            try await fleet.settled(signals: 9, within: .seconds(40))
            let truth = try await fleet.verify()
            #expect(truth.ledger.filter(\.isOrder).map(\.cloid) == undisturbed.ledger.filter(\.isOrder).map(\.cloid), "no order is sent again")
            #expect(truth.sleeves.mapValues(\.position) == undisturbed.sleeves.mapValues(\.position))
            #expect(Set(truth.signals.map(\.id)) == Set(undisturbed.signals.map(\.id)))

            // exits find what they are to close
            for (leader, coin, side, size) in [
                ("leader", "SOL", Side.sell, "100"), ("other", "ETH", .buy, "6"), ("other", "BTC", .sell, "0.3"),
            ] { try await fleet.exchange.trade(leader, coin, side, size) }
            try await fleet.settled(signals: 12, within: .seconds(30))
            #expect(try await fleet.verify().sleeves.isEmpty)
        }
    }

    @Test("a clock that was ahead when Redis was lost keeps no auditor from the trail afterwards")
    func epochsOfTheFuture() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(1), redis: redis) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.endRoles()
            _ = try await fleet.postgresObserver.query("UPDATE audit_watermarks SET epoch = epoch + 600000")
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            try await fleet.recovery().run()
            try await fleet.startFollowers()
            try await fleet.live(try await fleet.ingest("ingest-2").ingestor)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2, within: .seconds(30))
            try await fleet.verify()
        }
    }

    @Test("an auditor whose lease began while the clock was ahead writes nothing after a recovery, nor after a restart", arguments: [true, false])
    func fencedAheadOfTime(isLost: Bool) async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(1), redis: redis) { fleet in
            for partition in 0..<fleet.partitioning.accounts {
                let lease = fleet.keys.lease("audit", Stage.audit(fleet.partitioning).partitionNames[partition])
                let ahead = try await fleet.observer.serverMilliseconds() + 5_000_000
                _ = try await fleet.observer.send(RedisCommand("HSET", lease, "epoch", "\(ahead)")).checked()
            }
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.endRoles()
            let row = try #require(
                try await fleet.postgresObserver.query("SELECT stream, epoch FROM audit_watermarks ORDER BY epoch DESC LIMIT 1").first)
            let (stream, epoch) = (try row.text("stream"), try row.integer("epoch"))
            #expect(epoch > (try await fleet.observer.serverMilliseconds()) + 4_000_000)
            // a lost Redis tells nothing of leases that were taken after the one that wrote last
            if isLost {
                _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
                try await fleet.recovery().run()
            } else {
                try await BlockingCalls.run {
                    redis.kill()
                    try redis.start()
                }
                try await fleet.redisIsBack()
                #expect(try await fleet.recovery().reason() == nil)
            }
            let late = AuditEntry(stream: stream, entryMilliseconds: epoch + 9_000_000, entrySequence: 0, texts: [("data", "{}")])
            await #expect(throws: AuditError.fenced(streams: [stream])) {
                try await AuditWriter(fleet.postgresObserver).write(stream: stream, epoch: isLost ? epoch + 20 : epoch, entries: [late])
            }
            try await fleet.startFollowers()
            try await fleet.live(try await fleet.ingest("ingest-2").ingestor)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2, within: .seconds(30))
            try await fleet.verify()
        }
    }

    @Test("an auditor that the trail takes for replaced gives the streams up and takes them anew, until it is taken for the newest")
    func auditorFenced() async throws {
        try await Fleet.run(Cast.alike(1)) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            _ = try await fleet.postgresObserver.query("UPDATE audit_watermarks SET epoch = epoch + 3")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2, within: .seconds(30))
            try await fleet.verify()
        }
    }

    @Test("dead letters that nobody has decided about wait again after a recovery, those that were decided about do not")
    func deadLetters() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(1), redis: redis) { fleet in
            try await fleet.startAll()
            let jobs = fleet.keys.stream(StreamPartition(.jobs, 0))
            // the second is no UTF-8, and waits as it came
            for data in [[0x7B], [0x5B, 0xFF, 0x5D]] as [[UInt8]] {
                var command = RedisCommand("XADD", jobs, "*", "data")
                command.append(data)
                _ = try await fleet.observer.send(command).checked()
            }
            let box = DeadLetterBox(redis: fleet.observer, keys: fleet.keys)
            try await fleet.eventually("both are put aside") { try await box.count() == 2 }
            try await fleet.settled(signals: 0)
            let letters = try await box.read()
            let client = fleet.client()
            let answer = try await fleet.desk(box, client).drop(letters[0], reason: "a test")
            await client.shutdown()
            guard case .done = answer else { Issue.record("not dropped: \(answer)"); return }
            try await fleet.eventually("the decision is on record") {
                try await fleet.postgresObserver.query("SELECT FROM audit_entries WHERE kind = 'interventions'").count == 1
            }
            try await fleet.endRoles()
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            try await fleet.recovery().run()
            let waiting = try await box.read()
            #expect(waiting.map(\.id) == [letters[1].id])
            #expect(waiting.first?.original.map(\.value) == [[0x5B, 0xFF, 0x5D]])
        }
    }

    @Test(
        "an earlier state of Redis that nothing on record contradicts: no halt, orders that it knows nothing of are found behind any lost attempts",
        arguments: [0, 4])
    func unnoticed(lostAttempts: Int) async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(3), redis: redis) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            if lostAttempts > 0 { proxy.spoil(.resetBefore, times: 3 * lostAttempts) }
            try await fleet.match()
            try await fleet.plan()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1, groups: ["matcher", "planner"])
            try await BlockingCalls.run { try redis.copyFiles() }
            try await fleet.work("work-1", .init(url: proxy.url, timeout: .milliseconds(1_500)))
            try await fleet.settled(signals: 1, groups: ["worker"])
            let orders = try fleet.exchange.ledger().count(where: \.isOrder)
            #expect(orders == 3)
            #expect(proxy.spoiled == 3 * lostAttempts)

            try await BlockingCalls.run {
                redis.kill()
                try redis.putCopyBack()
                try redis.repair()
                try redis.start()
            }
            try await fleet.redisIsBack()
            #expect(try await fleet.added(.results) == 0, "Redis knows of no order")
            try await fleet.eventually("the orders are found") { fleet.log.count("attempt.found") == 3 }
            try await fleet.audit()
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.ledger.count(where: \.isOrder) == 6)
            #expect(truth.others(.filled).isEmpty)
            #expect(truth.sleeves.isEmpty)
            #expect(fleet.log.count("cell.halted") == 0)
            #expect(truth.results.map(\.attempts).max() ?? 0 > lostAttempts)
            await proxy.stop()
        }
    }

    @Test("Redis started again with all its data: no halt, and the fleet goes on by itself")
    func cleanRestart() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(3), redis: redis) { fleet in
            try await fleet.startAll()
            async let load = fleet.load(cycles: 5, pause: .milliseconds(50))
            try await fleet.eventually("orders flow") { try await fleet.added(.results) > 20 }
            try await BlockingCalls.run {
                redis.kill()
                try redis.repair()
                try redis.start()
            }
            try await fleet.redisIsBack()
            try await fleet.settled(signals: try await load, within: .seconds(40))
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            #expect(fleet.log.count("cell.halted") == 0)
            #expect(fleet.log.count("lease.void") > 0, "what was remembered is void")
        }
    }

    @Test("a recovery that ends at any point leaves the cell halted, and the next one does it all")
    func interrupted() async throws {
        struct Ended: Error {}
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(3), redis: redis) { fleet in
            let signals = try await fleet.emptied()
            for last in Recovery.Step.allCases {
                await #expect(throws: Ended.self) { try await fleet.recovery().run(at: { if $0 == last { throw Ended() } }) }
                try await Task.sleep(for: .milliseconds(300))
                try await fleet.noLeaseIsHeld()
                #expect(try await fleet.recovery().reason() != nil, "halted after \(last)")
            }
            try await fleet.recovery().run()
            await #expect(throws: Recovery.Fault.self) { try await fleet.recovery().run() }
            let more = try await fleet.load(cycles: 1)
            try await fleet.settled(signals: signals + more, within: .seconds(30))
            try await fleet.verify()
        }
    }

    @Test("a recovery whose connection to Postgres is lost, and its lock with it, goes no further and leaves the cell halted")
    func lockLost() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(3), redis: redis) { fleet in
            let signals = try await fleet.emptied()
            let probe = fleet.keys.sleeves(0)
            _ = try await fleet.observer.send(RedisCommand("HSET", probe, "probe", "{}")).checked()
            for last in Recovery.Step.allCases {
                await #expect(throws: (any Error).self, "ended after \(last)") {
                    try await fleet.recovery().run(at: { step in
                        guard step == last else { return }
                        _ = try await fleet.postgresObserver.query(
                            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'recover' AND datname = current_database()")
                    })
                }
                #expect(try await fleet.recovery().reason() != nil, "halted after \(last)")
                if last == .read { #expect(try await fleet.observer.send(RedisCommand("EXISTS", probe)).checked().integer == 1, "nothing was deleted") }
            }
            try await fleet.recovery().run()
            let more = try await fleet.load(cycles: 1)
            try await fleet.settled(signals: signals + more, within: .seconds(30))
            try await fleet.verify()
        }
    }

    @Test("a leader's fills are read again from before its last signal, and without one from when it was followed, whatever others did since")
    func readAgain() async throws {
        let redis = try await Self.server()
        // of one partition: what is on record of one leader says how far the stream is on record
        let cast = Cast(leaders: ["leader", "other"], [
            .init("a", of: "leader", "other", settings: #"sizing: {mode: ratio, ratio: "0.1"}"#, account: "sharing: sleeves")
        ])
        try await Fleet.run(cast, partitioning: Partitioning(signals: 1, accounts: 4), redis: redis) { fleet in
            let followed = try #require(try await fleet.followedSince()["other"])
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.endRoles()
            let plan = try await fleet.recovery().plan()
            let cursors = plan.cursors.values.reduce(into: [:]) { $0.merge($1) { $1 } }
            #expect(cursors["other"]?.resumeFrom == followed)
            let leader = try #require(cursors["leader"])
            let last = try #require(leader.marks["BTC"]?.time)
            #expect(try #require(leader.resumeFrom) < last)
        }
    }

    @Test("what would be written is shown without changing anything")
    func dryRun() async throws {
        let redis = try await Self.server()
        try await Fleet.run(Cast.alike(3), redis: redis) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.endRoles()
            // keys that live for milliseconds are gone
            try await Task.sleep(for: .seconds(1))
            let before = try await fleet.observer.send(RedisCommand("DEBUG", "DIGEST")).checked().text
            let plan = try await fleet.recovery().plan()
            #expect(plan.counts(.signals) == (1, 0, 0))
            #expect(plan.counts(.results) == (3, 0, 0))
            #expect(plan.sleeveCount == 3)
            #expect(plan.lifecycleCount == 3)
            #expect(plan.leaderCount == 1)
            #expect(plan.doubts.isEmpty)
            #expect(try await fleet.observer.send(RedisCommand("DEBUG", "DIGEST")).checked().text == before)
            #expect(try await fleet.recovery().reason() == nil)
        }
    }

    @Test("a signal from before anybody followed its leader is not fanned out by a recovery to those who do now")
    func followedSince() async throws {
        let redis = try await Self.server()
        let cast = Cast(leaders: ["leader", "other"], [.init("a", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.1"}"#)])
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.exchange.trade("other", "ETH", .buy, "1")
            try await fleet.settled(signals: 2)
            var later = cast
            later.followers.append(.init("b", of: "other", settings: #"sizing: {mode: ratio, ratio: "0.1"}"#))
            try await fleet.apply(later.configuration())
            try await fleet.endRoles()
            let plan = try await fleet.recovery().plan()
            #expect(plan.counts(.signals) == (2, 0, 0))
            #expect(plan.counts(.requests) == (1, 0, 0))
            #expect(plan.leaderCount == 2)
        }
    }

    @Test(
        "a request whose decision is not on record ends without an order when a later one has one, and what that opened is left alone",
        arguments: [3, 1])
    func passedByAnOrder(requestsOnRecord: Int) async throws {
        let redis = try await Self.server()
        let cast = Cast.alike(1, #"sizing: {mode: ratio, ratio: "0.1"}, filters: {direction: long}, limits: {entry_expiry_ms: 60000}"#)
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.startAll()
            // a short position, which is not copied, and a long one
            for (index, side) in [Side.sell, .buy, .buy].enumerated() {
                try await fleet.exchange.trade("leader", "BTC", side, "1")
                try await fleet.settled(signals: index + 1)
            }
            let undisturbed = try await fleet.verify()
            try await fleet.endRoles()
            let index = fleet.partitioning.account(cast.followers[0].account)
            try await fleet.forget(StreamPartition(.requests, index), after: requestsOnRecord)
            try await fleet.forget(StreamPartition(.results, index), after: 1)
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            try await fleet.recovery().run()
            try await fleet.startFollowers()
            try await fleet.live(try await fleet.ingest("ingest-2").ingestor)
            try await fleet.settled(signals: 3, within: .seconds(40))
            let truth = try await fleet.verify()
            #expect(truth.outcomes() == [.filterSide, .noPosition, .filled])
            #expect(truth.ledger.filter(\.isOrder).map(\.cloid) == undisturbed.ledger.filter(\.isOrder).map(\.cloid))
            #expect(truth.position(of: cast.followers[0].account, "BTC") == Size(e8: 10_000_000))

            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 4)
            #expect(try await fleet.verify().sleeves.isEmpty)
        }
    }

    @Test("a close whose order is not on record is asked for, although a later entry that was skipped has left another life, which stays")
    func passedByASkip() async throws {
        let redis = try await Self.server()
        let cast = Cast.alike(1, #"sizing: {mode: ratio, ratio: "0.1"}, filters: {direction: long}, limits: {entry_expiry_ms: 60000}"#)
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.match()
            try await fleet.plan()
            let worker = try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            await worker.stop()
            for signals in 2...3 {
                try await fleet.exchange.trade("leader", "BTC", .sell, "1")
                try await fleet.settled(signals: signals, groups: ["matcher", "planner"])
            }
            #expect(try await fleet.added(.results) == 2, "the planner has answered the short entry")
            try await fleet.work("work-2")
            try await fleet.settled(signals: 3)
            let undisturbed = try await fleet.verify()
            #expect(undisturbed.outcomes() == [.filled, .filled, .filterSide])
            try await fleet.endRoles()
            // the close is in neither
            let index = fleet.partitioning.account(cast.followers[0].account)
            try await fleet.forget(StreamPartition(.jobs, index), after: 1)
            try await fleet.forget(StreamPartition(.results, index), after: 2)
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            try await fleet.recovery().run()
            try await fleet.startFollowers()
            try await fleet.live(try await fleet.ingest("ingest-2").ingestor)
            try await fleet.settled(signals: 3, within: .seconds(40))
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            #expect(truth.outcomes() == [.filled, .filled, .filterSide, .noPosition])
            #expect(truth.ledger.filter(\.isOrder).map(\.cloid) == undisturbed.ledger.filter(\.isOrder).map(\.cloid))
            #expect(truth.jobs.count == 2, "the planner knows that the short position was not copied")
            #expect(truth.sleeves.isEmpty)
        }
    }

    @Test(
        "an exit of the worker's own making that went with Redis is found, put on record, and not made again",
        arguments: [true, false], [true, false])
    func ownExit(leaderCloses: Bool, isJobOnRecord: Bool) async throws {
        let redis = try await Self.server()
        let cast = Cast.alike(1)
        let account = cast.followers[0].account
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.closeByItself(account)
            let undisturbed = try await fleet.verify()
            try await fleet.endRoles()
            let index = fleet.partitioning.account(account)
            if !isJobOnRecord { try await fleet.forget(StreamPartition(.jobs, index), after: 1) }
            try await fleet.forget(StreamPartition(.results, index), after: 1)
            _ = try await fleet.observer.send(RedisCommand("FLUSHALL")).checked()
            try await fleet.recovery().run()
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            if leaderCloses {
                try await fleet.work("work-2")
                try await fleet.live(try await fleet.ingest("ingest-2").ingestor)
                try await fleet.exchange.trade("leader", "BTC", .sell, "1")
                try await fleet.settled(signals: 2, within: .seconds(40))
            } else {
                try await fleet.work("work-2", .attentive)
                try await fleet.eventually("it is on record", within: .seconds(40)) { try await fleet.recorded(.results) == 2 }
            }
            let truth = try await fleet.verify()
            #expect(truth.ledger.filter(\.isOrder).map(\.cloid) == undisturbed.ledger.filter(\.isOrder).map(\.cloid))
            #expect(truth.results.map(\.origin) == [nil, .drift] + (leaderCloses ? [nil] : []))
            #expect(truth.results.map(\.outcome) == [.filled, .filled] + (leaderCloses ? [.noPosition] : []))
            #expect(truth.results[1].cloid == undisturbed.results[1].cloid)
            #expect(truth.sleeves.isEmpty)
        }
    }

    @Test("an order that Redis has forgotten is asked for although entries are off by now, and nothing is opened", arguments: [true, false])
    func entriesOff(isLatched: Bool) async throws {
        let redis = try await Self.server()
        let cast = Cast.alike(1, #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 60000}"#)
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.match()
            try await fleet.live(try await fleet.ingest().ingestor)
            for (index, coin) in ["BTC", "ETH"].enumerated() {
                try await fleet.exchange.trade("leader", coin, .buy, "1")
                try await fleet.settled(signals: index + 1, groups: ["matcher"])
            }
            try await BlockingCalls.run { try redis.copyFiles() }
            // of the first one alone
            try await fleet.plan { HoldingHandler($0, after: 1) }
            try await fleet.work()
            try await fleet.eventually("an order is traded") { try await fleet.added(.results) == 1 }
            try await fleet.endRoles()
            try await fleet.putRedisBack()
            if isLatched {
                try await fleet.latch(.everything, .pauseEntries)
            } else {
                try await fleet.apply(try cast.configuration { $0.settings + ", state: paused" })
            }
            try await fleet.startFollowers()
            try await fleet.settled(signals: 2, within: .seconds(40))
            #expect(fleet.log.count("attempt.found") == 1)

            try await fleet.live(try await fleet.ingest("ingest-2").ingestor)
            for coin in ["BTC", "ETH"] { try await fleet.exchange.trade("leader", coin, .sell, "1") }
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            #expect(truth.outcomes("BTC") == [.filled, .filled])
            #expect(truth.outcomes("ETH") == [isLatched ? .halted : .paused, .noPosition])
            #expect(truth.ledger.filter(\.isOrder).map(\.coin) == ["BTC", "BTC"])
            #expect(truth.sleeves.isEmpty)
        }
    }
}

extension Truth {
    /// Of the first leg of each request, in the order of these.
    fileprivate func outcomes(_ coin: Coin = "BTC") -> [Outcome] {
        let found = Dictionary(results.map { ($0.job, $0.outcome) }, uniquingKeysWith: { first, _ in first })
        return requests.filter { $0.signal.coin == coin }.compactMap { found[JobID(request: $0.id, leg: 0)] }
    }
}

extension Fleet {
    /// Starts, settles some load, and loses all that Redis had; returns how many signals there were.
    fileprivate func emptied() async throws -> Int {
        try await startAll()
        let signals = try await load(cycles: 2)
        try await settled(signals: signals)
        _ = try await observer.send(RedisCommand("FLUSHALL")).checked()
        try await eventually("all processes have noticed") { log.count("cell.halted") >= 5 }
        return signals
    }

    /// Rows of a stream in Postgres.
    fileprivate func recorded(_ stream: RedisStreams.Stream) async throws -> Int {
        let rows = try await postgresObserver.query("SELECT count(*) AS n FROM audit_entries WHERE kind = $1", [.text(stream.rawValue)])
        return Int(try rows[0].integer("n"))
    }

    fileprivate func redisIsBack() async throws {
        try await eventually("Redis is back") { (try? await observer.send(RedisCommand("PING")).checked()) != nil }
    }

    fileprivate func noLeaseIsHeld() async throws {
        for (stage, count) in [("ingest", partitioning.signals), ("match", partitioning.signals), ("plan", partitioning.accounts), ("work", partitioning.accounts)] {
            for partition in 0..<count {
                let lease = try await observer.hash(keys.lease(stage, twoDigits(partition))).mapValues { String(decoding: $0, as: UTF8.self) }
                #expect(lease["exp"] ?? "0" == "0", "\(stage) \(partition) is held by \(lease["owner"] ?? "nobody")")
            }
        }
    }
}
