import CopyTrading
import JSON

/// What a mirrored exchange tells.
enum MirrorEvent: Sendable {
    case book(BookChange)
    /// With the time at which each happened there, milliseconds since 1970.
    case trades([(trade: PublicTrade, time: Int64)])
    /// Mark and oracle.
    case prices(PriceChange)
    /// A whole frame of `userFills`, passed on as it is.
    case userFills(user: String, frame: [UInt8])

    /// - Parameter frame: a text frame of the exchange, `{"channel":…,"data":…}`.
    /// - Returns: `nil` for what is of no use here.
    init?(frame: [UInt8]) throws(JSONError) {
        let json = try JSON.parse(frame)
        switch try json.string("channel") {
        case "l2Book": self = .book(try json.at("data", BookChange.init(json:)))
        case "trades":
            self = .trades(try json.list("data") { trade throws(JSONError) in (try PublicTrade(json: trade), try trade.integer("time")) })
        case "activeAssetCtx":
            let data = try json.field("data")
            let (mark, oracle) = try data.at("ctx") { context throws(JSONError) in
                (try context.decimal("markPx") as Price, try context.decimal("oraclePx") as Price)
            }
            self = .prices(PriceChange(coin: try data.string("coin"), mark: .fixed(mark), oracle: .fixed(oracle)))
        case "userFills": self = .userFills(user: try json.field("data").at("user", Address.init(json:)).text, frame: frame)
        default: return nil
        }
    }
}
