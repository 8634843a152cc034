import CopyTrading
import JSON

extension Fill {
    /// The exchange's fill object, as in userFills and the `userFills` channel.
    func write(to writer: inout WireWriter) {
        writer.raw(#"{"coin":"#)
        writer.plain(market.coin)
        writer.raw(#","px":"#)
        writer.decimal(price)
        writer.raw(#","sz":"#)
        writer.decimal(size)
        writer.raw(#","side":"#)
        writer.plain(side.letter)
        writer.raw(#","time":"#)
        writer.integer(time)
        writer.raw(#","startPosition":"#)
        writer.decimal(startPosition)
        writer.raw(#","dir":"#)
        writer.string(direction)
        writer.raw(#","closedPnl":"#)
        writer.decimal(closedPnl)
        writer.raw(#","hash":"#)
        writer.plain(hash)
        writer.raw(#","oid":"#)
        writer.integer(oid)
        writer.raw(#","crossed":"#)
        writer.bool(crossed)
        writer.raw(#","fee":"#)
        writer.decimal(fee)
        writer.raw(#","tid":"#)
        writer.integer(tid)
        if let cloid {
            writer.raw(#","cloid":"#)
            writer.plain(cloid)
        }
        for extra in extras {
            writer.raw(",")
            writer.string(extra.name)
            writer.raw(":")
            writer.json(extra.value)
        }
        writer.raw(#","feeToken":"#)
        writer.string(feeToken)
        writer.raw(#","twapId":"#)
        if let twapID { writer.integer(twapID) } else { writer.raw("null") }
        writer.raw("}")
    }

    /// `{"fill":{…},"twapId":n}`
    func writeSlice(to writer: inout WireWriter) {
        writer.raw(#"{"fill":"#)
        write(to: &writer)
        writer.raw(#","twapId":"#)
        if let twapID { writer.integer(twapID) } else { writer.raw("null") }
        writer.raw("}")
    }

    /// Merges the fills of one taking order in one moment: the sizes and fees summed, the price their average, the rest the first one's.
    /// - Parameter fills: in order of execution.
    static func aggregated(_ fills: some Sequence<Fill>) -> [Fill] {
        var result: [Fill] = []
        for fill in fills {
            guard let last = result.last, fill.crossed, last.crossed, last.oid == fill.oid, last.time == fill.time, last.side == fill.side,
                last.market === fill.market
            else {
                result.append(fill)
                continue
            }
            var merged = last
            let value = Int128(last.price.e8) * Int128(last.size.e8) + Int128(fill.price.e8) * Int128(fill.size.e8)
            merged.size = last.size + fill.size
            merged.price = Price(e8: Int64(value / Int128(merged.size.e8)))
            merged.fee = last.fee + fill.fee
            merged.closedPnl = last.closedPnl + fill.closedPnl
            merged.direction = Position.direction(start: last.startPosition, end: fill.endPosition, side: fill.side)
            result[result.count - 1] = merged
        }
        return result
    }
}

extension Engine.LeaderFill {
    /// Members the simulator gives a meaning to; all others are kept as they are.
    private static let known: Set<String> = [
        "coin", "px", "sz", "side", "time", "startPosition", "dir", "closedPnl", "hash", "oid", "crossed", "fee", "tid", "cloid",
        "feeToken", "twapId",
    ]

    /// Keeps every sum over an account far from the end of 64 bits.
    private static let maximumValue = Notional(1_000_000_000)

    /// Reads a fill object. Required are `coin`, `px`, `sz`, `side`; `time` is not read: a fill is published now.
    init(json: JSON, universe: Universe) throws(JSONError) {
        guard case .object(let members) = json else { throw JSONError(problem: "expected a fill, found \(json.kind)") }
        let coin = try json.string("coin")
        guard let market = universe.market(coin: coin) else { throw JSONError(path: "coin", problem: "\(coin) is not listed") }
        let price: Price = try json.decimal("px")
        let size: Size = try json.decimal("sz")
        guard price.e8 > 0 else { throw JSONError(path: "px", problem: "expected a positive price, found \(price)") }
        guard size.e8 > 0 else { throw JSONError(path: "sz", problem: "expected a positive size, found \(size)") }
        let start: Size? = try json.maybeDecimal("startPosition")
        guard max(Money.product(price, size), Money.product(price, start ?? .zero)) <= Self.maximumValue else {
            throw JSONError(problem: "expected trade and position to be worth at most \(Self.maximumValue) USDC")
        }
        self.init(
            market: market, price: price, size: size, side: try json.at("side", Side.init(letter:)),
            startPosition: start, direction: try json.maybe("dir") { value throws(JSONError) in try value.asString() },
            closedPnl: try json.maybeDecimal("closedPnl"), hash: try json.maybe("hash") { value throws(JSONError) in try value.asString() },
            oid: try json.maybe("oid") { value throws(JSONError) in try value.asInteger() },
            crossed: try json.maybe("crossed") { value throws(JSONError) in try value.asBool() } ?? true,
            fee: try json.maybeDecimal("fee"), tid: try json.maybe("tid") { value throws(JSONError) in try value.asInteger() },
            cloid: try json.maybe("cloid") { value throws(JSONError) in try value.asString() },
            feeToken: try json.maybe("feeToken") { value throws(JSONError) in try value.asString() } ?? "USDC",
            extras: members.filter { !Self.known.contains($0.name) },
            twapID: try json.maybe("twapId") { value throws(JSONError) in try value.asInteger() })
    }
}

extension Side {
    /// `B` bought, `A` sold.
    init(letter json: JSON) throws(JSONError) {
        switch json {
        case "B": self = .buy
        case "A": self = .sell
        default: throw JSONError(problem: "expected \"B\" or \"A\", found \(json.kind)")
        }
    }
}

extension JSON {
    /// The decimal string member `name`, digits past the eighth decimal cut off: recorded positions carry the noise of binary doubles.
    func decimal<Value: FixedPoint>(_ name: String) throws(JSONError) -> Value {
        let text = try string(name)
        do { return try Value(parsing: text, lossy: true) } catch { throw JSONError(path: name, problem: error.description) }
    }

    func maybeDecimal<Value: FixedPoint>(_ name: String) throws(JSONError) -> Value? {
        self[name] == nil ? nil : try decimal(name)
    }
}
