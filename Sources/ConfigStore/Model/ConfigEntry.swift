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
    static let columns = [
        (name: "address", type: "text"), (name: "active", type: "boolean"), (name: "tier", type: "text"), (name: "settings", type: "jsonb"),
    ]
    var key: String { id.text }
    var values: [String?] { [address, String(isActive), tier.rawValue, JSON.object(LeaderSettings.table.write(settings)).text()] }

    init(row: JSON) throws(JSONError) {
        // Versions kept before there were tiers have none.
        let tier: TierSetting = row["tier"] == nil ? .automatic : try row.choice("tier")
        self.init(
            id: InfluencerID(try row.string("id")), address: try row.string("address"), isActive: try row.bool("active"), tier: tier,
            settings: try row.maybe("settings") { json throws(JSONError) in
                try StoredDocument.read(json) { mapping in
                    var settings = LeaderSettings.template
                    LeaderSettings.table.read(&mapping, into: &settings)
                    return settings
                }
            } ?? LeaderSettings())
    }
}

extension Subscriber: ConfigEntry {
    static let kind = "subscriber"
    static let table = "subscribers"
    static let columns = [
        (name: "account", type: "text"), (name: "vault_address", type: "text"), (name: "agent_address", type: "text"),
        (name: "agent_revoked", type: "boolean"), (name: "settings", type: "jsonb"),
    ]
    var key: String { id.text }
    var values: [String?] { [account.text, vaultAddress, agentAddress, String(isAgentRevoked), settingsText] }
    var settingsText: String { JSON.object(AccountSettingsTable.table.write(settings)).text() }

    init(row: JSON) throws(JSONError) {
        self.init(
            id: SubscriberID(try row.string("id")), account: AccountID(try row.string("account")),
            vaultAddress: try row.maybe("vault_address") { value throws(JSONError) in try value.asString() },
            agentAddress: try row.string("agent_address"),
            // Versions kept before agents could be revoked have none.
            isAgentRevoked: row["agent_revoked"] == nil ? false : try row.bool("agent_revoked"),
            settings: try row.maybe("settings") { json throws(JSONError) in
                try StoredDocument.read(json) { mapping in
                    var settings = AccountSettingsTable.template
                    AccountSettingsTable.table.read(&mapping, into: &settings)
                    return settings
                }
            } ?? AccountSettings())
    }
}

extension Subscription: ConfigEntry {
    static let kind = "subscription"
    static let table = "subscriptions"
    static let columns = [
        (name: "subscriber", type: "text"), (name: "influencer", type: "text"), (name: "settings", type: "jsonb"),
    ]
    var key: String { id.text }
    var values: [String?] { [subscriber.text, influencer.text, SubscriptionSettings.document(self).text()] }

    /// - Parameter account: the subscriber's.
    init(row: JSON, account: (SubscriberID) -> AccountID?) throws(JSONError) {
        let subscriber = SubscriberID(try row.string("subscriber"))
        guard let account = account(subscriber) else { throw JSONError(path: "subscriber", problem: "\(subscriber) is not stored") }
        self = try row.at("settings") { json throws(JSONError) in
            try StoredDocument.read(json) { SubscriptionSettings.read(&$0, into: SubscriptionSettings.template) }
        }
        id = SubscriptionID(try row.string("id"))
        self.subscriber = subscriber
        influencer = InfluencerID(try row.string("influencer"))
        self.account = account
    }

    /// All settings by their names, as they are stored and as a file gives them.
    public var settingsDocument: JSON { SubscriptionSettings.document(self) }
}

extension ScopeState: ConfigEntry {
    static let kind = "scope"
    static let table = "scopes"
    static let columns = [(name: "state", type: "text")]
    var values: [String?] { [state.rawValue] }

    var key: String {
        switch scope {
        case .everything: "everything"
        case .coin(let coin): "coin:\(coin)"
        }
    }

    init(row: JSON) throws(JSONError) {
        let id = try row.string("id")
        guard id == "everything" || id.hasPrefix("coin:") else { throw JSONError(path: "id", problem: "\"\(id)\" is no scope") }
        self.init(scope: id == "everything" ? .everything : .coin(Coin(String(id.dropFirst(5)))), state: try row.choice("state"))
    }
}
