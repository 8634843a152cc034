import AuditTrail
import CopyTrading
import Cryptography
import HyperSim
import Hyperliquid
import JSON
import Redis
import RedisStreams
import Testing

@testable import Pipeline

/// What keeps subscribers' money, in the running fleet: the kill switch, caps and loss limits of accounts, leverage, triggers, and the
/// drift loop.
@Suite struct AccountSafetyTests {
    private static let size = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#

    private let attentive = Fleet.WorkSettings.attentive

    /// Kinds of the account's events on record, in their order.
    private func events(_ fleet: Fleet) async throws -> [String] {
        var kinds: [String] = []
        try await AuditReader(fleet.postgresObserver).forEachPage(of: .other("account_events")) { rows in
            for row in rows { kinds.append(try JSON.parse(row.data ?? "").string("kind")) }
        }
        return kinds
    }

    private func eventually(_ kind: String, _ fleet: Fleet) async throws {
        try await fleet.eventually("\(kind) is on record") { try await events(fleet).contains(kind) }
    }

    /// An order of the subscriber's own: it has no cloid of ours.
    private func trade(_ side: Side, _ size: String, _ coin: Coin, of follower: Cast.Follower, _ fleet: Fleet) async throws {
        let client = fleet.client()
        let instruments = Instruments(client: client, logger: fleet.log.logger("by-hand"))
        try await instruments.load()
        let asset = try #require(await instruments.instrument(coin)).asset
        let price = coin == "SOL" ? Price(100) : Price(50_000)
        let limit = Price(e8: price.e8 / 25 * (side == .buy ? 26 : 24))
        let order = OrderRequest(
            asset: asset, isBuy: side == .buy, price: limit, size: try Size(parsing: size), reduceOnly: false, timeInForce: .ioc, cloid: nil)
        let signed = try SignedAction.sign(
            action: ExchangeAction.order([order]), nonce: UInt64(WallClock.milliseconds), vaultAddress: nil, expiresAfter: nil, network: .testnet,
            key: try SigningKey(hexadecimal: follower.agentKey))
        let answer = try await client.submit(signed)
        await client.shutdown()
        guard case .filled? = answer.orderStatuses(sent: 1)?.first else { throw NotReached(description: "the subscriber cannot trade: \(answer)") }
    }

    private func send(_ amount: Notional, of follower: Cast.Follower, to destination: String, _ fleet: Fleet) async throws {
        let client = fleet.client()
        let nonce = UInt64(WallClock.milliseconds)
        let answer: Result<ExchangeAnswer, any Error>
        do {
            let action = try UserSignedAction.usdSend(to: destination, amount: amount, time: nonce, network: .testnet)
            answer = .success(try await client.submit(try SignedAction.sign(userAction: action, key: follower.owner)))
        } catch { answer = .failure(error) }
        await client.shutdown()
        guard case .success(.ok) = answer else { throw NotReached(description: "the subscriber cannot send: \(answer)") }
    }

    // MARK: - The kill switch

