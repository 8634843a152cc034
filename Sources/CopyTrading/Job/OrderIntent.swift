/// The order a worker is to send: an immediate-or-cancel limit order.
public struct OrderIntent: Sendable, Equatable {
    public var side: Side
    /// Coins, unsigned, in whole lots.
    public var size: Size
    /// A legal price.
    public var limit: Price
    public var reduceOnly: Bool
    /// True when a reduction was enlarged to the whole position, because what remained could not have been sold later.
    public var isSnapClose: Bool
    /// For exits: all that is to be given up, what rounding leaves undone included. Zero for entries.
    public var owed: Size
    /// For exits of a shared account: coins of the same job that follow as an order of their own, because this one must not cross
    /// zero.
    public var remainder: Size
    /// Coins that wait afterwards to be bought with what follows.
    public var residue: Size
    /// For entries: what is held afterwards is a new measure for increases, because a cap made this one smaller.
    public var correctsK: Bool
    /// What was changed right before sending.
    public var clips: [Clip]
    /// What made the order differ from the job, for people.
    public var detail: String?

    public init(
        side: Side, size: Size, limit: Price, reduceOnly: Bool, isSnapClose: Bool = false, owed: Size = .zero, remainder: Size = .zero,
        residue: Size = .zero, correctsK: Bool = false, clips: [Clip] = [], detail: String? = nil
    ) {
        self.side = side
        self.size = size
        self.limit = limit
        self.reduceOnly = reduceOnly
        self.isSnapClose = isSnapClose
        self.owed = owed
        self.remainder = remainder
        self.residue = residue
        self.correctsK = correctsK
        self.clips = clips
        self.detail = detail
    }
}

/// Prices of one market at the moment of sending.
public struct Quote: Sendable, Equatable {
    /// The middle of the book; where no book is known, the leader's price.
    public var reference: Price
    public var bestBid: Price?
    public var bestAsk: Price?

    public init(reference: Price, bestBid: Price? = nil, bestAsk: Price? = nil) {
        self.reference = reference
        self.bestBid = bestBid
        self.bestAsk = bestAsk
    }

    /// Of a book; `nil` when both sides are empty. With one side, that is the reference.
    public init?(bestBid: Price?, bestAsk: Price?) {
        guard let first = bestBid ?? bestAsk else { return nil }
        let middle = (Int128(first.e8) + Int128((bestAsk ?? first).e8)) / 2
        self.init(reference: Price(e8: Int64(middle)), bestBid: bestBid, bestAsk: bestAsk)
    }

    /// What an order of this side would trade against first.
    func opposite(of side: Side) -> Price? { side == .buy ? bestAsk : bestBid }

    /// Of the middle of the book, rounded up; `nil` when a side is not known.
    public var spreadBasisPoints: Int? {
        guard let bestBid, let bestAsk, bestBid > .zero, bestAsk > .zero else { return nil }
        let sum = Int128(bestAsk.e8) + Int128(bestBid.e8)
        return Int(clamping: (Int128(bestAsk.e8 - bestBid.e8) * 20_000 + sum - 1) / sum)
    }
}

/// How far an exit may pay past the book, by attempt. An exit that found no liquidity is tried again further away.
public enum ExitLadder {
    public static let basisPoints = [100, 200, 300, 500]

    /// - Parameter attempt: from 1; past the last step it stays there.
    public static func basisPoints(attempt: Int) -> Int { basisPoints[min(max(attempt, 1), basisPoints.count) - 1] }
}
