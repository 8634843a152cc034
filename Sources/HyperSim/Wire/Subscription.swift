import CopyTrading
import JSON

/// What a WebSocket client can subscribe to, in its normalised form: defaults filled in, addresses in lower case.
struct Subscription: Hashable {
    var channel: Channel
    /// Lower case; the account whose events these are.
    var user: String?
    var coin: String?
    /// "" is the main dex.
    var dex: String?
    var interval: CandleInterval?
    /// Of l2Book.
    var aggregation: BookAggregation?
    var isFast = false
    /// Of userFills: partial fills of one order joined.
    var isAggregated = false

    /// By the exchange's `type`.
    enum Channel: String {
        case trades, l2Book, bbo, candle, activeAssetCtx
        case allMids, assetCtxs, allDexsAssetCtxs
        case userFills, orderUpdates, userEvents, userFundings, userNonFundingLedgerUpdates
        case userHistoricalOrders, userTwapSliceFills, userTwapHistory
        case clearinghouseState, openOrders, twapStates
        case allDexsClearinghouseState, spotState, notification, webData2, webData3
        case activeAssetData

        /// What a subscription names beside its type.
        var parameters: Set<Parameter> {
            switch self {
            case .trades, .bbo, .activeAssetCtx, .l2Book: [.coin]
            case .candle: [.coin, .interval]
            case .allMids, .assetCtxs: [.dex]
            case .allDexsAssetCtxs: []
            case .userFills, .orderUpdates, .userEvents, .userFundings, .userNonFundingLedgerUpdates, .userHistoricalOrders,
                .userTwapSliceFills, .userTwapHistory, .allDexsClearinghouseState, .spotState, .notification, .webData2, .webData3:
                [.user]
            case .clearinghouseState, .openOrders, .twapStates: [.user, .dex]
            case .activeAssetData: [.user, .coin]
            }
        }
    }

    enum Parameter {
        case user, coin, dex, interval
    }

    enum Fault: Error, Equatable {
        /// The exchange cannot read it at all, for example for an unknown `type`.
        case unreadable
        /// Readable, but there is no such coin or dex.
        case invalid
    }

    init(_ channel: Channel, user: String? = nil, coin: String? = nil, dex: String? = nil) {
        self.channel = channel
        self.user = user
        self.coin = coin
        self.dex = dex
    }

    init(json: JSON, universe: Universe) throws(Fault) {
        do { try self.init(json: json) } catch { throw .unreadable }
        if let coin { guard universe.market(coin: coin) != nil else { throw .invalid } }
        if let dex { guard universe.index(ofDex: dex) != nil else { throw .invalid } }
    }

    private init(json: JSON) throws(JSONError) {
        let type = try json.string("type")
        guard let channel = Channel(rawValue: type) else { throw JSONError(path: "type", problem: "\(type) is not served") }
        self.channel = channel
        let parameters = channel.parameters
        if parameters.contains(.user) { user = try json.at("user", Address.init(json:)).text }
        if parameters.contains(.coin) { coin = try json.string("coin") }
        if parameters.contains(.dex) { dex = try json.maybe("dex") { value throws(JSONError) in try value.asString() } ?? "" }
        if parameters.contains(.interval) { interval = try json.at("interval", CandleInterval.init(json:)) }
        if channel == .l2Book {
            aggregation = try BookAggregation(json: json)
            isFast = try json.maybe("fast") { value throws(JSONError) in try value.asBool() } ?? false
        }
        if channel == .userFills {
            isAggregated = try json.maybe("aggregateByTime") { value throws(JSONError) in try value.asBool() } ?? false
        }
    }

    var json: JSON {
        var members: [JSON.Member] = [.init("type", .string(channel.rawValue))]
        if let user { members.append(.init("user", .string(user))) }
        if let coin { members.append(.init("coin", .string(coin))) }
        if let dex, !dex.isEmpty || channel != .allMids { members.append(.init("dex", .string(dex))) }
        if let interval { members.append(.init("interval", .string(interval.rawValue))) }
        if let aggregation {
            members.append(.init("nSigFigs", aggregation.figures.map { .integer($0) } ?? .null))
            members.append(.init("mantissa", aggregation.mantissa.map { .integer($0) } ?? .null))
        }
        if isFast { members.append(.init("fast", true)) }
        if channel == .userFills { members.append(.init("aggregateByTime", .bool(isAggregated))) }
        return .object(members)
    }
}
