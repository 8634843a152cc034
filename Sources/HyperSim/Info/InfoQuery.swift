import CopyTrading
import JSON

/// One request of POST /info, or of a WebSocket `post`, on its way to an answer. Each kind of request is a method, listed in ``InfoKind``;
/// it reads what it needs of the body and writes its answer.
struct InfoQuery {
    let engine: Engine
    let json: JSON
    /// Milliseconds since 1970.
    let now: Int64

    var universe: Universe { engine.universe }

    // MARK: What a request names

    /// Lower case.
    func user() throws(JSONError) -> String { try json.at("user", Address.init(json:)).text }

    /// `nil` for an address that has no account, and for an agent's: reads are keyed by the account.
    func account() throws(JSONError) -> Account? { engine.account(try user()) }

    /// Index of the dex the request names; the main one when it names none.
    func dex() throws(JSONError) -> Int {
        let name = try json.maybe("dex") { value throws(JSONError) in try value.asString() } ?? ""
        guard let dex = universe.index(ofDex: name) else { throw JSONError(path: "dex", problem: "\(name) is unknown") }
        return dex
    }

    func market() throws(JSONError) -> Market? { universe.market(coin: try json.string("coin")) }

    func flag(_ name: String) throws(JSONError) -> Bool {
        try json.maybe(name) { value throws(JSONError) in try value.asBool() } ?? false
    }

    /// `startTime` and `endTime`, the latter now when it is absent.
    /// - Parameter start: for a request that may leave `startTime` out.
    func period(_ json: JSON, start: Int64? = nil) throws(JSONError) -> ClosedRange<Int64> {
        let given = try json.maybe("startTime") { value throws(JSONError) in try value.asInteger() }
        guard let from = given ?? start else { throw JSONError(path: "startTime", problem: "missing") }
        let to = try json.maybe("endTime") { value throws(JSONError) in try value.asInteger() } ?? Int64.max
        guard from >= 0, to >= 0 else { throw JSONError(problem: "a negative time") }
        return from...max(from, to)
    }

    func period(start: Int64? = nil) throws(JSONError) -> ClosedRange<Int64> { try period(json, start: start) }
}

extension JSON {
    /// A decimal string as the exchange writes them, with at least one digit after the point.
    static func decimal(_ value: some FixedPoint) -> JSON {
        let text = value.description
        return .string(text.contains(".") ? text : text + ".0")
    }

    static func decimal(_ value: Ratio) -> JSON {
        let text = value.description
        return .string(text.contains(".") ? text : text + ".0")
    }

    static func decimal(millionths: Int) -> JSON { decimal(Ratio(e18: Int128(millionths) * 1_000_000_000_000)) }
}
