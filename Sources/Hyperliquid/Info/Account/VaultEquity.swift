import CopyTrading
import JSON

/// A user's share of a vault.
public struct VaultEquity: Sendable, Equatable {
    public var vault: String
    public var equity: Notional
    /// Milliseconds since 1970 before which it cannot be withdrawn.
    public var lockedUntil: Int64?

    init(json: JSON) throws(JSONError) {
        vault = try json.string("vaultAddress").lowercased()
        equity = try json.denoisedDecimal("equity")
        lockedUntil = try json.integer(ifPresent: "lockedUntilTimestamp")
    }
}

extension InfoRequest where Answer == [VaultEquity] {
    public static func userVaultEquities(_ user: String) -> Self {
        Self("userVaultEquities", [("user", .string(user))]) { answer throws(JSONError) in try answer.map(VaultEquity.init(json:)) }
    }
}
