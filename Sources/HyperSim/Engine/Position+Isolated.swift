import CopyTrading

/// The cash of an isolated position: collateral − entry × szi. Only the position's own collateral is at risk.
extension Position {
    /// Applies a trade to ``isolatedCash``; call before ``apply(_:size:price:grid:)``.
    ///
    /// The closed part sets free its share of the position's equity at the trade's price; the opened part takes initial margin from the
    /// account.
    /// - Returns: what the account's own cash changes by.
    mutating func moveIsolatedCash(_ side: Side, size traded: Size, price: Price, leverage: Int) -> Notional {
        let closed = size.sign * Int(side.sign) < 0 ? min(traded, size.magnitude) : .zero
        let opened = traded - closed
        var held = isolatedCash ?? .zero
        var released = Notional.zero
        if !closed.isZero {
            let rest = size.magnitude - closed
            let received = Money.product(price, closed)
            held = size.e8 > 0 ? held + received : held - received
            let restValue = Money.product(price, rest)
            let equity = size.e8 > 0 ? held + restValue : held - restValue
            let kept = Notional(e8: Int64(Int128(equity.e8) * Int128(rest.e8) / Int128(size.e8.magnitude)))
            released = equity - kept
            held -= released
        }
        if !opened.isZero {
            // The rest of the trade's value, so that both parts together are what the other side paid.
            let value = Money.product(price, traded) - Money.product(price, closed)
            let margin = Notional(e8: value.e8 / Int64(leverage)).truncated(decimals: 6)
            held = side == .buy ? held - value : held + value
            held += margin
            released -= margin
        }
        isolatedCash = held
        return released
    }
}
