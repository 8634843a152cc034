/// How large an entry is before caps, and the `k` it fixes.
struct EntrySize: Equatable {
    /// Coins, unsigned, not rounded to the lot.
    var size: Size
    /// Follower coins per leader coin.
    var k: Ratio

    /// What sizing looks at; `nil` is not known.
    struct Inputs {
        /// Coins the leader's leg changed its position by, and those it has after it.
        var leaderChange: Size
        var leaderEnd: Size
        var price: Price
        var leaderEquity: Notional?
        var leaderOrderMargin: Notional?
        var leaderMarginBalance: Notional?
        var leverage: Int
        var dailyVolatility: Ratio?
    }

    enum Fault: Error, Equatable {
        /// A fact the mode needs is not known: nothing is sized on a guess.
        case unknown(Outcome, String)
        case money(MoneyError)
    }

    static func open(_ mode: SizingMode, _ inputs: Inputs) throws(Fault) -> EntrySize {
        do {
            switch mode {
            case .fixedNotional(let notional, _): return try anchored(notional, inputs)
            case .fixedMargin(let margin): return try anchored(try margin.times(inputs.leverage), inputs)
            case .fixedSize(let size): return EntrySize(size: size, k: try Ratio(roundingUp: size, over: inputs.leaderEnd.magnitude))
            case .ratio(let ratio): return try proportional(ratio, inputs)
            case .equityProportional(let allocation, let multiplier):
                guard let equity = inputs.leaderEquity, equity > .zero else {
                    throw Fault.unknown(.equityUnknown, "the leader's equity is not known")
                }
                return try proportional(try Ratio(roundingUp: try multiplier * allocation, over: equity), inputs)
            case .marginProportional(let allocation, let multiplier):
                guard let margin = inputs.leaderOrderMargin, let balance = inputs.leaderMarginBalance, balance > .zero else {
                    throw Fault.unknown(.equityUnknown, "the margin of the leader's order or its margin balance is not known")
                }
                let share = try Ratio(margin, over: balance)
                return try anchored(try (try share * (try multiplier * allocation)).times(inputs.leverage), inputs)
            case .tiered(let brackets):
                return try anchored(try TieredSizing.notional(of: try inputs.price * inputs.leaderChange, brackets), inputs)
            case .volatilityScaled(let base, let target, let maximum):
                guard let volatility = inputs.dailyVolatility, volatility > .zero else {
                    throw Fault.unknown(.unsupported, "the coin's daily volatility is not known")
                }
                let weight = min(try Ratio(target, dividedBy: volatility), maximum)
                let plain = try open(base, inputs)
                return EntrySize(size: try weight * plain.size, k: try weight * plain.k)
            }
        } catch let fault as Fault {
            throw fault
        } catch let error as MoneyError {
            throw .money(error)
        } catch { preconditionFailure("nothing else is thrown above: \(error)") }
    }

    /// An increase follows the `k` that the OPEN fixed, whatever the settings are now.
    static func increase(k: Ratio, leaderChange: Size) throws(MoneyError) -> EntrySize {
        EntrySize(size: try k * leaderChange.magnitude, k: k)
    }

    /// So much worth of coins, whatever the leader's size; increases follow in proportion.
    private static func anchored(_ notional: Notional, _ inputs: Inputs) throws(MoneyError) -> EntrySize {
        EntrySize(
            size: try notional / inputs.price, k: try Ratio(roundingUp: notional, over: try inputs.price * inputs.leaderEnd.magnitude))
    }

    private static func proportional(_ k: Ratio, _ inputs: Inputs) throws(MoneyError) -> EntrySize {
        EntrySize(size: try k * inputs.leaderChange.magnitude, k: k)
    }
}

/// Marginal brackets: a larger order of the leader is never a smaller one of the follower.
enum TieredSizing {
    static func notional(of leader: Notional, _ brackets: [SizingBracket]) throws(MoneyError) -> Notional {
        var sum = Notional.zero
        var floor = Notional.zero
        for bracket in brackets where leader > floor {
            let ceiling = min(bracket.upTo ?? leader, leader)
            sum += try bracket.multiplier * (ceiling - floor)
            floor = bracket.upTo ?? leader
        }
        return sum
    }
}

extension Ratio {
    /// `numerator / denominator` of two positive values, rounded up at the 18th decimal: `k × change`, truncated at the eighth
    /// decimal, then gives the exact product wherever that has eight decimals, instead of one unit less.
    init<Value: FixedPoint>(roundingUp numerator: Value, over denominator: Value) throws(MoneyError) {
        let down = try Ratio(numerator, over: denominator)
        let isExact = Int128(numerator.e8) * Ratio.one.e18 % Int128(denominator.e8) == 0
        self.init(e18: isExact ? down.e18 : down.e18 + 1)
    }

    /// Quotient of two ratios, truncated at the 18th decimal.
    init(_ numerator: Ratio, dividedBy denominator: Ratio) throws(MoneyError) {
        guard denominator.e18 != 0 else { throw .divisionByZero }
        let (scaled, overflow) = numerator.e18.multipliedReportingOverflow(by: Ratio.one.e18)
        guard !overflow else { throw .outOfRange("\(numerator) / \(denominator)") }
        self.init(e18: scaled / denominator.e18)
    }
}

extension FixedPoint {
    func times(_ count: Int) throws(MoneyError) -> Self { try Self(e8: Int128(e8) * Int128(count)) }
}
