import CopyTrading
import Hyperliquid

/// What one connection has told of the markets since it began, and what of that is to be published. Without I/O.
///
/// Best prices come on change only. As a connection delivers in order, each quote is as recent as the last frame of any kind: all of them
/// are published again with that time, and when frames stop coming, the quotes grow old by themselves.
struct MarketPicture {
    /// Milliseconds from one time that all quotes are published to the next.
    static let restampAfter: Int64 = 500

    private var quotes: [Coin: MarketQuote] = [:]
    private var changed: Set<Coin> = []
    /// Books that came since they were last taken.
    private var depths: [Coin: MarketDepth] = [:]
    /// Milliseconds since 1970.
    private var heardAt: Int64 = 0
    private var stampedAt: Int64 = 0

    /// - Parameter moment: when it was received, milliseconds since 1970.
    mutating func receive(_ message: FeedMessage, at moment: Int64) {
        heardAt = max(heardAt, moment)
        switch message {
        case .bestOffers(let offers):
            change(offers.coin) { quote in
                quote.bestBid = offers.bid?.price
                quote.bestAsk = offers.ask?.price
            }
        case .assetContext(let coin, let context):
            change(coin) { quote in
                quote.mark = context.markPrice
                quote.oracle = context.oraclePrice
            }
        // The fast channel's few levels only show that the connection delivers.
        case .book(let book) where !book.isFast:
            depths[book.coin] = MarketDepth(bids: book.bids.compactMap(\.visible), asks: book.asks.compactMap(\.visible), heardAt: moment)
        default: break
        }
    }

    /// Nothing more comes of this: what it told is not known any more.
    mutating func end(_ subscription: FeedSubscription) {
        switch subscription {
        case .bbo(let coin):
            change(Coin(coin)) { quote in
                quote.bestBid = nil
                quote.bestAsk = nil
            }
        case .activeAssetCtx(let coin):
            change(Coin(coin)) { quote in
                quote.mark = nil
                quote.oracle = nil
            }
        // What was published of it grows old by itself.
        case .l2Book(let coin, _, _, fast: false): depths[Coin(coin)] = nil
        default: break
        }
    }

    private mutating func change(_ coin: Coin, _ apply: (inout MarketQuote) -> Void) {
        // the time is set when it is published
        let before = quotes[coin] ?? MarketQuote(heardAt: 0)
        var after = before
        apply(&after)
        guard after != before else { return }
        quotes[coin] = after
        changed.insert(coin)
    }

    /// What is to be published now: what has changed, and from time to time everything.
    mutating func takeDue() -> [Coin: MarketQuote] {
        let isFull = heardAt - stampedAt >= Self.restampAfter
        var due = isFull ? quotes : quotes.filter { changed.contains($0.key) }
        for coin in due.keys { due[coin]?.heardAt = heardAt }
        if isFull { stampedAt = heardAt }
        changed.removeAll()
        // one last time without prices, so that no reader goes on with the last ones
        for (coin, quote) in quotes where quote == MarketQuote(heardAt: 0) { quotes[coin] = nil }
        return due
    }

    /// Each book once, as it was when it came: the next one says what has become of it.
    mutating func takeDepths() -> [Coin: MarketDepth] {
        defer { depths.removeAll() }
        return depths
    }
}

extension Book.Level {
    /// `nil` where there is nothing to trade with.
    fileprivate var visible: MarketDepth.Level? {
        price > .zero && size > .zero ? MarketDepth.Level(price: price, size: size) : nil
    }
}
