import CopyTrading
import Testing

/// identity, continuity, order and classification of fills.
@Suite("Fills to signals")
struct SignalBuilderTests {
    private let now = Sample.received

    @Test("R-01: a trade id that comes again with other content is quarantined, and changes nothing")
    func conflictingContent() {
        var builder = Sample.builder()
        _ = builder.receive(message: [Sample.fill(.buy, "1", from: "0", tid: 5)], at: now)
        let other = Sample.fill(.buy, "2", from: "0", tid: 5)
        let events = builder.receive(message: [other], at: now)
        #expect(events == [.quarantine(other, reason: "trade 5 was delivered before with other content")])
        #expect(builder.positions == ["ETH": Size(1)])
        #expect(builder.duplicatesDropped == 0)
    }

    @Test("R-01: a fill with an impossible size, price, time or position is quarantined", arguments: [
        (Sample.fill(.buy, "0", from: "0", tid: 1), "size 0 is not positive"),
        (Sample.fill(.buy, "1", at: "0", from: "0", tid: 1), "price 0 is not positive"),
        (Sample.fill(.buy, "1", from: "0", tid: 1, after: -Sample.t0 - 1), "time -1 is not in milliseconds since 1970"),
        (Sample.fill(.buy, "1", from: "46000000000", tid: 1), "position after the fill is out of range"),
        (Sample.fill(.sell, "46000000000", from: "-46000000000", tid: 1), "position after the fill is out of range"),
    ])
    func defects(fill: LeaderFill, reason: String) {
        var builder = Sample.builder()
        #expect(builder.receive(message: [fill], at: now) == [.quarantine(fill, reason: reason)])
        #expect(builder.positions.isEmpty)
    }

    @Test("R-18: spot fills are ignored aloud, unless enabled")
    func spot() {
        let fill = Sample.fill(.buy, "5", from: "0", tid: 1, coin: "@107", dir: "Buy")
        var builder = Sample.builder()
        #expect(builder.receive(message: [fill], at: now) == [.ignored(fill, reason: "spot")])
        var enabled = Sample.builder { $0.includesSpot = true }
        #expect(enabled.receive(message: [fill], at: now).signals.first?.cause == .spot)
    }

    @Test("R-02: the cause comes from the exchange's words, the direction never does", arguments: [
        ("Open Long", Cause.voluntary), ("Liquidated Isolated Short", .liquidation), ("Auto-Deleveraging", .adl),
        ("Settlement", .settlement), ("Net Child Vaults", .vaultNet), ("Spot Dust Conversion", .dust),
    ])
    func causes(dir: String, cause: Cause) {
        var builder = Sample.builder()
        let signal = builder.receive(message: [Sample.fill(.sell, "1", from: "0", tid: 1, dir: dir)], at: now).signals.first
        #expect(signal?.cause == cause)
        #expect(signal?.legs == [Leg(action: .open, start: .zero, end: Size(-1))])
    }

    @Test("R-02: a TWAP slice is a TWAP's, a fill of someone else's liquidation is the leader's own will")
    func twapCause() {
        #expect(Sample.fill(.buy, "1", from: "0", tid: 1, twapID: 4).cause == .twap)
        #expect(Sample.fill(.buy, "1", from: "0", tid: 1, dir: "Open Long").cause == .voluntary)
        #expect(Sample.fill(.buy, "1", from: "0", tid: 1, dir: "Close Short", isLiquidation: true).cause == .liquidation)
    }

    @Test("R-05: every transition of a position has its legs", arguments: [
        ("0", "10", ["open 0 10"]), ("0", "-10", ["open 0 -10"]), ("10", "12", ["increase 10 12"]), ("-10", "-12", ["increase -10 -12"]),
        ("10", "7", ["reduce 10 7"]), ("-10", "-7", ["reduce -10 -7"]), ("10", "0", ["close 10 0"]), ("-10", "0", ["close -10 0"]),
        ("10", "-5", ["close 10 0", "open 0 -5"]), ("-10", "5", ["close -10 0", "open 0 5"]), ("10", "10", []), ("0", "0", []),
    ])
    func classification(start: String, end: String, expected: [String]) {
        let legs = Leg.legs(from: money(start), to: money(end))
        #expect(legs.map { "\($0.action.rawValue) \($0.start) \($0.end)" } == expected)
    }

    @Test("R-22: a leg's share is what the leader gave up of the position", arguments: [
        ("10", "7", "0.3"), ("-10", "-7", "0.3"), ("10", "0", "1"), ("3", "1", "0.666666666666666667"), ("3", "2", "0.333333333333333334"),
    ])
    func shares(start: String, end: String, share: String) {
        #expect(Leg.legs(from: money(start), to: money(end))[0].share?.description == share)
        #expect(Leg.legs(from: money(end), to: money(start))[0].share == nil)
    }

    @Test("R-05: an order that crosses zero over several fills is one signal of two legs that share the crossing fill")
    func flipOverSeveralFills() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(10)], at: Sample.t0 - 1))
        let fills = [
            Sample.fill(.sell, "6", at: "2000", from: "10", tid: 3), Sample.fill(.sell, "6", at: "1999", from: "4", tid: 1),
            Sample.fill(.sell, "3", at: "1998", from: "-2", tid: 2),
        ]
        let signals = builder.receive(message: fills, at: now).signals
        #expect(signals.count == 1)
        #expect(signals[0].legs.map(\.end) == [.zero, Size(-5)])
        #expect(signals[0].size == Size(15))
        #expect("\(signals[0].averagePrice)" == "1999.2")
    }

    @Test("R-04: fills of one millisecond are linked, whatever their order and trade ids, two orders of both sides included")
    func linkingWithinAMillisecond() {
        let fills = [
            Sample.fill(.buy, "2", from: "0", tid: 50, oid: 1), Sample.fill(.sell, "1", from: "2", tid: 40, oid: 2),
            Sample.fill(.sell, "4", from: "1", tid: 30, oid: 2), Sample.fill(.buy, "1", from: "-3", tid: 20, oid: 3),
        ]
        var reference: [SignalEvent]?
        for seed in 0..<20 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var builder = Sample.builder()
            let events = builder.receive(message: fills.shuffled(using: &generator), at: now)
            #expect(events.signals.map { "\($0.start)>\($0.end)" } == ["0>2", "2>-3", "-3>-2"])
            #expect(events == reference ?? events)
            reference = events
        }
    }

    @Test("a coin whose position is not known takes its first fill's start as base")
    func baseline() {
        var builder = Sample.builder()
        let events = builder.receive(message: [Sample.fill(.buy, "1", from: "5", tid: 1)], at: now)
        #expect(events.others == [.baseline(coin: "ETH", position: Size(5))])
        #expect(events.signals.map(\.legs) == [[Leg(action: .increase, start: Size(5), end: Size(6))]])
    }

    @Test("R-40: the network and the influencer are part of a signal's identity")
    func identity() {
        let fill = Sample.fill(.buy, "1", from: "0", tid: 1)
        var ids: Set<SignalID> = []
        for (influencer, network) in [("a", "mainnet"), ("b", "mainnet"), ("a", "testnet")] {
            var builder = SignalBuilder(influencer: InfluencerID(influencer), network: network)
            ids.formUnion(builder.receive(message: [fill], at: now).signals.map(\.id))
        }
        #expect(ids.count == 3)
    }
}