    @Test("R-84: the kill switch stops entries and no exit, holds over a restart, and a person opens it again")
    func kill() async throws {
        try await Fleet.run(.alike(2, Self.size)) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.latch(.everything, .pauseEntries, reason: "asked for")
            try await fleet.eventually("the planner and the worker know") { fleet.log.count("latch") >= 2 }
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 3)
            for role in fleet.roles.withLock({ $0 }) where ["plan-1", "work-1"].contains(role.member) { role.kill() }
            try await fleet.plan("plan-2")
            try await fleet.work("work-2", attentive)
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.settled(signals: 4)
            try await fleet.latch(.everything, .none, reason: "all is well")
            try await fleet.eventually("the successors know") { fleet.log.count("latch") >= 6 }
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 6)
            let truth = try await fleet.verify()
            let outcomes = truth.results(of: "s0:leader").map { "\($0.coin) \($0.action) \($0.outcome.rawValue)" }
            #expect(outcomes.sorted() == [
                "BTC close OK_FILLED", "BTC open OK_FILLED", "BTC open OK_FILLED", "ETH open SKIP_HALTED", "SOL increase SKIP_UNCOPIED_BASE",
                "SOL open SKIP_HALTED",
            ])
            #expect(truth.results.first { $0.outcome == .halted }?.detail == "the kill switch of everything is at level 1: asked for")
        }
    }

    @Test("R-84: level 4 closes what it is for, once for each position, and nothing else")
    func flatten() async throws {
        try await Fleet.run(.alike(3, Self.size)) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.exchange.trade("leader", "ETH", .sell, "10")
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 3)
            try await fleet.latch(.subscriber("s1"), .flattenThenHalt, reason: "asked by phone")
            let accounts = (0..<3).map { fleet.cast.follower("s\($0)").account }
            try await fleet.eventually("s1 is flat") {
                let ledger = Truth(ledger: try fleet.exchange.ledger())
                return ledger.position(of: accounts[1], "BTC").isZero && ledger.position(of: accounts[1], "ETH").isZero
            }
            for role in fleet.roles.withLock({ $0 }) where role.member == "work-1" { role.kill() }
            try await fleet.work("work-2", attentive)
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            #expect(truth.orders(of: accounts[1]).map(\.reduceOnly) == [false, false, false, true, true])
            #expect(truth.results(of: "s1:leader").filter { $0.origin == .flatten }.map(\.outcome) == [.filled, .filled])
            #expect(truth.results(of: "s1:leader").first { $0.coin == "SOL" }?.outcome == .halted)
            for account in [accounts[0], accounts[2]] {
                #expect(!truth.position(of: account, "BTC").isZero && !truth.position(of: account, "ETH").isZero)
            }
        }
    }

    @Test("R-84, R-55: an exit that found nobody to sell to is asked for again, whoever asks", arguments: [false, true])
    func noLiquidity(isLatched: Bool) async throws {
        let settings = #"sizing: {mode: ratio, ratio: "0.02"}, limits: {entry_expiry_ms: 60000}"#
        let cast = Cast([
            .init("s", of: "leader", settings: settings), .init("other", of: "leader", settings: settings + ", state: paused"),
        ])
        let account = cast.follower("s").account
        // twenty levels of one lot, 0.2 SOL or 20 USDC in all, that come back after a while
        func thin(_ simulator: inout HyperSimConfiguration) {
            (simulator.levelDepth, simulator.levelCount, simulator.bookRefillMilliseconds) = (Notional(e8: 1), 20, 4_000)
        }
        try await Fleet.run(cast, simulator: thin) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "SOL", .buy, "6")
            try await fleet.settled(signals: 1)
            try await trade(.sell, "0.2", "SOL", of: cast.follower("other"), fleet)
            if isLatched {
                try await fleet.latch(.subscriber("s"), .flattenThenHalt, reason: "asked by phone")
            } else {
                try await fleet.exchange.trade("leader", "SOL", .sell, "6")
            }
            try await fleet.eventually("it is closed") { Truth(ledger: try fleet.exchange.ledger()).position(of: account, "SOL").isZero }
            try await fleet.settled(signals: 1)
            let truth = try await fleet.truth()
            let exits = truth.results(of: "s:leader").filter { !$0.action.isEntry }
            #expect(exits.dropLast().contains { $0.outcome == .noLiquidity })
            #expect(exits.last?.outcome.isExecuted == true)
            #expect(exits.dropFirst(isLatched ? 0 : 1).allSatisfy { $0.origin == (isLatched ? .flatten : .drift) })
            #expect(truth.sleeves[HoldingKey("s:leader", "SOL")] == nil)
        }
    }

    // MARK: - The account as a whole

    @Test("R-81, R-35: what is kept for an entry is not held against it when it is decided again")
    func ownReservation() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.size, account: "limits: {max_gross_notional: 3200}")])
        var settings = attentive
        settings.rates["s"] = TokenRate(period: 500_000, burst: 1)
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(settings)
            for (coin, size) in [("BTC", "1"), ("ETH", "10"), ("SOL", "100")] { try await fleet.exchange.trade("leader", coin, .buy, size) }
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            #expect(truth.results.allSatisfy { $0.clips.isEmpty })
        }
    }

    @Test("R-81, R-35: two entries at once share the room under the account's gross cap, and a third finds none")
    func grossCap() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.size, account: "limits: {max_gross_notional: 1500}")])
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            for (coin, size) in [("BTC", "1"), ("ETH", "10"), ("SOL", "100")] { try await fleet.exchange.trade("leader", coin, .buy, size) }
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            let results = truth.results(of: "s:leader")
            #expect(results.count(where: { $0.outcome == .filled }) == 2)
            #expect(results.count(where: { $0.outcome == .capAccount }) == 1)
            let clipped = try #require(results.first { $0.clips.contains { $0.gate == .grossCap } && $0.outcome == .filled })
            let worth = try #require(try clipped.averagePrice.map { try $0 * clipped.filledSize })
            #expect(worth > Notional(490) && worth < Notional(510))
        }
    }

    @Test("R-82: a withdrawal is no loss, also while the account is being read")
    func withdrawal() async throws {
        let cast = Cast([
            .init("s", of: "leader", settings: Self.size, account: "losses: {flatten_daily_loss: 1000, max_drawdown_bps: 1000}"),
            .init("other", of: "leader", settings: Self.size + ", state: paused"),
        ])
        let follower = cast.follower("s")
        try await Fleet.run(cast) { fleet in
            let relay = try await Relay.start(to: fleet.exchange.port)
            var settings = attentive
            settings.url = relay.url
            try await fleet.startAll(settings)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await Task.sleep(for: .milliseconds(800))
            relay.delayRequests(.milliseconds(400))
            for step in 1...4 {
                try await Task.sleep(for: .milliseconds(350 * step))
                try await send(Notional(200_000), of: follower, to: cast.follower("other").account, fleet)
            }
            try await Task.sleep(for: .seconds(3))
            let truth = try await fleet.verify()
            await relay.stop()
            #expect(truth.results(of: "s:leader").map(\.outcome) == [.filled])
            #expect(try await !events(fleet).contains("LOSS_STOP"))
        }
    }

    @Test("R-82: a day's loss stops entries and no exit, over a restart too")
    func dailyLoss() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.size, account: "losses: {max_daily_loss: 30}")])
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.exchange.fault(["fault": "priceJump", "coin": "BTC", "percent": "-5"])
            try await eventually("LOSS_STOP", fleet)
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.settled(signals: 2)
            for role in fleet.roles.withLock({ $0 }) where role.member == "work-1" { role.kill() }
            try await fleet.work("work-2", attentive)
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            #expect(Set(truth.results(of: "s:leader").map { "\($0.coin) \($0.outcome.rawValue)" }) == [
                "BTC OK_FILLED", "ETH SKIP_DAILY_LOSS", "SOL SKIP_DAILY_LOSS",
            ])
            #expect(truth.position(of: cast.follower("s").account, "BTC").isZero)
        }
    }

    // MARK: - Leverage

    @Test("R-61, R-60: the leverage is set before a coin's first order, and not again while it is the same")
    func leverage() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.size + ", leverage: fixed 3")])
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            for (index, side) in [Side.buy, .sell, .buy].enumerated() {
                try await fleet.exchange.trade("leader", "BTC", side, "1")
                try await fleet.settled(signals: index + 1)
            }
            for role in fleet.roles.withLock({ $0 }) where role.member == "work-1" { role.kill() }
            try await fleet.work("work-2", attentive)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 5)
            let truth = try await fleet.verify()
            let actions = truth.ledger.filter { $0.account == cast.follower("s").account && $0.action != "transfer" }.map(\.action)
            #expect(actions == ["updateLeverage", "order", "order", "order", "order", "order"])
            #expect(truth.others(.filled).isEmpty)
            #expect(try await events(fleet) == ["LEVERAGE_SET"])
        }
    }

    @Test("R-53, R-62: sleeves of one coin share its leverage: who comes second keeps what the open position has, on record")
    func sharedLeverage() async throws {
        let cast = Cast(
            leaders: ["bull", "bear"], [.init("s", of: "bull", "bear", settings: Self.size + ", leverage: fixed 3", account: "sharing: sleeves")])
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("bull", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.apply(cast.configuration { _ in Self.size + ", leverage: fixed 5" })
            try await fleet.knows("plan-1", version: 2)
            try await fleet.exchange.trade("bear", "BTC", .buy, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            let actions = truth.ledger.filter { $0.account == cast.follower("s").account && $0.action != "transfer" }.map(\.action)
            #expect(actions == ["updateLeverage", "order", "order"])
            let second = try #require(truth.results(of: "s:bear").first)
            #expect(second.outcome == .filled && second.detail == "LEVERAGE_KEPT: cross 3, wanted cross 5")
        }
    }

    // MARK: - Triggers

    @Test("R-63: a stop-loss rests at the exchange as large as the sleeve, follows it, and goes with it")
    func triggers() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.size + ", protection: {stop_loss_bps: 500}")])
        let account = cast.follower("s").account
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            let client = fleet.client()
            func resting(_ size: String?) async throws -> Bool {
                let orders = try await client.read(.frontendOpenOrders(account))
                return orders.map { "\($0.size)" } == (size.map { [$0] } ?? [])
            }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("a stop-loss rests") { try await resting("0.02") }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("it is as large as the position") { try await resting("0.04") }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.eventually("it shrinks with it") { try await resting("0.02") }
            // moved by its owner, and noticed with the next trade of the account, in whatever coin
            try await fleet.apply(cast.configuration { $0.settings.replacing("stop_loss_bps: 500", with: "stop_loss_bps: 800") })
            try await fleet.knows("work-1", version: 2)
            try await fleet.exchange.trade("leader", "ETH", .buy, "1")
            try await fleet.eventually("it rests where it was moved to, beside another") {
                let prices = try await client.read(.frontendOpenOrders(account)).compactMap { $0.detail?.trigger?.price }
                return prices.count == 2 && prices.contains(Price(46_009))
            }
            try await fleet.exchange.trade("leader", "ETH", .sell, "1")
            try await fleet.eventually("which is gone") { try await resting("0.02") }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.eventually("and is gone with it") { try await resting(nil) }
            await client.shutdown()
            try await fleet.settled(signals: 6)
            let others = try await fleet.verify().others(.filled)
            #expect(others.isEmpty, "\(others)")
        }
    }

    @Test("R-63, R-73: more triggers than the account's bucket ever holds are placed one after the other")
    func manyTriggers() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.size + ", protection: {stop_loss_bps: 500, take_profit_bps: 500}")])
        let account = cast.follower("s").account
        var settings = attentive
        settings.accountRate = TokenRate(period: 100_000, burst: 1)
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(settings)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            func resting() async throws -> Int {
                let client = fleet.client()
                let orders = try? await client.read(.frontendOpenOrders(account))
                await client.shutdown()
                return orders?.count ?? -1
            }
            try await fleet.eventually("both rest") { try await resting() == 2 }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.eventually("both are gone") { try await resting() == 0 }
            try await fleet.settled(signals: 2)
            #expect(try await fleet.verify().others(.filled).isEmpty)
        }
    }

    @Test("R-63, R-45: a stop-loss that the exchange carries out is on record once, and the leader's close finds nothing")
    func triggered() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.size + ", protection: {stop_loss_bps: 500}")])
        let account = cast.follower("s").account
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await eventually("TRIGGERS_PLACED", fleet)
            try await fleet.exchange.fault(["fault": "priceJump", "coin": "BTC", "percent": "-6"])
            try await fleet.eventually("the result of the trigger is on record") {
                try await fleet.truth().results.contains { $0.origin == .protection }
            }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            let result = try #require(truth.results.first { $0.origin == .protection })
            #expect(result.outcome == .filled && result.position == .zero)
            #expect(result.filledSize == (try Size(parsing: "0.02")))
            #expect(truth.results.count { $0.origin == .protection } == 1)
            #expect(truth.results(of: "s:leader").filter { $0.origin == nil }.map(\.outcome) == [.filled, .noPosition])
            #expect(truth.position(of: account, "BTC").isZero && truth.sleeves.isEmpty)
        }
    }

    private static let protected = size + ", protection: {stop_loss_bps: 500}"

    @Test("R-63: what an entry bought is protected although the one behind it comes to nothing")
    func protectedBefore() async throws {
        let settings = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 4000}, protection: {stop_loss_bps: 500}"#
        let cast = Cast([.init("s", of: "leader", settings: settings)])
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll()
            // the second one expires behind the first
            try await fleet.exchange.fault(["fault": "latency", "path": "/exchange", "milliseconds": 6_000, "times": 1])
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the order is on its way") { try await fleet.hasAttempts() }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 2)
            #expect(try await fleet.truth().results(of: "s:leader").map(\.outcome) == [.filled, .stale])
            try await fleet.stopLossRests("0.02", of: cast.follower("s").account)
        }
    }

    @Test("R-63: what was traded while an account was handed over is protected by its next worker")
    func protectedAfterHandOver() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.protected)])
        // as when the order is answered while its worker no longer begins anything
        let bare = try cast.configuration { _ in Self.size }
        try await Fleet.run(cast) { fleet in
            try await fleet.apply(bare)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            let first = try await fleet.work("work-1")
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            await first.stop()
            try await fleet.apply(cast.configuration())
            try await fleet.work("work-2")
            try await fleet.stopLossRests("0.02", of: cast.follower("s").account)
        }
    }

    @Test("R-63: a stop-loss whose price was passed before it could rest closes the position, once, and on record")
    func passed() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.protected)])
        let account = cast.follower("s").account
        try await Fleet.run(cast) { fleet in
            try await fleet.apply(cast.configuration { _ in Self.size })
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.exchange.fault(["fault": "priceJump", "coin": "BTC", "percent": "-6"])
            try await fleet.apply(cast.configuration())
            try await eventually("TRIGGERS_REFUSED", fleet)
            try await fleet.eventually("the position is closed") { Truth(ledger: try fleet.exchange.ledger()).position(of: account, "BTC").isZero }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            let stop = try #require(truth.results.first { $0.origin == .stop })
            #expect(stop.outcome == .filled && stop.position == .zero)
            #expect(truth.results.count { $0.origin == .stop } == 1)
            #expect(truth.results(of: "s:leader").filter { $0.origin == nil }.map(\.outcome) == [.filled, .noPosition])
            #expect(truth.sleeves.isEmpty)
        }
    }

    // MARK: - Drift

    @Test("R-55: what is held when the leader is flat is closed, once, and on record")
    func extra() async throws {
        try await Fleet.run(.alike(1, Self.size)) { fleet in
            let account = fleet.cast.follower("s0").account
            try await fleet.closeByItself(account)
            let truth = try await fleet.verify()
            #expect(truth.results(of: "s0:leader").map(\.origin) == [nil, .drift])
            #expect(truth.orders(of: account).map(\.reduceOnly) == [false, true])
            #expect(try await events(fleet).filter { $0 == "DRIFT" }.count == 1)
        }
    }

    private static func following(_ more: String) -> String {
        #"sizing: {mode: ratio, ratio: "0.01"}, limits: {entry_expiry_ms: 60000}, heal_entries: true"# + more
    }

    @Test("R-55, R-80: what a paused subscription lacks is not bought, and is once it is resumed")
    func pausedIsNotHealed() async throws {
        let cast = Cast.alike(1, Self.following(""))
        let account = cast.follower("s0").account
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.apply(cast.configuration { _ in Self.following(", state: paused") })
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 2)
            try await Task.sleep(for: .seconds(2))
            #expect(try await fleet.truth().results(of: "s0:leader").map(\.outcome) == [.filled, .paused])
            try await fleet.apply(cast.configuration { _ in Self.following("") })
            try await fleet.eventually("it is bought") {
                Truth(ledger: try fleet.exchange.ledger()).position(of: account, "BTC") == (try Size(parsing: "0.02"))
            }
            try await fleet.settled(signals: 2)
            #expect(try await fleet.verify().results(of: "s0:leader").map(\.origin) == [nil, nil, .drift])
        }
    }

    @Test("R-55, R-29: a subscription that is to copy mirrored from now on keeps what it holds until its leader closes")
    func becomesInverse() async throws {
        let cast = Cast.alike(1, Self.following(""))
        var settings = attentive
        // longer than a close is on its way: it is not the drift loop's
        settings.accounts.leaderGrace = .seconds(2)
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(settings)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.apply(cast.configuration { _ in Self.following(", inverse: true") })
            try await Task.sleep(for: .seconds(4))
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 3)
            try await Task.sleep(for: .seconds(1))
            let truth = try await fleet.verify()
            #expect(truth.results(of: "s0:leader").map(\.origin) == [nil, nil, nil])
            #expect(truth.orders(of: cast.follower("s0").account).map(\.side) == ["B", "A", "A"])
        }
    }

    @Test("R-55: a reduction that is late is no drift: it is made once")
    func lateReduction() async throws {
        let cast = Cast.alike(1, Self.following(""))
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            let planner = try await fleet.plan()
            try await fleet.work("work-1", attentive)
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            await planner.stop()
            try await fleet.exchange.trade("leader", "BTC", .sell, "0.5")
            try await Task.sleep(for: .seconds(2))
            try await fleet.plan("plan-2")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.results(of: "s0:leader").map(\.origin) == [nil, nil])
            #expect(truth.position(of: cast.follower("s0").account, "BTC") == (try Size(parsing: "0.005")))
        }
    }

    @Test("R-56: what the subscriber sold by hand is taken from the sleeve; nothing is opened until the leader is flat, whose close closes the rest")
    func manual() async throws {
        let cast = Cast.alike(1, Self.size)
        let account = cast.follower("s0").account
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            // Until the account was read in this state.
            try await Task.sleep(for: .milliseconds(800))
            try await trade(.sell, "0.01", "BTC", of: cast.follower("s0"), fleet)
            try await eventually("MANUAL", fleet)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 2)
            try await fleet.exchange.trade("leader", "BTC", .sell, "2")
            try await fleet.settled(signals: 3)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 4)
            let truth = try await fleet.truth()
            #expect(truth.results(of: "s0:leader").map(\.outcome) == [.filled, .manual, .filled, .filled])
            #expect(truth.results(of: "s0:leader")[2].filledSize == (try Size(parsing: "0.01")))
            #expect(truth.position(of: account, "BTC") == (try Size(parsing: "0.02")))
        }
    }

    @Test("R-55: a position that no subscription accounts for freezes its coin for entries, until it is gone")
    func unattributed() async throws {
        let cast = Cast.alike(1, Self.size)
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.settled(signals: 1)
            try await trade(.buy, "0.01", "BTC", of: cast.follower("s0"), fleet)
            try await eventually("COIN_FROZEN", fleet)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 2)
            try await trade(.sell, "0.01", "BTC", of: cast.follower("s0"), fleet)
            try await eventually("COIN_UNFROZEN", fleet)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 4)
            let outcomes = try await fleet.truth().results(of: "s0:leader").filter { $0.coin == "BTC" }.map(\.outcome)
            #expect(outcomes == [.manual, .noPosition, .filled])
        }
    }

    @Test("R-55: a coin that was frozen beside a copy thaws when the copy is gone too")
    func thawed() async throws {
        let cast = Cast.alike(1, Self.size)
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            // an order of his own in another coin, while nothing but the copy is watched for
            try await trade(.buy, "1", "SOL", of: cast.follower("s0"), fleet)
            try await eventually("COIN_FROZEN", fleet)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            try await trade(.sell, "1", "SOL", of: cast.follower("s0"), fleet)
            try await eventually("COIN_UNFROZEN", fleet)
        }
    }

    @Test("R-55: a reading from before the last order takes nothing from the sleeves, and their exit closes what is held")
    func staleReading() async throws {
        let cast = Cast.alike(1, Self.size)
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(attentive)
            try await fleet.exchange.fault(["fault": "staleReads", "milliseconds": 5_000])
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.eventually("stale readings were left alone") { fleet.log.count("account.reading.stale") > 3 }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.results(of: "s0:leader").map(\.outcome) == [.filled, .filled])
            #expect(truth.sleeves.isEmpty && truth.position(of: cast.followers[0].account, "BTC").isZero)
            #expect(try await !events(fleet).contains("DRIFT"))
        }
    }

    @Test("R-33: what an exit was to give up stays owed when nobody bought it, and the next one gives up both")
    func owedAfterNothing() async throws {
        let cast = Cast([
            .init("s", of: "leader", settings: #"sizing: {mode: fixed_notional, notional: "20"}, limits: {entry_expiry_ms: 60000}"#),
            .init("other", of: "leader", settings: #"sizing: {mode: fixed_notional, notional: "20"}, state: paused"#),
        ])
        // twenty levels of one lot, 0.2 SOL or 20 USDC in all, that come back after a while
        func thin(_ simulator: inout HyperSimConfiguration) {
            (simulator.levelDepth, simulator.levelCount, simulator.bookRefillMilliseconds) = (Notional(e8: 1), 20, 4_000)
        }
        try await Fleet.run(cast, simulator: thin) { fleet in
            try await fleet.startAll()
            for signals in 1...2 {
                try await fleet.exchange.trade("leader", "SOL", .buy, "10")
                try await fleet.settled(signals: signals)
                try await Task.sleep(for: .seconds(5))  // the book refills
            }
            try await trade(.buy, "0.2", "SOL", of: cast.follower("other"), fleet)
            try await Task.sleep(for: .seconds(5))
            try await trade(.sell, "0.2", "SOL", of: cast.follower("other"), fleet)
            try await fleet.exchange.trade("leader", "SOL", .sell, "10")
            try await fleet.settled(signals: 3)
            let first = try await #require(fleet.truth().results(of: "s:leader").last)
            #expect(first.outcome == .noLiquidity && first.filledSize.isZero)
            let sleeve = try await #require(fleet.truth().sleeves[HoldingKey("s:leader", "SOL")])
            #expect(sleeve.owed + sleeve.owed == sleeve.position, "half of it")
        }
    }

    @Test("R-55: a sleeve that holds more than the exchange gives that up, and its exit closes what there is")
    func givenUp() async throws {
        let cast = Cast.alike(1, Self.size)
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            let first = try await fleet.work("work-1", attentive)
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            await first.stop()
            // as when an order's result was lost with Redis: the sleeve knows of more than there is
            let held = try await #require(fleet.truth().results(of: "s0:leader").first?.position)
            let key = fleet.keys.sleeves(fleet.partitioning.account(cast.follower("s0").account))
            let field = HoldingKey("s0:leader", "BTC").field
            let stored = try await #require(fleet.observer.send(RedisCommand("HGET", key, field)).checked().text)
            let more = stored.replacingOccurrences(of: "\"position\":\"\(held)\"", with: "\"position\":\"\(held + held)\"")
            #expect(more != stored)
            _ = try await fleet.observer.send(RedisCommand("HSET", key, field, more)).checked()
            try await fleet.work("work-2", attentive)
            try await eventually("DRIFT", fleet)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.results(of: "s0:leader").map(\.outcome) == [.filled, .filled])
            #expect(truth.sleeves.isEmpty)
            #expect(try await !events(fleet).contains("COIN_FROZEN"))
        }
    }

    // MARK: - Circuit breakers

    @Test("R-83: refused orders open the account's breaker; its exits go on")
    func breaker() async throws {
        let cast = Cast.alike(1, Self.size)
        var settings = attentive
        settings.breakers.rejects = 1
        settings.breakers.pause = 60_000
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll(settings)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            // The agent is refused for this order, and allowed again.
            try await fleet.exchange.fault(["fault": "delist", "coin": "ETH"])
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.settled(signals: 2)
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 4)
            let results = try await fleet.truth().results(of: "s0:leader")
            #expect(results.first { $0.coin == "SOL" }?.outcome == .breaker)
            #expect(results.filter { $0.coin == "BTC" }.map(\.outcome) == [.filled, .filled])
            #expect(fleet.log.count("breaker.open") >= 1)
        }
    }
}
