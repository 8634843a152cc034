import CopyTrading
import JSON

/// Something configured, in the columns of its table. The same columns make the rows, the history and the summary of a change.
protocol ConfigEntry: Sendable, Equatable {
    /// The name of its kind in `config_history`.
    static var kind: String { get }
    static var table: String { get }
    /// Columns after `id`, with the type each is cast to from text.
    static var columns: [(name: String, type: String)] { get }
    var key: String { get }
    /// The values of ``columns`` as text, `nil` for null.
    var values: [String?] { get }
}

extension Influencer: ConfigEntry {
    static let kind = "influencer"
    static let table = "influencers"
    static let columns = [(name: "address", type: "text"), (name: "active", type: "boolean"), (name: "tier", type: "text")]
    var key: String { id.text }
    var values: [String?] { [address, String(isActive), tier.rawValue] }

    init(row: JSON) throws(JSONError) {
        // Versions kept before there were tiers have none.
        let tier: TierSetting = row["tier"] == nil ? .automatic : try row.choice("tier")
        self.init(id: InfluencerID(try row.string("id")), address: try row.string("address"), isActive: try row.bool("active"), tier: tier)
    }
}

extension Subscriber: ConfigEntry {
    static let kind = "subscriber"
    static let table = "subscribers"
    static let columns = [(name: "account", type: "text"), (name: "vault_address", type: "text"), (name: "agent_address", type: "text")]
    var key: String { id.text }
    var values: [String?] { [account.text, vaultAddress, agentAddress] }

    init(row: JSON) throws(JSONError) {
        self.init(
            id: SubscriberID(try row.string("id")), account: AccountID(try row.string("account")),
            vaultAddress: try row.maybe("vault_address") { value throws(JSONError) in try value.asString() },
            agentAddress: try row.string("agent_address"))
    }
}

extension Subscription: ConfigEntry {
    static let kind = "subscription"
    static let table = "subscriptions"
    static let columns = [
        (name: "subscriber", type: "text"), (name: "influencer", type: "text"), (name: "state", type: "text"),
        (name: "inverse", type: "boolean"), (name: "sizing_mode", type: "text"), (name: "sizing_notional", type: "numeric"),
        (name: "sizing_ratio", type: "numeric"), (name: "sizing_allocation", type: "numeric"), (name: "sizing_multiplier", type: "numeric"),
        (name: "max_order_notional", type: "numeric"), (name: "max_position_notional", type: "numeric"),
        (name: "entry_slippage_bps", type: "integer"), (name: "entry_expiry_ms", type: "bigint"), (name: "allow", type: "coins"),
        (name: "deny", type: "coins"),
    ]
    var key: String { id.text }

    var values: [String?] {
        func coins(_ set: Set<Coin>) -> String { set.map(\.text).sorted().joined(separator: ",") }
        let sizing = sizing.values
        return [
            subscriber.text, influencer.text, state.rawValue, String(inverse), sizing.mode.rawValue, sizing.notional, sizing.ratio,
            sizing.allocation, sizing.multiplier, limits.maximumOrderNotional?.description, limits.maximumPositionNotional?.description,
            String(limits.entrySlippageBasisPoints), String(limits.entryExpiryMilliseconds), limits.allowedCoins.map(coins),
            coins(limits.deniedCoins),
        ]
    }

    /// - Parameter account: the subscriber's.
    init(row: JSON, account: (SubscriberID) -> AccountID?) throws(JSONError) {
        func text(_ name: String) throws(JSONError) -> String? { try row.maybe(name) { value throws(JSONError) in try value.asString() } }
        func coins(_ name: String) throws(JSONError) -> Set<Coin>? {
            try row.maybe(name) { value throws(JSONError) in
                Set(try value.map { coin throws(JSONError) in Coin(try coin.asString()) })
            }
        }
        let subscriber = SubscriberID(try row.string("subscriber"))
        guard let account = account(subscriber) else { throw JSONError(path: "subscriber", problem: "\(subscriber) is not stored") }
        self.init(
            id: SubscriptionID(try row.string("id")), subscriber: subscriber, influencer: InfluencerID(try row.string("influencer")),
            account: account, sizing: try SizingMode(row: row),
            limits: Limits(
                maximumOrderNotional: try row.money("max_order_notional"), maximumPositionNotional: try row.money("max_position_notional"),
                entrySlippageBasisPoints: Int(try row.integer("entry_slippage_bps")),
                entryExpiryMilliseconds: try row.integer("entry_expiry_ms"), allowedCoins: try coins("allow"),
                deniedCoins: try coins("deny") ?? []),
            state: try row.choice("state"), inverse: try row.bool("inverse"))
    }
}
