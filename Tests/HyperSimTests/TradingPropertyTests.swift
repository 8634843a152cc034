import CopyTrading
import Foundation
import JSON
import Testing

@testable import HyperSim

/// Random orders, cancels, modifications, triggers and price moves of several accounts, repeated by a seed: what must hold after every one.
@Suite struct TradingPropertyTests {
    @Test("whatever happens, books are never crossed, trades have two sides, orders add up, and a replay of the inputs is the same", arguments: 1...12)
    func invariants(seed: UInt64) throws {
        var world = RandomWorld(seed: seed)
        var first = try Observed(seed)
        var lines: [[UInt8]] = []
        for _ in 0..<600 {
            let (input, time) = try world.next(first.engine)
            var writer = WireWriter()
            input.write(at: time, to: &writer)
            lines.append(writer.bytes)
            first.apply(input, at: time)
            first.check()
        }
        // Enough happened for the checks to mean something.
        #expect(first.userTrades > 5 && first.houseTrades > 50 && first.makerFills > 10)
        #expect(Set(first.orders.values.map(\.status)).isSuperset(of: [.filled, .canceled, .reduceOnlyCanceled, .iocCancelRejected]))
        var second = try Observed(seed)
        for line in lines {
            let (input, time) = try EngineInput.read(try JSON.parse(line), universe: second.engine.universe)
            second.apply(input, at: time)
        }
        #expect(first.ledger.count == second.ledger.count)
        for (index, (one, other)) in zip(first.ledger, second.ledger).enumerated() where one != other {
            Issue.record("line \(index): \(String(decoding: one, as: UTF8.self)) is \(String(decoding: other, as: UTF8.self)) in the replay")
            break
        }
    }
}

/// An engine and what all its effects so far add up to.
private struct Observed {
    let engine: Engine
    private(set) var ledger: [[UInt8]] = []
    private(set) var userTrades = 0
    private(set) var houseTrades = 0
    private(set) var makerFills = 0
    /// What the house holds, by market.
    private var house: [Int: Int64] = [:]
    private var filled: [Int64: Size] = [:]
    private(set) var orders: [Int64: PlacedOrder] = [:]
    private var now: Int64 = 0

    init(_ seed: UInt64) throws {
        let shape = BookShape(
            halfSpreadBasisPoints: 8, levelSpacingBasisPoints: 2, levelCount: 5, levelDepth: Notional(2_000), refillMilliseconds: 150, seed: seed)
        let listings = [
            Listing(coin: "BTC", price: Price(50_000), sizeDecimals: 5, maximumLeverage: 20),
            Listing(coin: "ETH", price: Price(2_000), sizeDecimals: 4, maximumLeverage: 20),
        ]
        engine = Engine(
            universe: try Universe(listings: listings, book: shape),
            parameters: EngineParameters(
                takerFeeMillionths: 450, makerFeeMillionths: 150, followerHistoryLimit: 5_000, leaderHistoryLimit: 100, seed: seed))
        try engine.openLeader(RandomWorld.leader, name: "leader", equity: Notional(200_000))
        for user in RandomWorld.users { try engine.open(user, agent: nil, master: nil, balance: Notional(100_000)) }
    }

    mutating func apply(_ input: EngineInput, at time: Int64) {
        now = time
        do throws(HyperSimError) { try engine.apply(input, at: time) } catch { Issue.record("\(error)") }
        let effects = engine.takeEffects()
        for entry in effects.ledger {
            var writer = WireWriter()
            entry.write(to: &writer)
            ledger.append(writer.bytes)
        }
        for update in effects.orderUpdates { orders[update.update.order.oid] = update.update.order }
        for (tid, sides) in Dictionary(grouping: effects.fills.filter { !$0.account.isLeader }, by: \.fill.tid) { checkTrade(tid, sides) }
    }

    private mutating func checkTrade(_ tid: Int64, _ sides: [(account: Account, fill: Fill)]) {
        for side in sides {
            filled[side.fill.oid, default: .zero] += side.fill.size
            if !side.fill.crossed { makerFills += 1 }
            guard orders[side.fill.oid]?.reduceOnly == true else { continue }
            let (start, end) = (side.fill.startPosition, side.fill.endPosition)
            #expect(start.sign * end.sign >= 0 && end.magnitude < start.magnitude, "reduce-only order \(side.fill.oid) went from \(start) to \(end)")
        }
        guard sides.count == 2 else {
            #expect(sides.count == 1, "trade \(tid) has \(sides.count) sides")
            houseTrades += 1
            house[sides[0].fill.market.index, default: 0] -= sides[0].fill.side.sign * sides[0].fill.size.e8
            return
        }
        userTrades += 1
        let (one, other) = (sides[0].fill, sides[1].fill)
        #expect(one.size == other.size && one.price == other.price && one.hash == other.hash && one.side != other.side && one.crossed != other.crossed)
        #expect(sides[0].account !== sides[1].account, "trade \(tid) is with itself")
    }

