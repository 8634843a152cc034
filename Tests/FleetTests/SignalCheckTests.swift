import CopyTrading
import Testing

@testable import vibe

/// What a soak would miss, it would miss for good: every kind of fault must be noticed.
@Suite struct SignalCheckTests {
    private let leader = "lead-0001"

    private func check(fills: [(Int64, Int)]) -> SignalCheck {
        var check = SignalCheck()
        for (trade, change) in fills { check.made(.init(trade: trade, change: Size(change)), by: leader, in: "BTC") }
        return check
    }

    private func signal(_ id: String, trades: ClosedRange<Int64>, count: Int, from start: Int, to end: Int, tier: Int = 1) -> Signal {
        Signal(
            id: SignalID(id), network: "testnet", influencer: InfluencerID(leader), coin: Coin("BTC"),
            legs: Leg.legs(from: Size(start), to: Size(end)), start: Size(start), end: Size(end), averagePrice: Price(100), size: Size(1),
            fillCount: count, firstFill: trades.lowerBound, lastFill: trades.upperBound, firstFillTime: 1, lastFillTime: 1, receivedAt: 1,
            crossed: true, cause: .voluntary, leaderEquity: nil, tier: tier)
    }

    @Test("every fill in one signal, in order, is no fault")
    func clean() {
        var check = check(fills: [(11, 1), (12, 2), (13, -5)])
        check.found(signal("a", trades: 11...12, count: 2, from: 0, to: 3))
        check.found(signal("b", trades: 13...13, count: 1, from: 3, to: -2, tier: 2))
        #expect(check.verdict.isEmpty)
        #expect(check.missing == 0)
        #expect(check.tiers == [1: 1, 2: 1])
    }

    @Test("a lost fill, at the end or in the middle, is noticed")
    func lost() {
        var atEnd = check(fills: [(11, 1), (12, 2)])
        atEnd.found(signal("a", trades: 11...11, count: 1, from: 0, to: 1))
        #expect(atEnd.verdict == ["1 fills of lead-0001 in BTC have no signal"])
        var inside = check(fills: [(11, 1), (12, 2), (13, 4)])
        inside.found(signal("a", trades: 11...11, count: 1, from: 0, to: 1))
        inside.found(signal("b", trades: 13...13, count: 1, from: 1, to: 5))
        #expect(inside.faults.count == 1)
        #expect(inside.missing == 2)
    }

    @Test("a signal that is there twice, a fill in two signals, and signals out of order are noticed")
    func twice() {
        var sameID = check(fills: [(11, 1)])
        for _ in 0..<2 { sameID.found(signal("a", trades: 11...11, count: 1, from: 0, to: 1)) }
        #expect(sameID.faults.count == 1)
        var otherID = check(fills: [(11, 1), (12, 2)])
        otherID.found(signal("a", trades: 11...12, count: 2, from: 0, to: 3))
        otherID.found(signal("b", trades: 12...12, count: 1, from: 1, to: 3))
        #expect(otherID.faults.count == 1)
        var disordered = check(fills: [(11, 1), (12, 2)])
        disordered.found(signal("b", trades: 12...12, count: 1, from: 1, to: 3))
        #expect(!disordered.faults.isEmpty)
    }

    @Test("a signal whose position is not that of the fills is noticed")
    func position() {
        var check = check(fills: [(11, 1), (12, 2)])
        check.found(signal("a", trades: 11...12, count: 2, from: 0, to: 4))
        #expect(check.faults.count == 1)
    }

    @Test("the same seed makes the same fills, another seed others, and positions go through zero both ways")
    func load() {
        func walk(_ seed: UInt64) -> [String] {
            var load = SoakLoad(leaders: 5, seed: seed)
            return (0..<500).map { _ in load.next().body.text() }
        }
        #expect(walk(3) == walk(3))
        #expect(walk(3) != walk(4))
        var load = SoakLoad(leaders: 3, seed: 9)
        var positions: [String: Size] = [:]
        var flips = 0
        var closes = 0
        for _ in 0..<2_000 {
            let message = load.next()
            let key = message.leader + message.coin
            let before = positions[key] ?? .zero
            let after = message.changes.reduce(before) { $0 + $1 }
            if before.sign * after.sign < 0 { flips += 1 }
            if !before.isZero, after.isZero { closes += 1 }
            positions[key] = after
            #expect(message.changes.allSatisfy { !$0.isZero && $0.sign == message.changes[0].sign })
        }
        #expect(flips > 50 && closes > 50)
    }
}
