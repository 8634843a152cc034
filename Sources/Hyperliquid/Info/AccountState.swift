import CopyTrading
import JSON

/// An account's perpetuals on one dex, as the exchange holds them.
public struct AccountState: Sendable, Equatable {
    /// Cash and unrealised profit of all positions. Not the trader's equity when the account is unified with spot (`userAbstraction`).
    public var accountValue: Notional
    public var withdrawable: Notional
    /// Signed; a coin that is not here is flat.
    public var positions: [Coin: Size]
    /// Milliseconds since 1970.
    public var time: Int64

    public init(accountValue: Notional, withdrawable: Notional, positions: [Coin: Size], time: Int64) {
        self.accountValue = accountValue
        self.withdrawable = withdrawable
        self.positions = positions
        self.time = time
    }

    /// The answer of `clearinghouseState`.
    public init(json: JSON) throws(JSONError) {
        let list = try json.list("assetPositions") { entry throws(JSONError) in
            try entry.at("position") { position throws(JSONError) -> (Coin, Size) in
                (Coin(try position.string("coin")), try position.denoisedDecimal("szi"))
            }
        }
        var positions: [Coin: Size] = [:]
        for (coin, size) in list {
            guard positions.updateValue(size, forKey: coin) == nil else {
                throw JSONError(path: "assetPositions", problem: "\(coin) is listed twice")
            }
        }
        self.init(
            accountValue: try json.at("marginSummary") { summary throws(JSONError) in try summary.denoisedDecimal("accountValue") },
            withdrawable: try json.denoisedDecimal("withdrawable"), positions: positions, time: try json.integer("time"))
    }
}

extension ExchangeClient {
    /// - Parameters:
    ///   - user: the account's address. An agent's address gives an empty state, not an error.
    ///   - dex: a builder dex; `nil` is the exchange's own.
    public func accountState(_ user: String, dex: String? = nil) async throws(InfoError) -> AccountState {
        var members = [JSON.Member("type", "clearinghouseState"), JSON.Member("user", .string(user))]
        if let dex { members.append(JSON.Member("dex", .string(dex))) }
        return try await read(.object(members)) { answer throws(JSONError) in try AccountState(json: answer) }
    }
}
