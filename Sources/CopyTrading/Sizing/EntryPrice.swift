/// The most an entry may pay, or the least it may get: the strictest of the caps relative to the leader, the book and the mark.
public struct EntryPriceCaps: Sendable, Equatable {
    /// Basis points from the leader's average price. Always in force.
    public var leader: Int
    /// From the best price of the other side of the book, and from the mark; `nil` is no such cap.
    public var book: Int?
    public var mark: Int?

    public init(leader: Int = 50, book: Int? = 50, mark: Int? = 150) {
        self.leader = leader
        self.book = book
        self.mark = mark
    }

    /// The limit, rounded so that no cap is exceeded; `nil` when no legal positive price is left. A cap whose reference is not known
    /// does not bind: the leader's always does.
    public func limit(side: Side, leaderPrice: Price, quote: Quote?, markPrice: Price?, sizeDecimals: Int) -> Price? {
        let references: [(Price?, Int?)] = [(leaderPrice, leader), (quote?.opposite(of: side), book), (markPrice, mark)]
        var strictest: Price?
        for case (let reference?, let basisPoints?) in references {
            guard
                let limit = TickRounding.limit(
                    reference: reference, basisPoints: basisPoints, side: side, purpose: .entry, sizeDecimals: sizeDecimals)
            else { return nil }
            strictest = strictest.map { side == .buy ? min($0, limit) : max($0, limit) } ?? limit
        }
        return strictest
    }
}
