/// What one order, or all attempts of one job, traded: by the exchange's answer to the order, which says size and price but no fee, or
/// by its fills where there was no such answer. The drift loop compares what that adds up to with the account.
public struct OrderFills: Sendable, Equatable {
    /// Coins, unsigned.
    public private(set) var filled: Size = .zero
    public private(set) var fee: Notional = .zero
    /// Σ price × size in units of 1e-16.
    private var weight: Int128 = 0

    public init() {}

    /// - Parameter fee: negative for a rebate.
    public mutating func add(size: Size, price: Price, fee: Notional) {
        filled += size.magnitude
        self.fee += fee
        weigh(Int128(price.e8) * Int128(size.magnitude.e8))
    }

    public mutating func add(_ other: OrderFills) {
        filled += other.filled
        fee += other.fee
        weigh(other.weight)
    }

    /// Prices and sizes of the exchange are in range one by one; no number of them may trap.
    private mutating func weigh(_ more: Int128) {
        let (sum, overflow) = weight.addingReportingOverflow(more)
        weight = overflow ? (more < 0 ? .min : .max) : sum
    }

    /// USDC traded, truncated at the eighth decimal.
    public var value: Notional { Notional(e8: Int64(clamping: weight / Int128(Price.scale))) }

    /// Truncated at the eighth decimal; `nil` when nothing was filled.
    public var averagePrice: Price? { filled.isZero ? nil : Price(e8: Int64(clamping: weight / Int128(filled.e8))) }
}
