/// How a reading of a leader's positions compares with those that were known for its moment.
public struct SnapshotComparison: Sendable, Equatable {
    public struct Difference: Sendable, Equatable {
        public var coin: Coin
        public var expected: Size
        public var found: Size

        public init(coin: Coin, expected: Size, found: Size) {
            self.coin = coin
            self.expected = expected
            self.found = found
        }
    }

    public var differences: [Difference] = []
    /// Coins in which fills wait for others, so that nothing can be said now.
    public var undecided: [Coin] = []

    public init() {}

    public var isEqual: Bool { differences.isEmpty && undecided.isEmpty }
}
