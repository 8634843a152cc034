import CopyTrading

/// The whole configuration as of one version; a value, so that what began under it can end under it.
public struct ConfigSnapshot: Sendable {
    /// 0 before anything was loaded or applied.
    public let version: Int64
    public let influencers: [InfluencerID: Influencer]
    public let subscribers: [SubscriberID: Subscriber]
    public let subscriptions: [SubscriptionID: Subscription]
    public let scopes: [ScopeState.Scope: CopyState]
    private let byAccount: [AccountID: SubscriberID]
    private let byInfluencer: [InfluencerID: [Subscription]]

    public static let empty = ConfigSnapshot(version: 0, influencers: [], subscribers: [], subscriptions: [])

    /// - Precondition: no id twice.
    public init(version: Int64, influencers: [Influencer], subscribers: [Subscriber], subscriptions: [Subscription], scopes: [ScopeState] = []) {
        self.version = version
        self.influencers = Dictionary(uniqueKeysWithValues: influencers.map { ($0.id, $0) })
        self.subscribers = Dictionary(uniqueKeysWithValues: subscribers.map { ($0.id, $0) })
        self.subscriptions = Dictionary(uniqueKeysWithValues: subscriptions.map { ($0.id, $0) })
        self.scopes = Dictionary(uniqueKeysWithValues: scopes.map { ($0.scope, $0.state) })
        byAccount = Dictionary(subscribers.map { ($0.account, $0.id) }, uniquingKeysWith: { first, _ in first })
        byInfluencer = Dictionary(grouping: subscriptions.sorted { $0.id < $1.id }, by: \.influencer)
    }

    /// Whose account it is.
    public func subscriber(of account: AccountID) -> Subscriber? { byAccount[account].flatMap { subscribers[$0] } }

    /// Everyone who copies this influencer, in whatever state, by subscription id.
    public func subscriptions(of influencer: InfluencerID) -> [Subscription] { byInfluencer[influencer] ?? [] }

    /// Whom a signal is for, by subscription id: everyone who copies its influencer, or the one that joins by it, while it is configured.
    public func followers(of signal: Signal) -> [Subscription] {
        guard let join = signal.join else { return subscriptions(of: signal.influencer) }
        return subscriptions(of: signal.influencer).filter { $0.id == join.subscription }
    }

    /// Who joins what this influencer holds, now and not by an `earlier` configuration, by subscription id.
    public func joining(_ influencer: InfluencerID, since earlier: ConfigSnapshot) -> [SubscriptionID] {
        let before = Set(earlier.subscriptions(of: influencer).filter(\.joins).map(\.id))
        return subscriptions(of: influencer).filter(\.joins).map(\.id).filter { !before.contains($0) }
    }

    /// The states above a subscription's own. What is not configured any more is not active.
    /// - Parameter coin: `nil` for what holds in all of them.
    public func states(influencer: InfluencerID, subscriber: SubscriberID, coin: Coin?) -> ScopeStates {
        ScopeStates(
            global: scopes[.everything] ?? .active, influencer: influencers[influencer]?.settings.state ?? .stopped,
            subscriber: subscribers[subscriber]?.settings.state ?? .stopped, coin: coin.flatMap { scopes[.coin($0)] } ?? .active)
    }
}
