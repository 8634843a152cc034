import CopyTrading
import JSON

/// One perpetual: its rules, its price, its book, the orders resting in it.
final class Market {
    /// Position in ``Universe/markets``.
    let index: Int
    let coin: String
    /// The exchange's asset id.
    let asset: Int
    /// Position in ``Universe/dexes``; 0 is the main dex.
    let dex: Int
    let grid: PriceGrid
    var maximumLeverage: Int { marginTable.maximumLeverage }
    let marginTable: MarginTable
    let marginMode: MarginMode
    let initialPrice: Price

    /// The price the house's quotes stand around: the last price a leader traded at, or what was set.
    private(set) var mid: Price
    var markSource = PriceSource.mid
    var oracleSource = PriceSource.mid
    /// Values positions and margin, and sets off triggers and liquidations.
    var mark: Price { markSource.price(mid: mid) }
    /// Settles funding.
    var oracle: Price { oracleSource.price(mid: mid) }
    var funding = FundingClock()
    var liquidationWatch = LiquidationWatch()
    /// No order is taken any more.
    var isDelisted = false
    /// The house's quotes stay where they are though the mid moves.
    var isFrozen = false
    var house: HouseBook
    /// The users' resting orders.
    var orders = OrderBook()
    /// Trigger orders that wait for the mark price.
    var triggers = TriggerBook()
    /// When the engine looks at the orders here again by itself; see ``Engine/lookAgain(at:_:)``.
    var nextLook: Int64?
    var rules = MarketRules()
    /// Coins held long and short over all accounts. The house holds the difference.
    private(set) var longInterest = Size.zero
    private(set) var shortInterest = Size.zero
    /// The newest public trades, for the replay a new subscriber gets.
    var recentTrades = BoundedHistory<Trade>(limit: Market.recentTradeLimit)
    var candles = CandleHistory()

    static let recentTradeLimit = 30

    init(index: Int, listing: Listing, asset: Int, dex: Int, book: BookShape) {
        self.index = index
        coin = listing.coin
        self.asset = asset
        self.dex = dex
        grid = PriceGrid(sizeDecimals: listing.sizeDecimals)
        marginTable = listing.marginTable ?? MarginTable(maximumLeverage: listing.maximumLeverage)
        marginMode = listing.marginMode
        initialPrice = listing.price
        mid = listing.price
        house = HouseBook(shape: book, market: index, grid: grid)
    }

    /// One side counted, in coins.
    var openInterest: Size { max(longInterest, shortInterest) }

    /// Counts an account's change of position into the open interest.
    func count(_ end: Size, insteadOf start: Size) {
        longInterest = Money.clamped(longInterest, adding: max(.zero, end) - max(.zero, start))
        shortInterest = Money.clamped(shortInterest, adding: max(.zero, -end) - max(.zero, -start))
    }

    /// - Returns: whether the mid is another than before.
    @discardableResult
    func move(to price: Price) -> Bool {
        guard price != mid else { return false }
        mid = price
        return true
    }
}

extension PriceSource {
    fileprivate func price(mid: Price) -> Price {
        switch self {
        case .mid: mid
        case .fixed(let price): price
        }
    }
}

/// What is known of a coin before it is listed.
struct Listing: Equatable {
    var coin: String
    var price: Price
    var sizeDecimals: Int
    var maximumLeverage: Int
    /// `nil` for a single tier of ``maximumLeverage``.
    var marginTable: MarginTable?
    var marginMode = MarginMode.any

    /// The member `szDecimals`; ``PriceGrid`` has no other.
    static func sizeDecimals(_ json: JSON) throws(JSONError) -> Int {
        Int(try json.integer("szDecimals", 0...Int64(PriceGrid.maximumDecimals)))
    }

    /// The member `maxLeverage`.
    static func leverage(_ json: JSON) throws(JSONError) -> Int { Int(try json.integer("maxLeverage", 1...1_000)) }
}

/// One public trade. `users` is [buyer, seller]; `side` is the aggressor's.
struct Trade {
    var side: Side
    var price: Price
    var size: Size
    var time: Int64
    var hash: String
    var tid: Int64
    var buyer: String
    var seller: String
}
