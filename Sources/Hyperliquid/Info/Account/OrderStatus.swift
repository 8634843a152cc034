import CopyTrading
import JSON

/// What the exchange knows of one order.
public enum OrderStatus: Sendable, Equatable {
    /// Never placed for this account, or no longer among its last 2000 orders.
    case unknown
    case known(OrderRecord)

    /// `{"status":"order","order":{"order":{…},"status":"filled","statusTimestamp":ms}}` or `{"status":"unknownOid"}`
    public init(json: JSON) throws(JSONError) {
        switch try json.string("status") {
        case "unknownOid": self = .unknown
        case "order": self = .known(try json.at("order", OrderRecord.init(json:)))
        case let other: throw JSONError(path: "status", problem: "expected \"order\" or \"unknownOid\", found \"\(other)\"")
        }
    }
}

/// An order with its status at one time.
public struct OrderRecord: Sendable, Equatable {
    /// Its size is that of the last change of status: partial fills of an open order do not show.
    public var order: OpenOrder
    /// `open`, `filled`, `canceled`, `iocCancelRejected`, …; see ``OrderStatusWord``.
    public var status: String
    /// Milliseconds since 1970, of the last change of status.
    public var statusTime: Int64

    public var coin: Coin { order.coin }
    public var oid: Int64 { order.oid }
    /// False while the order can still trade.
    public var isTerminal: Bool { OrderStatusWord.isTerminal(status) }

    /// `{"order":{…},"status":"filled","statusTimestamp":ms}`
    init(json: JSON) throws(JSONError) {
        status = try json.string("status")
        statusTime = try json.milliseconds("statusTimestamp")
        order = try json.at("order", OpenOrder.init(json:))
    }
}

extension InfoRequest where Answer == OrderStatus {
    public static func orderStatus(_ user: String, _ order: OrderReference) -> Self {
        Self("orderStatus", [("user", .string(user)), ("oid", order.json)], decode: OrderStatus.init(json:))
    }
}

extension InfoRequest where Answer == [OrderRecord] {
    /// The newest, at most 2000; one order can be there several times, with different statuses.
    public static func historicalOrders(_ user: String) -> Self {
        Self("historicalOrders", [("user", .string(user))]) { answer throws(JSONError) in try answer.map(OrderRecord.init(json:)) }
    }
}

extension ExchangeClient {
    /// - Parameter cloid: the client order id, `0x` and 32 digits.
    public func orderStatus(_ user: String, cloid: String) async throws(InfoError) -> OrderStatus {
        try await read(.orderStatus(user, .cloid(cloid)))
    }
}
