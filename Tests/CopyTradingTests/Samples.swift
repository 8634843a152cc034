import CopyTrading
import Foundation
import JSON

/// Builders of the values the tests speak about; the numbers are those of the rules' golden vectors: ETH at about 2,000 with
/// four size decimals, a leader's equity of 200,000 and an allocation of 5,000.
enum Sample {
    static let coin: Coin = "ETH"
    static let instrument = Instrument(coin: "ETH", asset: 1, sizeDecimals: 4, maximumLeverage: 25)
    static let leaderEquity = Notional(200_000)
    /// Exchange time of the first fill, milliseconds.
    static let t0: Int64 = 1_784_500_000_000
    /// A receive time of that fill, microseconds.
    static let received: Int64 = (t0 + 400) * 1_000

    static func builder(cursor: LeaderCursor = LeaderCursor(), _ change: (inout SignalBuilder.Configuration) -> Void = { _ in }) -> SignalBuilder {
        var configuration = SignalBuilder.Configuration()
        change(&configuration)
        var builder = SignalBuilder(influencer: "leader-1", network: "mainnet", cursor: cursor, configuration: configuration)
        builder.leaderEquity = leaderEquity
        return builder
    }

    static func fill(
        _ side: Side, _ size: String, at price: String = "2000", from start: String, tid: Int64, oid: Int64 = 1, after: Int64 = 0,
        coin: Coin = coin, crossed: Bool = true, dir: String = "", twapID: Int64? = nil, isLiquidation: Bool = false
    ) -> LeaderFill {
        LeaderFill(
            coin: coin, price: money(price), size: money(size), side: side, time: t0 + after, startPosition: money(start), dir: dir,
            oid: oid, crossed: crossed, tid: tid, twapID: twapID, isLiquidationOfLeader: isLiquidation)
    }

    static func subscription(
        _ sizing: SizingMode = .equityProportional(allocation: Notional(5_000), multiplier: .one),
        limits: Subscription.Limits = Subscription.Limits(), filters: EntryFilters = EntryFilters(), state: Subscription.State = .active,
        inverse: Bool = false, belowMinimum: BelowMinimum = .automatic, _ change: (inout Subscription) -> Void = { _ in }
    ) -> Subscription {
        var subscription = Subscription(
            id: "sub-1", subscriber: "alice", influencer: "leader-1", account: "0xa11ce", sizing: sizing, limits: limits, filters: filters,
            state: state, inverse: inverse, belowMinimum: belowMinimum, leverage: .matching(maximum: 1))
        change(&subscription)
        return subscription
    }

    /// A signal of one fill, by default a taker's.
    static func signal(
        from start: String, to end: String, at price: String = "2000", tid: Int64 = 7, coin: Coin = coin,
        equity: Notional? = leaderEquity, after: Int64 = 0, crossed: Bool = true, cause: Cause = .voluntary
    ) -> Signal {
        let start: Size = money(start)
        let end: Size = money(end)
        let legs = Leg.legs(from: start, to: end)
        return Signal(
            id: SignalID(network: "mainnet", influencer: "leader-1", coin: coin, firstFill: tid, lastFill: tid, legs: legs),
            network: "mainnet", influencer: "leader-1", coin: coin, legs: legs, start: start, end: end, averagePrice: money(price),
            size: (end - start).magnitude, fillCount: 1, firstFill: tid, lastFill: tid, firstFillTime: t0 + after,
            lastFillTime: t0 + after, receivedAt: received, crossed: crossed, cause: cause, leaderEquity: equity, tier: 1)
    }

    /// "sub-1" joins the leader's position in ETH, bought at 2,000 each.
    static func joining(_ position: String = "10", at price: String = "2000") -> Signal {
        var builder = builder(cursor: LeaderCursor(positions: [coin: money(position)], at: t0 - 5_000))
        let holding = LeaderHolding(position: money(position), entry: Price(2000), price: money(price))
        return builder.join(["sub-1"], holdings: [coin: holding], through: 3, at: t0, now: received).signals[0]
    }

