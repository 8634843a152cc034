/// When a leader is no longer one to copy: entries end, what is held follows the leader's exits.
public struct LeaderHygiene: Sendable, Equatable {
    /// Fall from its highest equity, basis points; `nil` does not matter.
    public var maximumDrawdownBasisPoints: Int?
    public var maximumInactiveDays: Int?
    /// Share of its equity withdrawn within a day, basis points.
    public var maximumWithdrawalBasisPoints: Int?
    /// Share of its fills that are maker fills, per cent, together with flips of side per hour: a market maker's pattern.
    public var marketMakerPercent: Int?
    public var marketMakerFlipsPerHour: Int

    public init(
        maximumDrawdownBasisPoints: Int? = 5_000, maximumInactiveDays: Int? = nil, maximumWithdrawalBasisPoints: Int? = 5_000,
        marketMakerPercent: Int? = 90, marketMakerFlipsPerHour: Int = 20
    ) {
        self.maximumDrawdownBasisPoints = maximumDrawdownBasisPoints
        self.maximumInactiveDays = maximumInactiveDays
        self.maximumWithdrawalBasisPoints = maximumWithdrawalBasisPoints
        self.marketMakerPercent = marketMakerPercent
        self.marketMakerFlipsPerHour = marketMakerFlipsPerHour
    }

    /// What is known of the leader; `nil` is not known and counts for nothing.
    public struct Record: Sendable, Equatable {
        public var wasLiquidated: Bool
        /// USDC, as are the next two.
        public var equity: Notional?
        public var highestEquity: Notional?
        public var withdrawnInDay: Notional?
        /// Milliseconds since 1970.
        public var lastTradeAt: Int64?
        public var fills: Int
        public var makerFills: Int
        public var flipsInHour: Int

        public init(
            wasLiquidated: Bool = false, equity: Notional? = nil, highestEquity: Notional? = nil, withdrawnInDay: Notional? = nil,
            lastTradeAt: Int64? = nil, fills: Int = 0, makerFills: Int = 0, flipsInHour: Int = 0
        ) {
            self.wasLiquidated = wasLiquidated
            self.equity = equity
            self.highestEquity = highestEquity
            self.withdrawnInDay = withdrawnInDay
            self.lastTradeAt = lastTradeAt
            self.fills = fills
            self.makerFills = makerFills
            self.flipsInHour = flipsInHour
        }
    }

    /// Fewest fills by which a pattern is judged.
    public static let fewestFills = 50

    /// Why the leader is latched at ``KillLevel/windDown``; `nil` while all is well.
    /// - Parameter now: milliseconds since 1970.
    public func verdict(_ record: Record, now: Int64) -> String? {
        if record.wasLiquidated { return "the leader was liquidated" }
        if let most = maximumDrawdownBasisPoints, let equity = record.equity, let highest = record.highestEquity, highest > .zero {
            let fall = (Int128(highest.e8) - Int128(equity.e8)) * 10_000 / Int128(highest.e8)
            if fall > Int128(most) { return "the leader's equity fell \(fall) bps from its highest" }
        }
        if let most = maximumWithdrawalBasisPoints, let equity = record.equity, let withdrawn = record.withdrawnInDay, withdrawn > .zero {
            let before = Int128(equity.e8) + Int128(withdrawn.e8)
            if before > 0, Int128(withdrawn.e8) * 10_000 > before * Int128(most) { return "the leader withdrew \(withdrawn) within a day" }
        }
        if let most = maximumInactiveDays, let last = record.lastTradeAt {
            let days = (now - last) / 86_400_000
            if days > Int64(most) { return "the leader has not traded for \(days) days" }
        }
        if let share = marketMakerPercent, record.fills >= Self.fewestFills, record.makerFills * 100 >= share * record.fills,
            record.flipsInHour >= marketMakerFlipsPerHour
        {
            return "the leader trades like a market maker: \(record.makerFills) of \(record.fills) fills as maker, "
                + "\(record.flipsInHour) changes of side in an hour"
        }
        return nil
    }
}

extension Signal {
    /// whoever copies a leader that is being liquidated stops opening.
    public var endsEntries: Bool { cause == .liquidation || cause == .adl }
}
