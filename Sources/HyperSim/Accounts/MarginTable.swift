import CopyTrading

/// How the leverage a market allows falls with the size of a position, and the maintenance margin with it.
public struct MarginTable: Sendable, Equatable {
    public struct Tier: Sendable, Equatable {
        /// Value of a position, in USDC, from which it applies.
        public var lowerBound: Notional
        public var maximumLeverage: Int
        /// Makes the maintenance margin continuous from tier to tier.
        var deduction = Notional.zero

        /// value / (2 × leverage) − deduction.
        func maintenance(_ value: Notional) -> Notional { Notional(e8: value.e8 / Int64(2 * maximumLeverage)) - deduction }
    }

    /// Ascending from zero.
    public let tiers: [Tier]

    /// One tier for every size.
    public init(maximumLeverage: Int) { tiers = [Tier(lowerBound: .zero, maximumLeverage: maximumLeverage)] }

    /// - Parameter tiers: lower bound and leverage, ascending from zero, leverages falling.
    /// - Throws: ``HyperSimError/configuration(_:)`` when they are not.
    public init(tiers given: [(lowerBound: Notional, maximumLeverage: Int)]) throws(HyperSimError) {
        guard given.first?.lowerBound == .zero else { throw .configuration("margin tiers: the first does not begin at 0") }
        var tiers: [Tier] = []
        for (lowerBound, leverage) in given {
            guard (1...100).contains(leverage) else { throw .configuration("margin tiers: leverage \(leverage), expected 1 to 100") }
            var tier = Tier(lowerBound: lowerBound, maximumLeverage: leverage)
            if let last = tiers.last {
                guard lowerBound > last.lowerBound, leverage < last.maximumLeverage else {
                    throw .configuration("margin tiers: \(leverage)x from \(lowerBound) does not follow \(last.maximumLeverage)x from \(last.lowerBound)")
                }
                // deduction + lowerBound × (rate − rate before), the rates being 1 / (2 × leverage)
                tier.deduction = Notional(e8: lowerBound.e8 / Int64(2 * leverage)) - last.maintenance(lowerBound)
            }
            tiers.append(tier)
        }
        self.tiers = tiers
    }

    public var maximumLeverage: Int { tiers[0].maximumLeverage }

    /// - Parameter value: of a position, not negative.
    func tier(at value: Notional) -> Tier { tiers.last { value >= $0.lowerBound } ?? tiers[0] }

    func maintenance(_ value: Notional) -> Notional { tier(at: value).maintenance(value) }
}

/// Which margin a market's positions may have.
public enum MarginMode: String, Sendable {
    case any
    /// Isolated only.
    case noCross
    /// Isolated only, and margin once given stays.
    case strictIsolated
}
