import CopyTrading
import Logging
import Postgres
import Redis
import RedisStreams
import TestServers
import Testing

/// Postgres away in every way there is: trading goes on within the audit lag, then exits alone; nothing is trimmed; the trail is whole after.
@Suite struct PostgresAwayTests {
    enum Absence: String, CaseIterable {
        /// The server is killed: connections break, new ones are refused.
        case killed
        /// It hangs: connections stay, nothing answers.
        case frozen
    }

    @Test("while Postgres is away entries go on up to the audit lag, exits beyond it, and nothing is trimmed", arguments: Absence.allCases)
    func lag(_ absence: Absence) async throws {
        let postgres = try await BlockingCalls.run { try PrivatePostgres() }
        try await Fleet.run(Cast.alike(4), postgres: postgres) { fleet in
            var settings = Fleet.WorkSettings()
            settings.maximumAuditLag = 60
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", settings)
            try await fleet.audit(keep: .zero)
            try await fleet.live(try await fleet.ingest().ingestor)
            let before = try await fleet.load(cycles: 1)
            try await fleet.settled(signals: before)
            try await fleet.eventually("what is audited is trimmed") { try await fleet.length(.results) <= fleet.partitioning.accounts }

            try await BlockingCalls.run { if absence == .killed { postgres.stop() } else { try postgres.freeze() } }
            var signals = before
            func trade(_ coin: String, _ side: Side, _ size: String) async throws {
                let results = try await fleet.added(.results)
                try await fleet.exchange.trade("leader", coin, side, size)
                signals += 1
                try await fleet.eventually("\(coin) \(side) has its results") { try await fleet.added(.results) == results + 4 }
            }
            // a signal makes 13 entries: three are within the lag, and exits bring it beyond
            try await trade("BTC", .buy, "1")
            // what was on record before goes as it is acknowledged by all
            var first = try await fleet.firstEntries()
            for _ in 0..<10 {
                try await Task.sleep(for: .seconds(1))
                let now = try await fleet.firstEntries()
                if now == first { break }
                first = now
            }
            try await trade("ETH", .buy, "1")
            try await trade("ETH", .sell, "1")
            try await trade("BTC", .sell, "0.25")
            try await trade("BTC", .sell, "0.25")
            try await fleet.eventually("the lag is noticed", within: .seconds(20)) { fleet.log.count("audit.lag") == 1 }
            try await trade("ETH", .buy, "1")
            try await trade("BTC", .sell, "0.5")
            #expect(try await fleet.firstEntries() == first, "nothing unaudited was trimmed")

            try await BlockingCalls.run { if absence == .killed { try postgres.start() } else { try postgres.thaw() } }
            try await fleet.postgresIsBack()
            try await fleet.settled(signals: signals, within: .seconds(60))
            let truth = try await fleet.verify()
            let refused = truth.results.filter { $0.outcome == .halted }
            #expect(refused.count == 4)
            #expect(
                refused.allSatisfy { $0.coin == "ETH" && $0.action.isEntry && $0.detail?.contains("audit trail") == true },
                "\(refused.map { "\($0.coin) \($0.action): \($0.detail ?? "")" })")
            #expect(truth.results.filter { $0.outcome != .filled && $0.outcome != .halted }.isEmpty, "\(truth.others(.filled))")
            #expect(truth.sleeves.isEmpty, "every exit went through")
            if absence == .killed { try await fleet.eventually("the catch-up is measured") { fleet.log.count("audit.caught_up") == 1 } }
        }
    }

    @Test("R-84: while Postgres hangs a person stops the fleet; it goes on record when Postgres is back, and then can be opened")
    func killed() async throws {
        let postgres = try await BlockingCalls.run { try PrivatePostgres() }
        try await Fleet.run(Cast.alike(2), postgres: postgres) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await BlockingCalls.run { try postgres.freeze() }
            try await fleet.latchProvisionally(.subscriber("s1"), .pauseEntries)
            let closing = try await fleet.latchProvisionally(.subscriber("s1"), .flattenThenHalt)
            // one that asks for less changes nothing
            try await fleet.latchProvisionally(.subscriber("s1"), .windDown)
            let accounts = (0..<2).map { fleet.cast.follower("s\($0)").account }
            try await fleet.eventually("s1 is flat") { Truth(ledger: try fleet.exchange.ledger()).position(of: accounts[1], "BTC").isZero }
            #expect(!Truth(ledger: try fleet.exchange.ledger()).position(of: accounts[0], "BTC").isZero)
            try await BlockingCalls.run { try postgres.thaw() }
            try await fleet.postgresIsBack()
            try await fleet.eventually("it is on record", within: .seconds(30)) {
                let latches = try await fleet.latches()
                return latches.provisional.isEmpty && latches.stored.map(\.level) == [.flattenThenHalt]
            }
            let stored = try await fleet.latches().stored
            #expect(stored.map(\.reason) == ["asked for 4"])
            // the same latch as before to whoever closes positions by it: none is asked to close a second time
            #expect(stored.map(\.at) == [closing.at])
            let truth = Truth(ledger: try fleet.exchange.ledger())
            #expect(truth.orders(of: accounts[1]).map(\.reduceOnly) == [false, true])
        }
    }

    @Test("R-84: what the software sees while Postgres is away stops entries then, and is on record when Postgres is back")
    func tightened() async throws {
        let postgres = try await BlockingCalls.run { try PrivatePostgres() }
        try await Fleet.run(Cast.alike(2), postgres: postgres) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.tightenLatch(.subscriber("s0"), .pauseEntries)
            try await BlockingCalls.run { postgres.stop() }
            // as strict as what is on record: nothing is added
            try await fleet.tightenLatch(.subscriber("s0"), .pauseEntries)
            try await fleet.tightenLatch(.subscriber("s1"), .windDown)
            try await fleet.tightenLatch(.subscriber("s1"), .pauseEntries)
            let results = try await fleet.added(.results)
            try await Task.sleep(for: .milliseconds(300))
            try await fleet.exchange.trade("leader", "ETH", .buy, "1")
            try await fleet.eventually("the entries have their results") { try await fleet.added(.results) == results + 2 }
            try await BlockingCalls.run { try postgres.start() }
            try await fleet.postgresIsBack()
            try await fleet.settled(signals: 2, within: .seconds(60))
            let truth = try await fleet.verify()
            #expect(truth.results.filter { $0.coin == "ETH" }.map(\.outcome) == [.halted, .halted])
            try await fleet.eventually("it is on record", within: .seconds(30)) {
                let latches = try await fleet.latches()
                return latches.provisional.isEmpty && latches.stored.map { [$0.scope.text: $0.level] } == [["subscriber:s0": .pauseEntries], ["subscriber:s1": .windDown]]
            }
        }
    }

    @Test("R-84: whoever opens the kill switch opens what is not on record too, and no process that knew that one puts it on record after")
    func opened() async throws {
        let scope = LatchScope.subscriber("s1")
        try await Fleet.run(Cast.alike(2)) { fleet in
            func levels() async throws -> [KillLevel] { try await fleet.latches().stored.map(\.level) }
            // opened before anybody recorded it
            let first = try await fleet.latchProvisionally(scope, .flattenThenHalt)
            try await fleet.latch(scope, .none)
            #expect(try await fleet.latches().provisional.isEmpty)
            try await fleet.recordLatches([first])
            #expect(try await levels() == [KillLevel.none])
            // recorded by two
            let second = try await fleet.latchProvisionally(scope, .windDown)
            try await fleet.recordLatches([second])
            try await fleet.recordLatches([second])
            #expect(try await fleet.latches().stored == [Latch(id: 2, scope: scope, level: .windDown, reason: second.reason, by: second.by, at: second.at)])
            // recorded beside what was stricter already, then opened
            let third = try await fleet.latchProvisionally(scope, .pauseEntries)
            try await fleet.recordLatches([third])
            #expect(try await fleet.latches().stored.map(\.at) == [second.at], "the same as before to whoever closes positions by it")
            try await fleet.latch(scope, .none)
            try await fleet.recordLatches([second, third])
            #expect(try await levels() == [KillLevel.none])
            // the next one is another
            try await fleet.recordLatches([try await fleet.latchProvisionally(scope, .cancelAll)])
            #expect(try await levels() == [.cancelAll])
            #expect(try await fleet.latches().provisional.isEmpty)
        }
    }

    @Test("R-84: a setting in Redis that cannot be read counts as level 1 while it is there, and keeps no process from starting")
    func unreadable() async throws {
        try await Fleet.run(Cast.alike(2)) { fleet in
            let (field, record) = ("provisional:coin:", #"{"id":0,"scope":"coin:","level":1,"reason":"x","by":"operator","atMs":1}"#)
            _ = try await fleet.observer.send(RedisCommand("HSET", fleet.keys.latches, field, record)).checked()
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            _ = try await fleet.observer.send(RedisCommand("HDEL", fleet.keys.latches, field)).checked()
            try await Task.sleep(for: .milliseconds(300))
            try await fleet.exchange.trade("leader", "ETH", .buy, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.results.filter { $0.coin == "BTC" }.map(\.outcome) == [.halted, .halted])
            #expect(truth.results.filter { $0.coin == "ETH" }.map(\.outcome) == [.filled, .filled])
        }
    }

    @Test("the kill switch stays readable, and entries go on, while Postgres hangs for longer than Redis may be unread")
    func latches() async throws {
        let postgres = try await BlockingCalls.run { try PrivatePostgres() }
        try await Fleet.run(Cast.alike(2), postgres: postgres) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await BlockingCalls.run { try postgres.freeze() }
            // one look at Postgres, every five seconds, has begun, and the two seconds of an unread switch are over
            try await Task.sleep(for: .seconds(8))
            let results = try await fleet.added(.results)
            try await fleet.exchange.trade("leader", "ETH", .buy, "1")
            try await fleet.eventually("the entries have their results") { try await fleet.added(.results) == results + 2 }
            try await BlockingCalls.run { try postgres.thaw() }
            try await fleet.settled(signals: 2, within: .seconds(60))
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
        }
    }

    @Test("connections that are terminated under load, again and again, lose nothing")
    func terminated() async throws {
        try await Fleet.run(Cast.alike(4)) { fleet in
            try await fleet.startAll()
            async let load = fleet.load(cycles: 8, pause: .milliseconds(60))
            var ended: Int64 = 0
            for round in 1...6 {
                try await fleet.eventually("orders flow") { try await fleet.added(.results) > 16 * round }
                ended += try await fleet.postgresObserver.query(
                    """
                    SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """)[0].integer("ended")
            }
            try await fleet.settled(signals: try await load, within: .seconds(60))
            #expect(ended >= 6)
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
        }
    }

    @Test("streams that contradict what is on record are tried again by themselves, also when nothing more comes")
    func suspended() async throws {
        try await Fleet.run(Cast.alike(2)) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit(suspension: .milliseconds(500))
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let day: Int64 = 86_400_000
            func moveWatermarks(by milliseconds: Int64) async throws {
                try await fleet.postgresObserver.execute(
                    "UPDATE audit_watermarks SET last_entry_ms = last_entry_ms + $1::bigint WHERE last_seq > 0", [.integer(milliseconds)])
            }
            try await moveWatermarks(by: day)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("they are suspended") {
                try await fleet.added(.results) == 4 && fleet.log.count("audit.stream.suspended") > 1
            }
            try await moveWatermarks(by: -day)
            try await fleet.settled(signals: 2)
            try await fleet.verify()
        }
    }

    @Test("a table of the trail that is locked for seconds holds the trail up, and nothing else")
    func locked() async throws {
        try await Fleet.run(Cast.alike(4)) { fleet in
            try await fleet.startAll()
            let before = try await fleet.load(cycles: 1)
            try await fleet.settled(signals: before)
            let connection = PostgresConnection(url: fleet.database, name: "lock", logger: fleet.log.logger("lock"))
            let holding = Task {
                try await connection.transaction { connection in
                    _ = try connection.query("LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE")
                    _ = try connection.query("SELECT pg_sleep(4)")
                }
            }
            try await fleet.eventually("the lock is held") {
                try await fleet.postgresObserver.query(
                    "SELECT count(*) AS held FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'audit_entries'::regclass")[0]
                    .integer("held") == 1
            }
            let results = try await fleet.added(.results)
            let during = try await fleet.load(cycles: 1)
            try await fleet.eventually("orders go on") { try await fleet.added(.results) == results + 4 * during }
            try await holding.value
            await connection.close()
            try await fleet.settled(signals: before + during, within: .seconds(60))
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
        }
    }
}

extension Fleet {
    /// The id of the first entry of each stream that has one.
    fileprivate func firstEntries() async throws -> [String: String] {
        var first: [String: String] = [:]
        for partition in partitioning.all {
            let entries = try await observer.send(RedisCommand("XRANGE", keys.stream(partition), "-", "+", "COUNT", "1")).checked().array ?? []
            first[partition.name] = entries.first?.array?.first?.text
        }
        return first
    }
}
