import CopyTrading
import JSON

/// What the exchange knows of one order.
public enum OrderStatus: Sendable, Equatable {
    /// Never placed for this account, or no longer among its last 2000 orders.
    case unknown
    case known(Record)

    public struct Record: Sendable, Equatable {
        public var coin: Coin
        public var oid: Int64
        /// `open`, `filled`, `canceled`, `iocCancelRejected`, …; one that is not known ends the order.
        public var status: String
        /// Milliseconds since 1970, of the last change of status.
        public var statusTime: Int64
        /// As of the last change of status: partial fills of an open order do not show.
        public var remainingSize: Size
        public var originalSize: Size

        public init(coin: Coin, oid: Int64, status: String, statusTime: Int64, remainingSize: Size, originalSize: Size) {
            self.coin = coin
            self.oid = oid
            self.status = status
            self.statusTime = statusTime
            self.remainingSize = remainingSize
            self.originalSize = originalSize
        }

        /// False while the order can still trade.
        public var isTerminal: Bool { status != "open" && status != "triggered" }
    }

    /// `{"status":"order","order":{"order":{…},"status":"filled","statusTimestamp":ms}}` or `{"status":"unknownOid"}`
    public init(json: JSON) throws(JSONError) {
        switch try json.string("status") {
        case "unknownOid": self = .unknown
        case "order": self = .known(try json.at("order") { outer throws(JSONError) in try Record(json: outer) })
        case let other: throw JSONError(path: "status", problem: "expected \"order\" or \"unknownOid\", found \"\(other)\"")
        }
    }
}

extension OrderStatus.Record {
    init(json: JSON) throws(JSONError) {
        let status = try json.string("status")
        let time = try json.integer("statusTimestamp")
        self = try json.at("order") { order throws(JSONError) in
            Self(
                coin: Coin(try order.string("coin")), oid: try order.integer("oid"), status: status, statusTime: time,
                remainingSize: try order.decimal("sz"), originalSize: try order.decimal("origSz"))
        }
    }
}

extension ExchangeClient {
    /// - Parameter cloid: the client order id, `0x` and 32 digits.
    public func orderStatus(_ user: String, cloid: String) async throws(InfoError) -> OrderStatus {
        try await read(["type": "orderStatus", "user": .string(user), "oid": .string(cloid)]) { answer throws(JSONError) in
            try OrderStatus(json: answer)
        }
    }
}
