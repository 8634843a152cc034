import CopyTrading
import JSON

/// The body of POST /info, decoded; also the payload of a WebSocket `post` of type `info`.
enum InfoRequest {
    case meta(dex: String)
    case metaAndAssetContexts(dex: String)
    case perpDexs
    case spotMeta
    case allMids(dex: String)
    case book(coin: String, BookAggregation)
    case recentTrades(coin: String)
    case clearinghouseState(user: String, dex: String)
    case spotClearinghouseState(user: String)
    case userFills(user: String, aggregated: Bool)
    case userFillsByTime(user: String, from: Int64, to: Int64?, aggregated: Bool, reversed: Bool)
    case orderStatus(user: String, OrderReference)
    case openOrders(user: String, dex: String, detailed: Bool)
    case userRole(user: String)
    case userRateLimit(user: String)
    case userAbstraction(user: String)
    case extraAgents(user: String)
    case exchangeStatus

    enum OrderReference: Equatable {
        case oid(Int64)
        case cloid(String)
    }

    /// - Throws: also for a `type` that is not served.
    init(json: JSON) throws(JSONError) {
        switch try json.string("type") {
        case "meta": self = .meta(dex: try Self.dex(json))
        case "metaAndAssetCtxs": self = .metaAndAssetContexts(dex: try Self.dex(json))
        case "perpDexs": self = .perpDexs
        case "spotMeta": self = .spotMeta
        case "allMids": self = .allMids(dex: try Self.dex(json))
        case "l2Book": self = .book(coin: try json.string("coin"), try BookAggregation(json: json))
        case "recentTrades": self = .recentTrades(coin: try json.string("coin"))
        case "clearinghouseState": self = .clearinghouseState(user: try Self.user(json), dex: try Self.dex(json))
        case "spotClearinghouseState": self = .spotClearinghouseState(user: try Self.user(json))
        case "userFills": self = .userFills(user: try Self.user(json), aggregated: try Self.flag(json, "aggregateByTime"))
        case "userFillsByTime": self = try Self.fillsByTime(json)
        case "orderStatus": self = .orderStatus(user: try Self.user(json), try json.at("oid", Self.reference))
        case "openOrders": self = .openOrders(user: try Self.user(json), dex: try Self.dex(json), detailed: false)
        case "frontendOpenOrders": self = .openOrders(user: try Self.user(json), dex: try Self.dex(json), detailed: true)
        case "userRole": self = .userRole(user: try Self.user(json))
        case "userRateLimit": self = .userRateLimit(user: try Self.user(json))
        case "userAbstraction": self = .userAbstraction(user: try Self.user(json))
        case "extraAgents": self = .extraAgents(user: try Self.user(json))
        case "exchangeStatus": self = .exchangeStatus
        case let type: throw JSONError(path: "type", problem: "\(type) is not served")
        }
    }

    /// The request's type, which a WebSocket answer repeats.
    static func typeName(of json: JSON) -> String {
        guard case .string(let name)? = json["type"] else { return "" }
        return name
    }

    private static func fillsByTime(_ json: JSON) throws(JSONError) -> InfoRequest {
        let from = try json.integer("startTime")
        let to = try json.maybe("endTime") { value throws(JSONError) in try value.asInteger() }
        guard from >= 0, to ?? 0 >= 0 else { throw JSONError(problem: "a negative time") }
        return .userFillsByTime(
            user: try user(json), from: from, to: to, aggregated: try flag(json, "aggregateByTime"), reversed: try flag(json, "reversed"))
    }

    private static func user(_ json: JSON) throws(JSONError) -> String { try json.at("user", Address.init(json:)).text }

    private static func dex(_ json: JSON) throws(JSONError) -> String {
        try json.maybe("dex") { value throws(JSONError) in try value.asString() } ?? ""
    }

    private static func flag(_ json: JSON, _ name: String) throws(JSONError) -> Bool {
        try json.maybe(name) { value throws(JSONError) in try value.asBool() } ?? false
    }

    private static func reference(_ json: JSON) throws(JSONError) -> OrderReference {
        if case .string = json { return .cloid(try Cloid(json: json).text) }
        return .oid(try json.asInteger())
    }
}

/// How l2Book levels are merged: to so many significant figures, the last of them in steps of 2 or 5.
struct BookAggregation: Hashable {
    /// 2…5, or `nil` for every level.
    var figures: Int?
    /// 2 or 5, only with 5 figures.
    var mantissa: Int?

    init(json: JSON) throws(JSONError) {
        figures = try json.maybe("nSigFigs") { value throws(JSONError) in Int(try value.asInteger()) }
        mantissa = try json.maybe("mantissa") { value throws(JSONError) in Int(try value.asInteger()) }
        guard figures.map((2...5).contains) ?? true else { throw JSONError(path: "nSigFigs", problem: "expected 2 to 5") }
        guard mantissa.map({ figures == 5 && [1, 2, 5].contains($0) }) ?? true else { throw JSONError(path: "mantissa", problem: "unfit") }
    }

    /// Merges `levels`, best first, outward: bids down, asks up.
    func merge(_ levels: [BookLevel], _ side: Side) -> [BookLevel] {
        guard let figures else { return levels }
        var result: [BookLevel] = []
        for level in levels {
            let step = PowerOfTen[max(0, PowerOfTen.digits(of: level.price.e8) - figures)] * Int64(mantissa ?? 1)
            var e8 = level.price.e8 - level.price.e8 % step
            if side == .sell, e8 != level.price.e8 { e8 += step }
            if let last = result.last, last.price.e8 == e8 {
                result[result.count - 1].size += level.size
                result[result.count - 1].orders += level.orders
            } else {
                result.append(BookLevel(price: Price(e8: e8), size: level.size, orders: level.orders))
            }
        }
        return result
    }
}
