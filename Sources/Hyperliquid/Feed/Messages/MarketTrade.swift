import CopyTrading
import JSON

/// One trade of a market, as channel `trades` and `recentTrades` give it.
public struct MarketTrade: Sendable, Equatable {
    public var coin: Coin
    /// Of the aggressor: `.buy` means that ``buyer`` took liquidity.
    public var side: Side
    public var price: Price
    /// Coins, unsigned.
    public var size: Size
    /// Milliseconds since 1970, the block's.
    public var time: Int64
    /// Shared by all trades of one aggressive order; all zero for executions the exchange made itself (TWAP slices, triggers,
    /// liquidations).
    public var hash: String
    /// Identifies the trade; the fills of both parties carry it. Not ordered.
    public var tid: Int64
    /// Lower-case addresses; `nil` in recordings from before the exchange told them (2024).
    public var buyer: String?
    public var seller: String?

    public init(
        coin: Coin, side: Side, price: Price, size: Size, time: Int64, hash: String, tid: Int64, buyer: String? = nil, seller: String? = nil
    ) {
        self.coin = coin
        self.side = side
        self.price = price
        self.size = size
        self.time = time
        self.hash = hash
        self.tid = tid
        self.buyer = buyer
        self.seller = seller
    }

    /// `{"coin","side","px","sz","time","hash","tid","users":[buyer,seller]}`
    public init(json: JSON) throws(JSONError) {
        let users = try json.maybe("users") { users throws(JSONError) in
            let addresses = try users.map { user throws(JSONError) in try user.asString().lowercased() }
            guard addresses.count == 2 else { throw JSONError(problem: "expected buyer and seller, found \(addresses.count) addresses") }
            return addresses
        }
        self.init(
            coin: Coin(try json.string("coin")), side: try json.side(), price: try json.decimal("px"), size: try json.decimal("sz"),
            time: try json.milliseconds("time"), hash: try json.string("hash"), tid: try json.integer("tid"), buyer: users?[0], seller: users?[1])
    }
}

extension JSON {
    /// The member `side`: `B` is a buyer's, `A` a seller's.
    func side() throws(JSONError) -> Side {
        let letter = try string("side")
        guard let side = Side.allCases.first(where: { $0.letter == letter }) else {
            throw JSONError(path: "side", problem: "expected \"A\" or \"B\", found \"\(letter)\"")
        }
        return side
    }
}
