import CopyTrading
import JSON

/// A change of one of a user's orders (channel `orderUpdates`).
public struct OrderUpdate: Sendable, Equatable {
    public var coin: Coin
    public var side: Side
    public var limit: Price
    /// Coins that remain.
    public var size: Size
    public var originalSize: Size
    public var oid: Int64
    public var cloid: String?
    public var reduceOnly: Bool
    /// `open`, `filled`, `canceled`, `badAloPxRejected`, …
    public var status: String
    /// Milliseconds since 1970.
    public var placedAt: Int64
    public var statusTime: Int64

    public init(
        coin: Coin, side: Side, limit: Price, size: Size, originalSize: Size, oid: Int64, cloid: String?, reduceOnly: Bool, status: String,
        placedAt: Int64, statusTime: Int64
    ) {
        self.coin = coin
        self.side = side
        self.limit = limit
        self.size = size
        self.originalSize = originalSize
        self.oid = oid
        self.cloid = cloid
        self.reduceOnly = reduceOnly
        self.status = status
        self.placedAt = placedAt
        self.statusTime = statusTime
    }

    /// `{"order":{"coin","side","limitPx","sz","oid","timestamp","origSz"},"status","statusTimestamp"}`
    public init(json: JSON) throws(JSONError) {
        let status = try json.string("status")
        let statusTime = try json.milliseconds("statusTimestamp")
        self = try json.at("order") { order throws(JSONError) in
            OrderUpdate(
                coin: Coin(try order.string("coin")), side: try order.side(), limit: try order.decimal("limitPx"),
                size: try order.denoisedDecimal("sz"), originalSize: try order.denoisedDecimal("origSz"), oid: try order.integer("oid"),
                cloid: try order.maybe("cloid") { value throws(JSONError) in try value.asString() },
                reduceOnly: try order.maybe("reduceOnly") { value throws(JSONError) in try value.asBool() } ?? false,
                status: status, placedAt: try order.milliseconds("timestamp"), statusTime: statusTime)
        }
    }
}
