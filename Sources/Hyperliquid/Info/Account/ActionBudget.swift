import CopyTrading
import JSON

/// How many actions an address may still send: 10,000, and one more for each USDC it has traded.
public struct ActionBudget: Sendable, Equatable {
    /// USDC traded, ever.
    public var cumulativeVolume: WideDecimal
    public var used: Int64
    public var cap: Int64
    /// Bought with `reserveRequestWeight` and not used yet; zero where the exchange does not say.
    public var surplus: Int64

    /// At zero the exchange takes one action every ten seconds.
    public var remaining: Int64 { max(0, cap - used) + surplus }

    /// The answer of `userRateLimit`.
    init(json: JSON) throws(JSONError) {
        cumulativeVolume = try json.wideDecimal("cumVlm")
        used = try json.integer("nRequestsUsed")
        cap = try json.integer("nRequestsCap")
        surplus = try json.integer(ifPresent: "nRequestsSurplus") ?? 0
    }
}

extension InfoRequest where Answer == ActionBudget {
    public static func userRateLimit(_ user: String) -> Self {
        Self("userRateLimit", [("user", .string(user))], decode: ActionBudget.init(json:))
    }
}
