import CopyTrading
import JSON

/// How many actions an address may still send: 10,000, and one more for each USDC it has traded.
public struct ActionBudget: Sendable, Equatable {
    /// USDC traded, ever.
    public var cumulativeVolume: WideDecimal
    /// More than any address will send.
    static let range: ClosedRange<Int64> = 0...1_000_000_000_000_000

    public var used: Int64
    public var cap: Int64
    /// Bought with `reserveRequestWeight` and not used yet; zero where the exchange does not say.
    public var surplus: Int64

    /// At zero the exchange takes one action every ten seconds.
    public var remaining: Int64 { max(0, cap - used) + surplus }

    /// The answer of `userRateLimit`.
    init(json: JSON) throws(JSONError) {
        cumulativeVolume = try json.wideDecimal("cumVlm")
        used = try json.integer("nRequestsUsed", Self.range)
        cap = try json.integer("nRequestsCap", Self.range)
        surplus = json["nRequestsSurplus"] == nil ? 0 : try json.integer("nRequestsSurplus", Self.range)
    }
}

extension InfoRequest where Answer == ActionBudget {
    public static func userRateLimit(_ user: String) -> Self {
        Self("userRateLimit", [("user", .string(user))], decode: ActionBudget.init(json:))
    }
}
