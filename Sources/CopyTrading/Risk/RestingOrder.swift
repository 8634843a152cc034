/// An order of ours that rests at the exchange: a reduce-only trigger, or a limit order that adds to a position as the leader's does.
public struct RestingOrder: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case stopLoss = "sl", takeProfit = "tp", limit

        /// Whether it waits for its price and then closes; a limit order adds.
        public var isTrigger: Bool { self != .limit }
    }

    public var kind: Kind
    public var side: Side
    /// Coins in whole lots: all the sleeve holds, or a share of it for one of the leader's.
    public var size: Size
    public var price: Price

    public init(kind: Kind, side: Side, size: Size, price: Price) {
        self.kind = kind
        self.side = side
        self.size = size
        self.price = price
    }
}
