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
