/// What holds for all subscriptions of one exchange account.
public struct AccountSettings: Sendable, Equatable {
    public var state: CopyState
    public var sharing: AccountSharing
    public var limits: Limits
    public var losses: LossLimits

    public init(
        state: CopyState = .active, sharing: AccountSharing = .lock, limits: Limits = Limits(), losses: LossLimits = LossLimits()
    ) {
        self.state = state
        self.sharing = sharing
        self.limits = limits
        self.losses = losses
    }

    /// Caps over everything the account holds, USDC; entries are clipped to the room left.
    public struct Limits: Sendable, Equatable {
        /// Worth of what all subscriptions hold in one coin.
        public var maximumCoinNotional: Notional?
        /// Sum of all positions' worth, and the difference of long and short.
        public var maximumGrossNotional: Notional?
        public var maximumNetNotional: Notional?
        /// Gross worth as a multiple of equity.
        public var maximumLeverage: Int?
        /// How far all prices may move against the account before it is liquidated, basis points, kept by every entry.
        public var minimumLiquidationBufferBasisPoints: Int?
        /// What the account is funded with, if its owner says so; the allocations of its subscriptions fit into it.
        public var declaredEquity: Notional?
        /// Part of that which is not allocated, basis points.
        public var equityBufferBasisPoints: Int

        public init(
            maximumCoinNotional: Notional? = nil, maximumGrossNotional: Notional? = nil, maximumNetNotional: Notional? = nil,
            maximumLeverage: Int? = nil, minimumLiquidationBufferBasisPoints: Int? = nil, declaredEquity: Notional? = nil,
            equityBufferBasisPoints: Int = 500
        ) {
            self.maximumCoinNotional = maximumCoinNotional
            self.maximumGrossNotional = maximumGrossNotional
            self.maximumNetNotional = maximumNetNotional
            self.maximumLeverage = maximumLeverage
            self.minimumLiquidationBufferBasisPoints = minimumLiquidationBufferBasisPoints
            self.declaredEquity = declaredEquity
            self.equityBufferBasisPoints = equityBufferBasisPoints
        }

        /// True when a cap needs to know what the account holds.
        public var needAccountFacts: Bool {
            maximumGrossNotional != nil || maximumNetNotional != nil || maximumLeverage != nil
                || minimumLiquidationBufferBasisPoints != nil
        }
    }
}

/// Several leaders on one account.
public enum AccountSharing: String, Sendable, CaseIterable {
    /// Each account has one subscription: a second one is a fault of the configuration.
    case isolated
    /// Who first holds a coin owns it; the entries of the others are skipped.
    case lock
    /// Each subscription has its own part of the account's position; orders are netted.
    case sleeves
}

/// Allocations are labels on one equity: together they may not exceed it.
public enum AllocationCheck {
    /// `nil` when they fit; else how much they are together and how much there is.
    public static func excess(
        of allocations: [Notional], equity: Notional, bufferBasisPoints: Int
    ) -> (allocated: Notional, available: Notional)? {
        let available = Int128(equity.e8) * Int128(10_000 - bufferBasisPoints) / 10_000
        let allocated = allocations.reduce(Int128(0)) { $0 + Int128($1.e8) }
        guard allocated > available else { return nil }
        return (Notional(e8: Int64(clamping: allocated)), Notional(e8: Int64(clamping: available)))
    }
}

extension SizingMode {
    /// The part of the account's equity this mode counts on; `nil` for modes that name none.
    public var allocation: Notional? {
        switch self {
        case .equityProportional(let allocation, _), .marginProportional(let allocation, _): allocation
        case .fixedMargin(let margin): margin
        case .volatilityScaled(let base, _, _): base.allocation
        case .fixedNotional, .fixedSize, .ratio, .tiered: nil
        }
    }
}
