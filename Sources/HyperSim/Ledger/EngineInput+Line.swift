import CopyTrading
import JSON

/// An input as one JSON line: `{"timeMs":…,"input":"action",…}`. Of an action it keeps what was hashed, which decodes to the same again.
extension EngineInput {
    func write(at now: Int64, to writer: inout WireWriter) {
        writer.raw(#"{"timeMs":"#)
        writer.integer(now)
        switch self {
        case .action(let signed): signed.write(to: &writer)
        case .fills(let leader, let fills, let replayed):
            writer.raw(#","input":"fills","user":"#)
            writer.plain(leader)
            writer.raw(#","replayed":"#)
            writer.integer(replayed)
            writer.raw(#","fills":"#)
            writer.array(fills) { writer, fill in writer.json(fill.json) }
        case .accounts(let entries):
            writer.raw(#","input":"accounts","accounts":"#)
            writer.array(entries) { writer, entry in writer.json(entry.json) }
        case .leaders(let addresses):
            writer.raw(#","input":"leaders","leaders":"#)
            writer.array(addresses) { writer, address in writer.plain(address) }
        case .prices(let change):
            writer.raw(#","input":"prices","change":"#)
            writer.json(change.json)
        case .revokedAgent(let address):
            writer.raw(#","input":"revokedAgent","agent":"#)
            writer.plain(address)
        case .book(let change):
            writer.raw(#","input":"book","change":"#)
            writer.json(change.json)
        case .publicTrade(let trade):
            writer.raw(#","input":"publicTrade","trade":"#)
            writer.json(trade.json)
        case .time: writer.raw(#","input":"time""#)
        }
        writer.raw("}\n")
    }

    /// Reads a line back, with its time in milliseconds since 1970.
    static func read(_ json: JSON, universe: Universe) throws(JSONError) -> (input: EngineInput, time: Int64) {
        let time = try json.integer("timeMs")
        switch try json.string("input") {
        case "action": return (.action(try SignedInput(json: json)), time)
        case "fills":
            let fills = try json.list("fills") { fill throws(JSONError) in try Engine.LeaderFill(json: fill, universe: universe) }
            return (.fills(leader: try json.string("user"), fills, replayed: Int(try json.integer("replayed"))), time)
        case "accounts": return (.accounts(try AccountEntry.list(json)), time)
        case "leaders":
            return (.leaders(try json.list("leaders") { value throws(JSONError) in try value.asString() }), time)
        case "revokedAgent": return (.revokedAgent(try json.at("agent", Address.init(json:)).text), time)
        case "prices": return (.prices(try json.at("change", PriceChange.init(json:))), time)
        case "book": return (.book(try json.at("change", BookChange.init(json:))), time)
        case "publicTrade": return (.publicTrade(try json.at("trade", PublicTrade.init(json:))), time)
        case "time": return (.time, time)
        case let other: throw JSONError(path: "input", problem: "\(other) is unknown")
        }
    }
}

extension SignedInput {
    fileprivate func write(to writer: inout WireWriter) {
        writer.raw(#","input":"action","signer":"#)
        writer.plain(signer)
        writer.raw(#","vaultAddress":"#)
        writer.string(orNull: vaultAddress)
        writer.raw(#","nonce":"#)
        writer.integer(nonce)
        writer.raw(#","expiresAfter":"#)
        if let expiresAfter { writer.integer(expiresAfter) } else { writer.raw("null") }
        writer.raw(#","hash":"#)
        writer.plain(hash)
        writer.raw(#","action":"#)
        writer.json(operation.canonical)
    }

    fileprivate init(json: JSON) throws(JSONError) {
        signer = try json.string("signer")
        vaultAddress = try json.maybe("vaultAddress") { value throws(JSONError) in try value.asString() }
        nonce = try json.at("nonce") { value throws(JSONError) in try value.asUnsigned() }
        expiresAfter = try json.maybe("expiresAfter") { value throws(JSONError) in try value.asUnsigned() }
        hash = try json.string("hash")
        operation = try json.at("action", Operations.decode)
    }
}

extension PriceChange {
    /// `{"coin","mid"?,"mark"?,"oracle"?,"funding"?,"delisted"?,"frozen"?,"openInterestCap"?,"oracleDistancePercent"?}`: prices as decimal
    /// strings, mark and oracle also `"mid"`: following it; the hourly funding rate as a decimal string, or `"premium"`: computed from it.
    init(json: JSON) throws(JSONError) {
        coin = try json.string("coin")
        mid = try json.maybeDecimal("mid")
        mark = try json.maybe("mark", PriceSource.init(json:))
        oracle = try json.maybe("oracle", PriceSource.init(json:))
        funding = try json.maybe("funding", FundingSource.init(json:))
        isDelisted = try json.maybe("delisted") { value throws(JSONError) in try value.asBool() }
        isFrozen = try json.maybe("frozen") { value throws(JSONError) in try value.asBool() }
        openInterestCap = try json.maybeDecimal("openInterestCap")
        if let openInterestCap, openInterestCap.e8 < 0 {
            throw JSONError(path: "openInterestCap", problem: "expected USDC, found \(openInterestCap)")
        }
        oracleDistancePercent = try json.maybe("oracleDistancePercent") { value throws(JSONError) in
            let percent = Int(try value.asInteger())
            guard percent == 0 || MarketRules.distanceRange.contains(percent) else {
                throw JSONError(problem: "expected 0 or \(MarketRules.distanceRange), found \(percent)")
            }
            return percent
        }
        if let mid, mid.e8 <= 0 { throw JSONError(path: "mid", problem: "expected a positive price, found \(mid)") }
    }

    var json: JSON {
        var members = [JSON.Member("coin", .string(coin))]
        if let mid { members.append(.init("mid", .string(mid.description))) }
        if let mark { members.append(.init("mark", .string(mark.text))) }
        if let oracle { members.append(.init("oracle", .string(oracle.text))) }
        if let funding { members.append(.init("funding", .string(funding.text))) }
        if let isDelisted { members.append(.init("delisted", .bool(isDelisted))) }
        if let openInterestCap { members.append(.init("openInterestCap", .string(openInterestCap.description))) }
        if let oracleDistancePercent { members.append(.init("oracleDistancePercent", .integer(oracleDistancePercent))) }
        if let isFrozen { members.append(.init("frozen", .bool(isFrozen))) }
        return .object(members)
    }
}

extension PriceSource {
    fileprivate init(json: JSON) throws(JSONError) {
        let text = try json.asString()
        guard text != "mid" else {
            self = .mid
            return
        }
        let price: Price
        do { price = try Price(parsing: text) } catch { throw JSONError(problem: error.description) }
        guard price.e8 > 0 else { throw JSONError(problem: "expected a positive price or \"mid\", found \(text)") }
        self = .fixed(price)
    }

    fileprivate var text: String {
        switch self {
        case .mid: "mid"
        case .fixed(let price): price.description
        }
    }
}

extension FundingSource {
    fileprivate init(json: JSON) throws(JSONError) {
        let text = try json.asString()
        guard text != "premium" else {
            self = .premium
            return
        }
        let rate: Ratio
        do { rate = try Ratio(exactly: text) } catch { throw JSONError(problem: error.description) }
        guard rate >= .zero - FundingClock.cap, rate <= FundingClock.cap else {
            throw JSONError(problem: "expected an hourly rate within ±\(FundingClock.cap), or \"premium\", found \(text)")
        }
        self = .fixed(rate)
    }

    fileprivate var text: String {
        switch self {
        case .premium: "premium"
        case .fixed(let rate): rate.description
        }
    }
}

extension Engine.LeaderFill {
    /// What was given; what is left out was for the engine to make up, and is again.
    var json: JSON {
        var members: [JSON.Member] = [
            .init("coin", .string(market.coin)), .init("px", .string(price.description)), .init("sz", .string(size.description)),
            .init("side", .string(side.letter)), .init("crossed", .bool(crossed)), .init("feeToken", .string(feeToken)),
        ]
        if let startPosition { members.append(.init("startPosition", .string(startPosition.description))) }
        if let direction { members.append(.init("dir", .string(direction))) }
        if let closedPnl { members.append(.init("closedPnl", .string(closedPnl.description))) }
        if let hash { members.append(.init("hash", .string(hash))) }
        if let oid { members.append(.init("oid", .integer(oid))) }
        if let fee { members.append(.init("fee", .string(fee.description))) }
        if let tid { members.append(.init("tid", .integer(tid))) }
        if let cloid { members.append(.init("cloid", .string(cloid))) }
        if let twapID { members.append(.init("twapId", .integer(twapID))) }
        return .object(members + extras)
    }
}

extension JSON {
    func asNumberText() throws(JSONError) -> String {
        guard case .number(let text) = self else { throw JSONError(problem: "expected a number, found \(kind)") }
        return text
    }

    func asUnsigned() throws(JSONError) -> UInt64 {
        guard let value = UInt64(try asNumberText()) else { throw JSONError(problem: "expected a whole number of 64 bits, found \(kind)") }
        return value
    }
}
