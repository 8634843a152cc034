import CopyTrading
import JSON

/// What a WebSocket client can subscribe to, in its normalised form: defaults filled in, addresses in lower case.
enum Subscription: Hashable {
    case userFills(user: String, aggregated: Bool)
    case orderUpdates(user: String)
    case trades(coin: String)
    case bestOffers(coin: String)
    case book(coin: String, BookAggregation, fast: Bool)
    case allMids(dex: String)

    enum Fault: Error, Equatable {
        /// The exchange cannot read it at all, for example for an unknown `type`.
        case unreadable
        /// Readable, but there is no such coin or dex.
        case invalid
    }

    init(json: JSON, universe: Universe) throws(Fault) {
        do { self = try Self.decode(json) } catch { throw .unreadable }
        switch self {
        case .userFills, .orderUpdates: break
        case .trades(let coin), .bestOffers(let coin), .book(let coin, _, _):
            guard universe.market(coin: coin) != nil else { throw .invalid }
        case .allMids(let dex):
            guard universe.index(ofDex: dex) != nil else { throw .invalid }
        }
    }

    private static func decode(_ json: JSON) throws(JSONError) -> Subscription {
        switch try json.string("type") {
        case "userFills":
            let aggregated = try json.maybe("aggregateByTime") { value throws(JSONError) in try value.asBool() } ?? false
            return .userFills(user: try json.at("user", Address.init(json:)).text, aggregated: aggregated)
        case "orderUpdates": return .orderUpdates(user: try json.at("user", Address.init(json:)).text)
        case "trades": return .trades(coin: try json.string("coin"))
        case "bbo": return .bestOffers(coin: try json.string("coin"))
        case "l2Book":
            let fast = try json.maybe("fast") { value throws(JSONError) in try value.asBool() } ?? false
            return .book(coin: try json.string("coin"), try BookAggregation(json: json), fast: fast)
        case "allMids": return .allMids(dex: try json.maybe("dex") { value throws(JSONError) in try value.asString() } ?? "")
        case let type: throw JSONError(path: "type", problem: "\(type) is not served")
        }
    }

    /// The account whose events these are; `nil` for public channels.
    var user: String? {
        switch self {
        case .userFills(let user, _), .orderUpdates(let user): user
        case .trades, .bestOffers, .book, .allMids: nil
        }
    }

    var json: JSON {
        switch self {
        case .userFills(let user, let aggregated):
            return ["type": "userFills", "user": .string(user), "aggregateByTime": .bool(aggregated)]
        case .orderUpdates(let user): return ["type": "orderUpdates", "user": .string(user)]
        case .trades(let coin): return ["type": "trades", "coin": .string(coin)]
        case .bestOffers(let coin): return ["type": "bbo", "coin": .string(coin)]
        case .book(let coin, let aggregation, let fast):
            var members: [JSON.Member] = [
                .init("type", "l2Book"), .init("coin", .string(coin)), .init("nSigFigs", aggregation.figures.map { .integer($0) } ?? .null),
                .init("mantissa", aggregation.mantissa.map { .integer($0) } ?? .null),
            ]
            if fast { members.append(.init("fast", true)) }
            return .object(members)
        case .allMids(let dex): return dex.isEmpty ? ["type": "allMids"] : ["type": "allMids", "dex": .string(dex)]
        }
    }
}

/// A text frame from a WebSocket client.
enum SocketRequest {
    case ping
    case subscribe(JSON)
    case unsubscribe(JSON)
    case post(id: UInt64, Post)

    enum Post {
        case info(JSON)
        case action(JSON)
    }

    /// - Throws: for what the exchange answers with `Error parsing JSON into valid websocket request`.
    init(json: JSON) throws(JSONError) {
        switch try json.string("method") {
        case "ping": self = .ping
        case "subscribe": self = .subscribe(try json.field("subscription"))
        case "unsubscribe": self = .unsubscribe(try json.field("subscription"))
        case "post":
            guard let id = UInt64(try json.field("id").asNumberText()) else { throw JSONError(path: "id", problem: "expected a whole number") }
            let request = try json.field("request")
            let payload = try request.field("payload")
            switch try request.string("type") {
            case "info": self = .post(id: id, .info(payload))
            case "action": self = .post(id: id, .action(payload))
            case let type: throw JSONError(path: "request.type", problem: "\(type) is unknown")
            }
        case let method: throw JSONError(path: "method", problem: "\(method) is unknown")
        }
    }
}