    func check() {
        let users = RandomWorld.users.map { engine.account($0)! }
        for market in engine.universe.markets {
            let depth = market.depth(now: now)
            if let bid = depth.bids.first, let ask = depth.asks.first { #expect(bid.price < ask.price, "\(market.coin) is crossed at \(now)") }
            if let bid = market.orders.best(.buy), let ask = market.orders.best(.sell) { #expect(bid.limit < ask.limit) }
            let held = users.reduce(Int64(0)) { $0 + $1.position(in: market).size.e8 }
            #expect(held + house[market.index, default: 0] == 0, "\(market.coin): positions do not add up")
            let inBook = users.reduce(0) { count, user in count + user.open.values.count { $0.market === market } }
            #expect(market.orders.count == inBook)
            #expect(users.reduce(Size.zero) { $0 + max(.zero, $1.position(in: market).size) } + leaderLong(market) == market.longInterest)
        }
        for user in users {
            for order in user.open.values where order.reduceOnly {
                #expect(order.side.reduces(user.position(in: order.market).size))
                #expect(order.remaining <= user.position(in: order.market).size.magnitude)
            }
        }
        for order in orders.values where !order.isPositionTpsl {
            let known = filled[order.oid, default: .zero] + order.remaining
            #expect(order.reduceOnly ? known <= order.originalSize : known == order.originalSize, "order \(order.oid) does not add up")
            #expect((order.status == .filled) == order.remaining.isZero || order.status == .reduceOnlyCanceled)
        }
    }

    private func leaderLong(_ market: Market) -> Size { max(.zero, engine.account(RandomWorld.leader)!.position(in: market).size) }
}

/// The random inputs.
private struct RandomWorld {
    static let users = ["a", "b", "c", "d"].map { "0x" + String(repeating: $0, count: 40) }
    static let leader = LeaderAddress.of("leader")

    private var random: SeededRandom
    private var now: Int64 = 1_800_000_000_000
    private var nonce: UInt64 = 1_800_000_000_000

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func next(_ engine: Engine) throws -> (EngineInput, Int64) {
        now += Int64(random.below(200))
        let market = engine.universe.markets[random.below(2)]
        let user = engine.account(Self.users[random.below(Self.users.count)])!
        switch random.below(20) {
        case 0: return (.prices(PriceChange(coin: market.coin, mid: price(market, spread: 100))), now)
        case 1: return (.prices(PriceChange(coin: market.coin, isFrozen: random.below(2) == 0)), now)
        case 2: return (.prices(PriceChange(coin: market.coin, mark: random.below(2) == 0 ? .mid : .fixed(price(market, spread: 200)))), now)
        case 3:
            let fill = Engine.LeaderFill(
                market: market, price: price(market, spread: 60), size: size(market), side: side(), crossed: random.below(4) > 0)
            return (.fills(leader: Self.leader, [fill], replayed: 0), now)
        case 4:
            let trade = PublicTrade(coin: market.coin, side: side(), price: price(market, spread: 60), size: size(market))
            return (.publicTrade(trade), now)
        case 5: return (.time, now)
        case 6 where random.below(3) == 0:
            let ends = ["levels": random.below(2) == 0 ? JSON.null : book(market)]
            return (.book(try BookChange(json: .object([.init("coin", .string(market.coin))] + ends.map { .init($0.key, $0.value) }))), now)
        case 7, 8: return try action(cancel(user, market), user)
        case 9, 10: return try action(modify(user, market), user)
        case 11: return try action(family(market), user)
        case 12: return try action(positionTriggers(user, market), user)
        case 13:
            let twap: JSON = [
                "type": "twapOrder",
                "twap": ["a": .integer(market.asset), "b": .bool(random.below(2) == 0), "s": market.coin == "BTC" ? "0.01" : "0.3", "r": false, "m": 5, "t": true],
            ]
            return try action(twap, user)
        default: return try action(orders(market, user), user)
        }
    }

    private mutating func action(_ json: JSON, _ user: Account) throws -> (EngineInput, Int64) {
        nonce += 1
        let digits = String(nonce, radix: 16)
        let hash = "0x" + String(repeating: "0", count: 64 - digits.count) + digits
        let signed = SignedInput(signer: user.address, nonce: nonce, hash: hash, operation: try Operations.decode(json))
        return (.action(signed), now)
    }

    private mutating func side() -> Side { random.below(2) == 0 ? .buy : .sell }

    /// Around the mid, at most `spread` basis points away.
    private mutating func price(_ market: Market, spread: Int) -> Price {
        let offset = Int64(random.below(2 * spread + 1) - spread)
        return market.grid.roundedDown(Price(e8: market.mid.e8 / 10_000 * (10_000 + offset)))
    }

    private mutating func size(_ market: Market) -> Size {
        market.grid.lots(Size(e8: Int64(1 + random.below(20)) * (market.coin == "BTC" ? 200_000 : 5_000_000)))
    }

    private mutating func order(_ market: Market, tif: String, reduceOnly: Bool, side: Side? = nil) -> JSON {
        [
            "a": .integer(market.asset), "b": .bool((side ?? self.side()) == .buy), "p": .string(price(market, spread: 30).description),
            "s": .string(size(market).description), "r": .bool(reduceOnly), "t": ["limit": ["tif": .string(tif)]],
        ]
    }

    private mutating func trigger(_ market: Market, side: Side, reduceOnly: Bool = true, size text: String? = nil) -> JSON {
        let price = price(market, spread: 60).description
        return [
            "a": .integer(market.asset), "b": .bool(side == .buy), "p": .string(price), "s": .string(text ?? size(market).description),
            "r": .bool(reduceOnly),
            "t": ["trigger": ["isMarket": .bool(random.below(2) == 0), "triggerPx": .string(price), "tpsl": random.below(2) == 0 ? "tp" : "sl"]],
        ]
    }

    private mutating func orders(_ market: Market, _ user: Account) -> JSON {
        let orders = (0...random.below(3)).map { _ in
            switch random.below(6) {
            case 0: trigger(market, side: side(), reduceOnly: random.below(2) == 0)
            case 1: order(market, tif: "Gtc", reduceOnly: true)
            case 2: order(market, tif: "Alo", reduceOnly: false)
            case 3: order(market, tif: "Ioc", reduceOnly: random.below(3) == 0)
            default: order(market, tif: "Gtc", reduceOnly: false)
            }
        }
        return ["type": "order", "orders": .array(orders), "grouping": "na"]
    }

    private mutating func family(_ market: Market) -> JSON {
        let side = side()
        let parent = order(market, tif: random.below(3) == 0 ? "Ioc" : "Gtc", reduceOnly: false, side: side)
        let children = [trigger(market, side: side.opposite), trigger(market, side: side.opposite)]
        return ["type": "order", "orders": .array([parent] + children), "grouping": "normalTpsl"]
    }

    private mutating func positionTriggers(_ user: Account, _ market: Market) -> JSON {
        let side: Side = user.position(in: market).size.e8 > 0 ? .sell : .buy
        let orders = [trigger(market, side: side, size: "0"), trigger(market, side: side, size: "0")]
        return ["type": "order", "orders": .array(orders), "grouping": "positionTpsl"]
    }

    /// An order of the user's that rests or waits, or one that never was.
    private mutating func target(_ user: Account) -> PlacedOrder? {
        let orders = user.liveOrders
        return orders.isEmpty ? nil : orders[random.below(orders.count)]
    }

    private mutating func cancel(_ user: Account, _ market: Market) -> JSON {
        let target = target(user)
        return ["type": "cancel", "cancels": [["a": .integer(target?.market.asset ?? market.asset), "o": .integer(target?.oid ?? 1)]]]
    }

    private mutating func modify(_ user: Account, _ market: Market) -> JSON {
        let target = target(user)
        let market = target?.market ?? market
        let order =
            target?.trigger != nil
            ? trigger(market, side: target!.side, size: target!.isPositionTpsl ? "0" : nil)
            : order(market, tif: "Gtc", reduceOnly: target?.reduceOnly ?? false, side: target?.side)
        let oid = JSON.integer(target?.oid ?? 1)
        return random.below(2) == 0
            ? ["type": "modify", "oid": oid, "order": order] : ["type": "batchModify", "modifies": [["oid": oid, "order": order]]]
    }

    private mutating func book(_ market: Market) -> JSON {
        func level(_ offset: Int64) -> JSON {
            ["px": .string(market.grid.roundedDown(Price(e8: market.mid.e8 / 10_000 * (10_000 + offset))).description), "sz": "1.5", "n": 2]
        }
        return [[level(-5), level(-15)], [level(5), level(15)]]
    }
}
