import CopyTrading
import JSON

/// What happened to a user's account (channel `user`, subscription `userEvents`).
public enum UserEvent: Sendable, Equatable {
    case fills([UserFill])
    case funding(FundingEvent)
    case liquidation(LiquidationEvent)
    /// Orders the exchange cancelled by itself.
    case cancelledByExchange([CancelledOrder])
    case twapSliceFills([TwapSliceFill])
    /// Changes of TWAP orders, as received.
    case twapHistory(JSON)
    /// A kind not known here, by its name.
    case other(String)

    public struct LiquidationEvent: Sendable, Equatable {
        public var id: Int64
        public var liquidator: String
        /// Lower-case address.
        public var liquidatedUser: String
        public var notional: Notional
        public var accountValue: Notional
    }

    public struct CancelledOrder: Sendable, Equatable {
        public var coin: Coin
        public var oid: Int64
    }

    /// An object with one member, named for the kind.
    init(json: JSON) throws(JSONError) {
        guard case .object(let members) = json, let member = members.first else {
            throw JSONError(problem: "expected an object with the event, found \(json.kind)")
        }
        switch member.name {
        case "fills":
            self = .fills(UserFill.inOrderOfExecution(try json.list("fills") { fill throws(JSONError) in try UserFill(json: fill) }))
        case "funding": self = .funding(try json.at("funding") { event throws(JSONError) in try FundingEvent(event, time: event.milliseconds("time")) })
        case "liquidation": self = .liquidation(try json.at("liquidation") { event throws(JSONError) in try LiquidationEvent(json: event) })
        case "nonUserCancel":
            self = .cancelledByExchange(
                try json.list("nonUserCancel") { order throws(JSONError) in
                    CancelledOrder(coin: Coin(try order.string("coin")), oid: try order.integer("oid"))
                })
        case "twapSliceFills":
            self = .twapSliceFills(try json.list("twapSliceFills") { slice throws(JSONError) in try TwapSliceFill(json: slice) })
        case "twapHistory": self = .twapHistory(member.value)
        default: self = .other(member.name)
        }
    }
}

extension UserEvent.LiquidationEvent {
    init(json: JSON) throws(JSONError) {
        self.init(
            id: try json.integer("lid"), liquidator: try json.string("liquidator").lowercased(),
            liquidatedUser: try json.string("liquidated_user").lowercased(), notional: try json.denoisedDecimal("liquidated_ntl_pos"),
            accountValue: try json.denoisedDecimal("liquidated_account_value"))
    }
}

/// One slice of a TWAP order; `userFills` does not show it.
public struct TwapSliceFill: Sendable, Equatable {
    public var fill: UserFill
    public var twapID: Int64

    public init(fill: UserFill, twapID: Int64) {
        self.fill = fill
        self.twapID = twapID
    }

    /// `{"fill":{…},"twapId":n}`
    init(json: JSON) throws(JSONError) {
        let twapID = try json.integer("twapId")
        self.init(fill: try json.at("fill") { fill throws(JSONError) in try UserFill(json: fill) }, twapID: twapID)
    }
}
