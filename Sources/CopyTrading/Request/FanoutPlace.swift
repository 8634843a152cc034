import JSON

/// Where a follower stands among all that copy one signal, and which part of the book is its own. Only the matcher knows them all; the
/// request carries it, so that each worker decides alone.
public struct FanoutPlace: Sendable, Equatable {
    /// What the parts of a signal's followers add up to, at most.
    public static let whole: Int64 = 1_000_000_000

    /// In the signal's order, which turns with every signal; from 1.
    public var rank: Int
    /// Of how many.
    public var followers: Int
    /// Of what all of them together may take of the book, in units of 1e-9: as large as its order among theirs. Zero for a follower that
    /// entries were off for, and where the signal has no entry.
    public var part: Int64

    public init(rank: Int, followers: Int, part: Int64 = 0) {
        self.rank = rank
        self.followers = followers
        self.part = part
    }

    /// Those of a signal's followers, in the order given. A function of the arguments alone: a successor computes the same.
    ///
    /// The parts are in proportion to what each would ask for by its settings. So all are cut by one factor, none is cut while all together
    /// fit, and the order in which they come decides nothing.
    /// - Parameter states: those above each subscription's own.
    public static func places(of followers: [Subscription], copying signal: Signal, states: (Subscription) -> ScopeStates) -> [FanoutPlace] {
        let entry = signal.legs.first(where: \.action.isEntry)
        let wanted = followers.map { follower -> Int128 in
            guard let entry, states(follower).allowEntries(subscription: follower.state), follower.limits.allows(signal.coin)
            else { return 0 }
            return Int128(follower.wanted(of: entry, of: signal).e8)
        }
        let sum = max(wanted.reduce(0, +), 1)
        return wanted.enumerated().map { index, own in
            FanoutPlace(rank: index + 1, followers: followers.count, part: Int64(own * Int128(whole) / sum))
        }
    }
}

extension FanoutPlace {
    /// `rank`, `of` and, unless it is zero, `part`: members of requests, jobs and results.
    var members: [(String, JSON)] {
        [("rank", .integer(rank)), ("of", .integer(followers))] + (part == 0 ? [] : [("part", .integer(part))])
    }

    /// - Returns: `nil` without these members: written before there were any, or by a worker of itself.
    public static func read(_ json: JSON) throws(JSONError) -> FanoutPlace? {
        func number(_ name: String, _ range: ClosedRange<Int64>) throws(JSONError) -> Int64 {
            let number = try json.integer(name)
            guard range.contains(number) else { throw JSONError(path: name, problem: "\(number) is not within \(range.lowerBound)…\(range.upperBound)") }
            return number
        }
        guard json["rank"] != nil else { return nil }
        let followers = try number("of", 1...Int64(Int32.max))
        let rank = try number("rank", 1...followers)
        return FanoutPlace(rank: Int(rank), followers: Int(followers), part: json["part"] == nil ? 0 : try number("part", 0...whole))
    }
}

extension Subscription {
    /// What it would ask for of a leader's entry, USDC, by its own settings and what the signal tells. Facts that only the planner has are
    /// left out, and what is not known of the leader is taken alike for all.
    func wanted(of leg: Leg, of signal: Signal) -> Notional {
        guard let worth = try? signal.averagePrice * leg.change.magnitude, worth > .zero else { return .zero }
        let equity = signal.leaderEquity.flatMap { $0 > .zero ? $0 : nil }
        let margin = equity == nil ? nil : PlanningFacts.Leader().completed(by: signal, for: leg).orderMargin
        let inputs = EntrySize.Inputs(
            leaderChange: leg.change, leaderEnd: leg.end, price: signal.averagePrice, leaderEquity: equity ?? worth,
            leaderOrderMargin: margin ?? worth, leaderMarginBalance: margin.flatMap { _ in equity } ?? worth,
            leverage: leverage.leverage(leader: signal.leaderLeverage, account: nil, market: .max), dailyVolatility: nil)
        guard let entry = try? EntrySize.open(sizing.unscaled, inputs) else { return .zero }
        let size = leg.action == .open || !sizing.followsLeader ? entry.size : (try? entry.k * leg.change.magnitude) ?? .zero
        let caps = [limits.maximumOrderNotional, limits.maximumPositionNotional].compactMap { $0 }
        return caps.reduce((try? signal.averagePrice * size) ?? .zero, min)
    }
}

extension SizingMode {
    /// Without its weight by volatility.
    fileprivate var unscaled: SizingMode {
        if case .volatilityScaled(let base, _, _) = self { return base.unscaled }
        return self
    }
}
