/// One market as the fleet last heard of it. What is not known is `nil`.
public struct MarketQuote: Sendable, Equatable {
    public var bestBid: Price?
    public var bestAsk: Price?
    public var mark: Price?
    public var oracle: Price?
    /// Up to when the exchange was heard, milliseconds since 1970: the prices were these then.
    public var heardAt: Int64

    public init(bestBid: Price? = nil, bestAsk: Price? = nil, mark: Price? = nil, oracle: Price? = nil, heardAt: Int64) {
        self.bestBid = bestBid
        self.bestAsk = bestAsk
        self.mark = mark
        self.oracle = oracle
        self.heardAt = heardAt
    }

    /// The book, when a side of it is known.
    public var quote: Quote? { Quote(bestBid: bestBid, bestAsk: bestAsk) }

    /// How far mark and oracle are apart, of the oracle, rounded up.
    public var markOracleBasisPoints: Int? {
        guard let mark, let oracle, oracle > .zero else { return nil }
        let distance = Int128((Int128(mark.e8) - Int128(oracle.e8)).magnitude)
        return Int(clamping: (distance * 10_000 + Int128(oracle.e8) - 1) / Int128(oracle.e8))
    }
}

extension MarketQuote {
    /// `<bid> <ask> <mark> <oracle> <heardAt>`, `-` for what is not known: `49990 50010 50001.5 50000 1795240482390`.
    public var text: String {
        ([bestBid, bestAsk, mark, oracle].map { $0?.description ?? "-" } + ["\(heardAt)"]).joined(separator: " ")
    }

    /// Reads ``text``; a price or a time that is not positive is malformed.
    public init(text: String) throws(MoneyError) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 5, let heardAt = Int64(parts[4]), heardAt > 0 else { throw .malformed(text) }
        func price(_ part: Substring) throws(MoneyError) -> Price? {
            guard part != "-" else { return nil }
            let price = try Price(parsing: part)
            guard price > .zero else { throw .malformed(text) }
            return price
        }
        self.init(
            bestBid: try price(parts[0]), bestAsk: try price(parts[1]), mark: try price(parts[2]), oracle: try price(parts[3]),
            heardAt: heardAt)
    }
}