    static func request(_ signal: Signal, subscription: SubscriptionID = "sub-1", place: FanoutPlace? = nil) -> ExecutionRequest {
        ExecutionRequest(
            id: RequestID(signal: signal.id, subscription: subscription), subscription: subscription, subscriber: "alice",
            account: "0xa11ce", configVersion: 3, place: place, signal: signal)
    }

    /// Plans with defaults: fresh, listed, active.
    static func plan(
        _ signal: Signal, _ subscription: Subscription? = subscription(), instrument: Instrument? = instrument,
        account: AccountSettings = AccountSettings(), lifecycle: Lifecycle? = nil, age: Int64 = 1_000,
        _ change: (inout PlanningFacts) -> Void = { _ in }
    ) -> Plan {
        var facts = PlanningFacts(instrument: instrument)
        change(&facts)
        return Planner.decide(
            request: request(signal), subscription: subscription, account: account, facts: facts, lifecycle: lifecycle, now: t0 + age)
    }

    static func prepare(
        _ job: ExecutionJob, _ sleeve: Sleeve, others: [SubscriptionID: Sleeve] = [:], instrument: Instrument? = instrument,
        quote: Quote? = nil, account: AccountView = AccountView(), fanout: FanoutCap? = nil, age: Int64 = 1_000, attempt: Int = 1
    ) -> Preparation {
        Preparation.decide(
            job: job, sleeve: sleeve, otherSleevesOnCoin: others, instrument: instrument,
            quote: quote ?? Quote(reference: job.referencePrice), account: account, fanout: fanout, now: t0 + age, attempt: attempt)
    }
}

/// A decimal literal; a malformed one is a mistake in the test.
func money<Value: FixedPoint>(_ text: String) -> Value {
    do { return try Value(parsing: text) } catch { preconditionFailure("\(error)") }
}

extension [SignalEvent] {
    var signals: [Signal] { compactMap { if case .signal(let signal) = $0 { signal } else { nil } } }
    var others: [SignalEvent] { filter { if case .signal = $0 { false } else { true } } }
}

extension Plan {
    var outcomes: [Outcome?] { legs.map { if case .skip(let leg) = $0 { leg.outcome } else { nil } } }
    var details: [String?] {
        legs.map {
            switch $0 {
            case .job(let job): job.detail
            case .skip(let leg): leg.detail
            }
        }
    }
}

extension Preparation {
    var intent: OrderIntent? { if case .send(let intent) = self { intent } else { nil } }
    var outcome: Outcome? { if case .skip(let outcome, _, _) = self { outcome } else { nil } }
    var detail: String? { if case .skip(_, let detail, _) = self { detail } else { nil } }
    var sleeve: Sleeve? { if case .skip(_, _, let sleeve) = self { sleeve } else { nil } }
}

/// Random numbers that a seed replays.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Files of `Tests/Fixtures`.
enum Fixture {
    static func json(_ name: String) throws -> JSON {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try JSON.parse([UInt8](try Data(contentsOf: folder.appendingPathComponent("Fixtures/\(name)"))))
    }

    /// The six recorded leaders, each with its fills in order of execution.
    static func leaders() throws -> [(name: String, fills: [LeaderFill])] { try parsedLeaders.get() }

    private static let parsedLeaders = Result {
        try json("leader_fills.json").array("leaders").map { leader in
            (try leader.string("leader"), try leader.list("fills", fill))
        }
    }

    private static func fill(_ json: JSON) throws(JSONError) -> LeaderFill {
        let side: Side = try json.string("side") == "B" ? .buy : .sell
        return LeaderFill(
            coin: Coin(try json.string("coin")), price: try json.decimal("px"), size: try json.decimal("sz"), side: side,
            time: try json.integer("time"), startPosition: try json.decimal("startPosition"), dir: try json.string("dir"),
            oid: try json.integer("oid"), crossed: try json.bool("crossed"), tid: try json.integer("tid"),
            twapID: try json.maybe("twapId") { value throws(JSONError) in try value.asInteger() })
    }
}
