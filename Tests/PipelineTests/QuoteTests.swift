import CopyTrading
import Pipeline
import RedisStreams
import Testing

/// The markets' quotes on their way from the exchange to the orders (R-27).
@Suite struct QuoteTests {
    private func alike(_ limits: String) -> Cast { .alike(1, #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {\#(limits)}"#) }

    /// Waits until the quote of BTC is like this.
    private func quote(_ fleet: Fleet, _ what: String, _ condition: (MarketQuote) -> Bool) async throws {
        try await fleet.eventually(what) { fleet.quotes.quote("BTC").map(condition) ?? false }
    }

    /// The book of BTC rises past every limit and stays there, whatever is traded.
    private func moveBook(_ fleet: Fleet) async throws {
        try await fleet.exchange.fault(
            ["fault": "priceJump", "coin": "BTC", "percent": "5"], ["fault": "staleBook", "coin": "BTC", "stale": true])
        try await quote(fleet, "the book has moved") { $0.bestAsk.map { $0 > Price(52_000) } ?? false }
    }

    /// The book follows the price again, which is the leader's.
    private func returnBook(_ fleet: Fleet) async throws {
        try await fleet.exchange.fault(["fault": "staleBook", "coin": "BTC", "stale": false])
    }

    private func awaitWaiting(_ fleet: Fleet, times: Int = 1) async throws {
        try await fleet.eventually("the entry waits for its price") { fleet.log.count("entry.awaits_price") >= times }
    }

    @Test("quotes follow the exchange; one process publishes them, another takes over when it dies, and without any they are not known")
    func following() async throws {
        try await Fleet.run(.alike(1)) { fleet in
            let names = ["market-1", "market-2"]
            var watchers: [String: Role] = [:]
            for name in names { watchers[name] = try await fleet.watch(name) }
            try await quote(fleet, "a quote of every price") {
                guard let bid = $0.bestBid, let ask = $0.bestAsk else { return false }
                return bid < Price(50_000) && ask > Price(50_000) && $0.mark == Price(50_000) && $0.oracle == Price(50_000)
            }
            let first = try #require(Rendezvous.owner(of: "00", stage: "market", members: names))
            try await fleet.eventually("the lease is where it belongs") { try await fleet.owners("market", partitions: 1) == [first] }
            try await fleet.exchange.fault(["fault": "priceJump", "coin": "BTC", "percent": "1"])
            try await quote(fleet, "the book has risen") { $0.bestBid.map { $0 > Price(50_400) } ?? false && $0.mark == Price(50_500) }

            watchers.removeValue(forKey: first)?.kill()
            try await fleet.exchange.fault(["fault": "priceJump", "coin": "BTC", "percent": "-2"])
            try await quote(fleet, "the other one has taken over") { $0.bestAsk.map { $0 < Price(49_600) } ?? false }

            try await fleet.eventually("and has the lease") { try await fleet.owners("market", partitions: 1) == Array(watchers.keys) }

            let reader = QuoteReader(
                redis: try fleet.redis.connect("late"), keys: fleet.keys, maximumAge: .seconds(2), now: { WallClock.milliseconds },
                logger: fleet.log.logger("late"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await reader.run() }
                defer { group.cancelAll() }
                try await fleet.eventually("quotes are known") { reader.quote("BTC") != nil }
                await watchers.values.first?.stop()
                try await fleet.eventually("nobody watches, and they are not") { reader.quote("BTC") == nil }
            }
        }
    }

    @Test("R-27: an entry past whose limit the book has moved waits, and is filled when the book comes back")
    func comesBack() async throws {
        let cast = alike("entry_expiry_ms: 60000")
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll()
            try await fleet.watch()
            try await moveBook(fleet)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await awaitWaiting(fleet)
            #expect(try fleet.exchange.ledger().allSatisfy { !$0.isOrder })
            try await returnBook(fleet)
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.filled])
            #expect(truth.orders(of: cast.followers[0].account).count == 1)
        }
    }

    @Test("R-27: one that waited until it expired ends with what kept it back, and nothing was sent")
    func expires() async throws {
        try await Fleet.run(alike("entry_expiry_ms: 3000")) { fleet in
            try await fleet.startAll()
            try await fleet.watch()
            try await moveBook(fleet)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.priceMoved])
            #expect(truth.results.first?.detail?.contains("past the limit 50250, until it expired") == true)
            #expect(truth.ledger.allSatisfy { !$0.isOrder })
        }
    }

    @Test("an entry does not trade in a wider spread than its subscription wants")
    func wideSpread() async throws {
        try await Fleet.run(
            alike("entry_expiry_ms: 3000, entry_slippage_bps: 300, max_spread_bps: 150"), simulator: { $0.halfSpreadBasisPoints = 100 }
        ) { fleet in
            try await fleet.startAll()
            try await fleet.watch()
            try await quote(fleet, "the spread is known") { $0.quote?.spreadBasisPoints == 200 }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.spread])
            #expect(truth.ledger.allSatisfy { !$0.isOrder })
        }
    }

    @Test("an exit waits for no price: it ends the entry that does, at once")
    func superseded() async throws {
        try await Fleet.run(alike("entry_expiry_ms: 60000")) { fleet in
            try await fleet.startAll()
            try await fleet.watch()
            try await moveBook(fleet)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await awaitWaiting(fleet)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.superseded, .noPosition])
            #expect(truth.ledger.allSatisfy { !$0.isOrder })
        }
    }

    @Test("R-80: on a shared account another sleeve's exit does not wait behind an entry that waits for its price")
    func otherSleeve() async throws {
        let cast = Cast(
            leaders: ["bull", "bear"],
            [
                .init(
                    "s", of: "bull", "bear", settings: #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 60000}"#,
                    account: "sharing: sleeves")
            ])
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll()
            try await fleet.watch()
            try await fleet.exchange.trade("bull", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await moveBook(fleet)
            try await fleet.exchange.trade("bear", "BTC", .buy, "1")
            try await awaitWaiting(fleet)
            try await fleet.exchange.trade("bull", "BTC", .sell, "1")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(truth.results(of: "s:bull").map(\.outcome) == [.filled, .filled])
            #expect(truth.results(of: "s:bear").map(\.outcome) == [.priceMoved])
            #expect(truth.position(of: cast.follower("s").account, "BTC") == .zero)
        }
    }

    @Test("an entry that waits goes to the next worker with its partition, and is filled there")
    func movesOn() async throws {
        let cast = alike("entry_expiry_ms: 60000")
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            let first = try await fleet.work("work-1")
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.watch()
            try await moveBook(fleet)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await awaitWaiting(fleet)
            await first.stop()
            #expect(try await fleet.added(.results) == 0)
            try await fleet.work("work-2")
            try await awaitWaiting(fleet, times: 2)
            try await returnBook(fleet)
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.filled])
            #expect(truth.orders(of: cast.followers[0].account).count == 1)
        }
    }
}
