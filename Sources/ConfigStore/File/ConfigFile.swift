import CopyTrading

/// A configuration file, read and checked as a whole.
///
/// It says everything: what is not in it is removed when it is applied, and with a subscriber its agent keys. A subscriber whose key is not in it
/// keeps the stored one.
public struct ConfigFile: Sendable {
    /// A subscriber as the file has it; the agent's address follows from its key, here or stored.
    public struct Subscriber: Sendable, Equatable {
        public var id: SubscriberID
        public var account: AccountID
        public var vaultAddress: String?
        public var settings: AccountSettings
        /// Where in the file, for faults found later.
        let place: Place
    }

    public internal(set) var influencers: [Influencer] = []
    public internal(set) var subscribers: [Subscriber] = []
    public internal(set) var subscriptions: [Subscription] = []
    /// Of everything and of single coins, as far as they are not active.
    public internal(set) var scopes: [ScopeState] = []
    /// Of the subscribers whose key is given.
    public internal(set) var agentKeys: [SubscriberID: AgentKey] = [:]
    /// Where in the file each is named.
    var agentKeyPlaces: [SubscriberID: Place] = [:]
    var influencerPlaces: [InfluencerID: Place] = [:]
    var subscriptionPlaces: [SubscriptionID: Place] = [:]

    /// Reads a YAML file, and the key files and variables it names.
    /// - Parameters:
    ///   - environment: for `agent_key_env`.
    ///   - readsKeys: false leaves the keys where they are, for what needs none.
    /// - Throws: every fault there is.
    public static func read(path: String, environment: [String: String], readsKeys: Bool = true) throws(ConfigFaults) -> ConfigFile {
        let faults = FaultList()
        guard let text = YAMLDocument.text(of: path, faults) else { throw ConfigFaults(faults.sorted) }
        return try read(text: text, path: path, environment: environment, readsKeys: readsKeys)
    }

    /// As above.
    /// - Parameter path: names the file in faults; key files are looked for beside it.
    public static func read(text: String, path: String, environment: [String: String], readsKeys: Bool = true) throws(ConfigFaults) -> ConfigFile {
        let faults = FaultList()
        guard let root = YAMLDocument.root(of: text, file: path, faults) else { throw ConfigFaults(faults.sorted) }
        var reader = ConfigFileReader(path: path, environment: environment, readsKeys: readsKeys, faults: faults)
        let file = reader.read(root)
        guard faults.faults.isEmpty else { throw ConfigFaults(faults.sorted) }
        return file
    }
}
