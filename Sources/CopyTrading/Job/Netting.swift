/// An order on an account that several subscriptions share, split where it would cross zero.
public struct NettedOrder: Sendable, Equatable {
    /// Coins, unsigned, that shrink the account's net position: may be reduce-only.
    public var reducing: Size
    /// Coins, unsigned, that make it grow on the other side, though the sleeve they belong to may be closing.
    public var increasing: Size

    /// - Parameter net: signed position of the whole account in the coin.
    public init(side: Side, size: Size, net: Size) {
        let shrinks = net.sign == -Int(side.sign)
        reducing = shrinks ? min(size, net.magnitude) : .zero
        increasing = size - reducing
    }
}

extension Sleeve {
    /// The sleeve when the exchange refused to reduce because the account does not hold what its sleeves add up to: it keeps what
    /// the others leave it of the real position, never more than it had and never the other side.
    /// - Parameters:
    ///   - net: signed position of the whole account in the coin.
    ///   - others: signed sum of the account's other sleeves in the coin.
    public func corrected(net: Size, others: Size) -> Sleeve {
        let left = net - others
        guard left.sign == position.sign, !left.isZero else { return .empty }
        guard left.magnitude < position.magnitude else { return self }
        var next = self
        next.position = left
        next.owed = min(owed, left.magnitude)
        next.revision += 1
        return next
    }
}
