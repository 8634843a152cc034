import CopyTrading
import JSON

/// The best level of each side, sent on change, at most once a block (channel `bbo`).
public struct BestOffers: Sendable, Equatable {
    public var coin: Coin
    /// Milliseconds since 1970.
    public var time: Int64
    /// `nil` while that side has no orders.
    public var bid: Book.Level?
    public var ask: Book.Level?

    public init(coin: Coin, time: Int64, bid: Book.Level?, ask: Book.Level?) {
        self.coin = coin
        self.time = time
        self.bid = bid
        self.ask = ask
    }

    /// `{"coin","time","bbo":[{"px","sz","n"}|null,{…}|null]}`
    public init(json: JSON) throws(JSONError) {
        let sides = try json.list("bbo") { level throws(JSONError) -> Book.Level? in
            level == .null ? nil : Book.Level(price: try level.decimal("px"), size: try level.decimal("sz"))
        }
        guard sides.count == 2 else { throw JSONError(path: "bbo", problem: "expected two sides, found \(sides.count)") }
        self.init(coin: Coin(try json.string("coin")), time: try json.milliseconds("time"), bid: sides[0], ask: sides[1])
    }
}
