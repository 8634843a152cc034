import CopyTrading
import JSON

/// The data of one frame. Addresses are in lower case; fills come in the order of execution.
///
/// Members not known here are ignored, as the exchange adds them without notice.
public enum FeedMessage: Sendable, Equatable {
    case trades([MarketTrade])
    case book(Book)
    case bestOffers(BestOffers)
    /// Mid prices of the exchange's own dex and spot pairs (`nil`), or of a builder dex.
    case mids(dex: String?, [Coin: Price])
    case assetContext(Coin, AssetContext)
    case spotContext(SpotContext)
    /// Still forming, or in its last state.
    case candle(Candle)
    /// `isSnapshot`: the user's newest fills (at most 2000), sent after each subscription.
    case userFills(user: String, fills: [UserFill], isSnapshot: Bool)
    /// `user`: of the connection's only such subscription, as the frame does not say; `nil` with several.
    case orderUpdates(user: String?, [OrderUpdate])
    case userEvent(user: String?, UserEvent)
    case fundings(user: String, [FundingEvent], isSnapshot: Bool)
    case ledger(user: String, [LedgerEvent], isSnapshot: Bool)
    case twapSliceFills(user: String, [TwapSliceFill], isSnapshot: Bool)
    case accountState(user: String, dex: String?, AccountState)
    case openOrders(user: String, dex: String?, [OpenOrder])
    case assetAllowance(user: String, AssetAllowance)
    case notification(String)
    /// A channel whose data is not decoded here, by its name; the frame has it.
    case other(channel: String)
}

/// A frame that is not what its channel promises.
public struct FeedFault: Error, Sendable, Equatable, CustomStringConvertible {
    public var channel: String
    /// Where in the data, and what is wrong.
    public var error: JSONError

    public var description: String { "channel \(channel): \(error)" }
}

extension FeedMessage {
    /// - Parameters:
    ///   - json: a frame's whole text, `{"channel":…,"data":…}`.
    ///   - leftOut: receives a fault for each element of a list that cannot be read; the others are delivered.
    public init(json: JSON, leftOut: inout [FeedFault]) throws(FeedFault) {
        let channel: String
        do { channel = try json.string("channel") } catch { throw FeedFault(channel: "?", error: error) }
        var elements: [JSONError] = []
        do {
            self = try json.at("data") { data throws(JSONError) in try Self.decode(channel, data, &elements) ?? .other(channel: channel) }
        } catch { throw FeedFault(channel: channel, error: error) }
        leftOut += elements.map { FeedFault(channel: channel, error: $0.inside("data")) }
    }

    private static func decode(_ channel: String, _ data: JSON, _ faults: inout [JSONError]) throws(JSONError) -> FeedMessage? {
        switch channel {
        case "trades": .trades(try readable(data, &faults) { trade throws(JSONError) in try MarketTrade(json: trade) })
        case "l2Book": .book(try Book(json: data))
        case "bbo": .bestOffers(try BestOffers(json: data))
        case "allMids": .mids(dex: try dex(data), try data.at("mids") { mids throws(JSONError) in try Mids.read(mids) })
        case "activeAssetCtx": .assetContext(Coin(try data.string("coin")), try data.at("ctx", AssetContext.init(json:)))
        // The pair's name stands in the context too.
        case "activeSpotAssetCtx": .spotContext(try data.at("ctx", SpotContext.init(json:)))
        case "candle": .candle(try Candle(json: data))
        case "userFills":
            .userFills(
                user: try user(data), fills: UserFill.inOrderOfExecution(try readable(data, "fills", &faults, UserFill.init(json:))),
                isSnapshot: isSnapshot(data))
        case "orderUpdates": .orderUpdates(user: nil, try readable(data, &faults, OrderUpdate.init(json:)))
        case "user": .userEvent(user: nil, try UserEvent(json: data))
        case "userFundings":
            .fundings(user: try user(data), try readable(data, "fundings", &faults, FundingEvent.init(item:)), isSnapshot: isSnapshot(data))
        case "userNonFundingLedgerUpdates":
            .ledger(
                user: try user(data), try readable(data, "nonFundingLedgerUpdates", &faults, LedgerEvent.init(json:)),
                isSnapshot: isSnapshot(data))
        case "userTwapSliceFills":
            .twapSliceFills(
                user: try user(data), try readable(data, "twapSliceFills", &faults, TwapSliceFill.init(json:)), isSnapshot: isSnapshot(data))
        case "clearinghouseState":
            .accountState(
                user: try user(data), dex: try dex(data),
                try data.at("clearinghouseState") { state throws(JSONError) in try AccountState(json: state) })
        case "openOrders": .openOrders(user: try user(data), dex: try dex(data), try readable(data, "orders", &faults, OpenOrder.init(json:)))
        case "activeAssetData": .assetAllowance(user: try user(data), try AssetAllowance(json: data))
        case "notification": .notification(try data.string("notification"))
        default: nil
        }
    }

    /// The elements of the array `name` that can be read; one that cannot must not take the others with it.
    private static func readable<Element>(
        _ data: JSON, _ name: String, _ faults: inout [JSONError], _ decode: (JSON) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        var inside: [JSONError] = []
        let elements = try data.at(name) { array throws(JSONError) in try readable(array, &inside, decode) }
        faults += inside.map { $0.inside(name) }
        return elements
    }

    private static func readable<Element>(
        _ array: JSON, _ faults: inout [JSONError], _ decode: (JSON) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        var elements: [Element] = []
        for (index, json) in try array.asArray().enumerated() {
            do { elements.append(try decode(json)) } catch { faults.append(error.inside("[\(index)]")) }
        }
        return elements
    }

    private static func user(_ data: JSON) throws(JSONError) -> String { try data.string("user").lowercased() }

    private static func isSnapshot(_ data: JSON) -> Bool { data["isSnapshot"] == true }

    /// The exchange's own dex has no name.
    private static func dex(_ data: JSON) throws(JSONError) -> String? {
        let name = try data.maybe("dex") { value throws(JSONError) in try value.asString() }
        return name == "" ? nil : name
    }

    /// Whose message this is, where the frame says it.
    var user: String? {
        switch self {
        case .userFills(let user, _, _), .fundings(let user, _, _), .ledger(let user, _, _), .twapSliceFills(let user, _, _),
            .accountState(let user, _, _), .openOrders(let user, _, _), .assetAllowance(let user, _):
            user
        case .orderUpdates(let user, _), .userEvent(let user, _): user
        case .trades, .book, .bestOffers, .mids, .assetContext, .spotContext, .candle, .notification, .other: nil
        }
    }
}
