import CopyTrading
import JSON

/// A leader as configured.
public struct Influencer: Sendable, Equatable {
    public var id: InfluencerID
    /// The exchange address whose fills are copied, lower-case.
    public var address: String
    /// False: its trades are not followed.
    public var isActive: Bool
    public var tier: TierSetting
    public var settings: LeaderSettings

    public init(
        id: InfluencerID, address: String, isActive: Bool = true, tier: TierSetting = .automatic, settings: LeaderSettings = LeaderSettings()
    ) {
        self.id = id
        self.address = address.lowercased()
        self.isActive = isActive
        self.tier = tier
        self.settings = settings
    }
}

/// How a leader is to be followed. The exchange sends the own fills of a few users only to one address of ours.
public enum TierSetting: String, Sendable, CaseIterable {
    /// By its own fills while it is among the most active, by public trades otherwise.
    case automatic = "auto"
    /// By its own fills, as long as there are places.
    case ownFills = "1"
    /// By public trades.
    case publicTrades = "2"
}

/// A subscriber as configured: where it holds its positions and which agent signs for it.
public struct Subscriber: Sendable, Equatable {
    public var id: SubscriberID
    /// The exchange account that holds the positions.
    public var account: AccountID
    /// The account again, when it is a sub-account or a vault: orders then name it.
    public var vaultAddress: String?
    /// The address of the agent's key, lower-case. Another address means another key.
    public var agentAddress: String
    /// It may not sign any more, and no other does.
    public var isAgentRevoked: Bool
    public var settings: AccountSettings

    public init(
        id: SubscriberID, account: AccountID, vaultAddress: String? = nil, agentAddress: String, isAgentRevoked: Bool = false,
        settings: AccountSettings = AccountSettings()
    ) {
        self.id = id
        self.account = account
        self.vaultAddress = vaultAddress?.lowercased()
        self.agentAddress = agentAddress.lowercased()
        self.isAgentRevoked = isAgentRevoked
        self.settings = settings
    }
}
