import CopyTrading
import JSON

/// What goes wrong in the world, not on the way to it. It happens when it is asked for, and is an input of the engine where it changes that.
enum WorldFault: Equatable {
    /// The book of a coin no longer follows its price, or follows it again.
    case staleBook(coin: String, isStale: Bool)
    /// The price is another at once, by so many percent.
    case priceJump(coin: String, percent: Ratio)
    /// No order is taken for the coin any more.
    case delist(coin: String)
    /// The agent may no longer sign.
    case revokeAgent(address: String)
    /// For so many milliseconds `/info` shows everything as it is now: the exchange's read side falls behind its matching.
    case staleReads(milliseconds: Int)

    static let longestStaleReads = 3_600_000

    var name: String {
        switch self {
        case .staleBook: "staleBook"
        case .priceJump: "priceJump"
        case .delist: "delist"
        case .revokeAgent: "revokeAgent"
        case .staleReads: "staleReads"
        }
    }

    static let names: Set<String> = ["staleBook", "priceJump", "delist", "revokeAgent", "staleReads"]

    /// `{"fault":"priceJump","coin":"BTC","percent":"-5"}`, `{"fault":"staleBook","coin":"BTC","stale":true}`,
    /// `{"fault":"delist","coin":"BTC"}`, `{"fault":"revokeAgent","address":"0x…"}`, `{"fault":"staleReads","milliseconds":5000}`
    init(json: JSON) throws(JSONError) {
        switch try json.string("fault") {
        case "staleBook":
            let isStale = try json.maybe("stale") { value throws(JSONError) in try value.asBool() } ?? true
            self = .staleBook(coin: try json.string("coin"), isStale: isStale)
        case "priceJump":
            let percent = try json.at("percent") { value throws(JSONError) in
                let text = try value.asString()
                do throws(MoneyError) { return try Ratio(parsing: text) } catch { throw JSONError(problem: error.description) }
            }
            guard percent > Ratio(e18: -100 * Ratio.one.e18), percent < Ratio(e18: 10_000 * Ratio.one.e18) else {
                throw JSONError(path: "percent", problem: "\(percent), expected more than -100 and less than 10000")
            }
            self = .priceJump(coin: try json.string("coin"), percent: percent)
        case "delist": self = .delist(coin: try json.string("coin"))
        case "revokeAgent": self = .revokeAgent(address: try json.at("address", Address.init(json:)).text)
        case "staleReads":
            let milliseconds = try json.at("milliseconds") { value throws(JSONError) in try value.asInteger() }
            guard (1...Int64(Self.longestStaleReads)).contains(milliseconds) else {
                throw JSONError(path: "milliseconds", problem: "\(milliseconds), expected 1 to \(Self.longestStaleReads)")
            }
            self = .staleReads(milliseconds: Int(milliseconds))
        case let name: throw JSONError(path: "fault", problem: "\(name) is unknown")
        }
    }

    /// What the engine is to be told, if anything.
    /// - Throws: for a coin that is not listed.
    func input(_ universe: Universe) throws(HyperSimError) -> EngineInput? {
        switch self {
        case .staleReads: return nil
        case .staleBook(let coin, let isStale): return .prices(PriceChange(coin: coin, isFrozen: isStale))
        case .delist(let coin): return .prices(PriceChange(coin: coin, isDelisted: true))
        case .revokeAgent(let address): return .revokedAgent(address)
        case .priceJump(let coin, let percent):
            guard let market = universe.market(coin: coin) else { throw .configuration("\(coin) is not listed") }
            let moved = Int128(market.mid.e8) + Int128(market.mid.e8) * (percent.e18 / 10_000_000_000) / (100 * Int128(Price.scale))
            let price = market.grid.roundedDown(Price(e8: Int64(min(moved, Int128(Price.limit)))))
            guard price.e8 > 0 else { throw .configuration("\(coin): \(market.mid) cannot fall by \(percent) percent") }
            return .prices(PriceChange(coin: coin, mid: price))
        }
    }
}
