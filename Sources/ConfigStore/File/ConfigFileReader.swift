import CopyTrading
import Yams

/// Turns the YAML tree into a ``ConfigFile``, collecting faults.
struct ConfigFileReader {
    let path: String
    let environment: [String: String]
    let faults: FaultList
    private var file = ConfigFile()
    private var names = NameTable()

    init(path: String, environment: [String: String], faults: FaultList) {
        self.path = path
        self.environment = environment
        self.faults = faults
    }

    mutating func read(_ root: Node) -> ConfigFile {
        guard var top = MappingReader(root, Place(file: path, line: 1, field: ""), faults) else { return file }
        var keys = AgentKeyReader(path: path, environment: environment, faults: faults)
        for (node, place) in section("influencers", &top) { influencer(node, place) }
        for (node, place) in section("subscribers", &top) { subscriber(node, place, &keys) }
        for (node, place) in section("subscriptions", &top) { subscription(node, place) }
        if let (folder, place) = top.text("agent_keys") { keys.readFile(folder, place, known: names.subscribers) }
        top.finish()
        file.agentKeys = keys.finish()
        return file
    }

    /// Absent is a fault, because what a file does not have is removed.
    private func section(_ name: String, _ top: inout MappingReader) -> [(node: Node, place: Place)] {
        if top.node(name) == nil { faults.add(Place(file: path, line: 1, field: name), "missing; `\(name): []` says there are none") }
        return top.list(name) ?? []
    }

    private mutating func influencer(_ node: Node, _ place: Place) {
        guard var reader = MappingReader(node, place, faults) else { return }
        let id = reader.required("id", ValueParsing.name)
        let address = reader.required("address", ValueParsing.address)
        let isActive = reader.value("active", ValueParsing.flag) ?? true
        let tier: TierSetting = reader.value("tier", ValueParsing.choice) ?? .automatic
        reader.finish()
        if let id { names.claim(\.influencers, id, place.member("id", line: place.line), "this influencer", faults) }
        if let address { names.claim(\.leaderAddresses, address, place.member("address", line: place.line), "this address", faults) }
        guard let id, let address else { return }
        names.addressOf[id] = address
        file.influencers.append(Influencer(id: InfluencerID(id), address: address, isActive: isActive, tier: tier))
    }

    private mutating func subscriber(_ node: Node, _ place: Place, _ keys: inout AgentKeyReader) {
        guard var reader = MappingReader(node, place, faults) else { return }
        let id = reader.required("id", ValueParsing.name)
        let account = reader.required("account", ValueParsing.address)
        let vault = reader.value("vault_address", ValueParsing.address)
        let keyFile = reader.text("agent_key_file")
        let keyVariable = reader.text("agent_key_env")
        reader.finish()
        if let id { names.claim(\.subscribers, id, place.member("id", line: place.line), "this subscriber", faults) }
        if let account {
            names.claim(\.accounts, account, place.member("account", line: place.line), "this account", faults)
            if let vault, vault != account {
                // Orders would trade on the one and be sized by the other.
                faults.add(place.member("vault_address", line: place.line), value: vault, "is not the account \(account)")
            }
        }
        guard let id else { return }
        keys.read(SubscriberID(id), file: keyFile, variable: keyVariable)
        guard let account else { return }
        names.accountOf[id] = AccountID(account)
        file.subscribers.append(
            ConfigFile.Subscriber(id: SubscriberID(id), account: AccountID(account), vaultAddress: vault, place: place))
    }

    private mutating func subscription(_ node: Node, _ place: Place) {
        guard var reader = MappingReader(node, place, faults) else { return }
        let subscriber = reader.required("subscriber", ValueParsing.name)
        let influencer = reader.required("influencer", ValueParsing.name)
        let given = reader.value("id", ValueParsing.subscriptionName)
        let state: Subscription.State = reader.value("state", ValueParsing.choice) ?? .active
        let inverse = reader.value("inverse", ValueParsing.flag) ?? false
        let sizing = SubscriptionReading.sizing(&reader)
        let limits = SubscriptionReading.limits(&reader)
        reader.finish()
        let id = given ?? subscriber.flatMap { subscriber in influencer.map { "\(subscriber):\($0)" } }
        if let id { names.claim(\.subscriptions, id, place.member("id", line: place.line), "this subscription", faults) }
        let account = subscriber.flatMap { self.account(of: $0, place) }
        let address = influencer.flatMap { self.address(of: $0, place) }
        if let account, let address, account.text == address {
            faults.add(place, value: id, "copies its own account, which would never end")
        }
        guard let id, let subscriber, let influencer, let account, let sizing, let limits else { return }
        file.subscriptions.append(
            Subscription(
                id: SubscriptionID(id), subscriber: SubscriberID(subscriber), influencer: InfluencerID(influencer), account: account,
                sizing: sizing, limits: limits, state: state, inverse: inverse))
    }

    /// `nil` without a second fault when the subscriber is there but has faults of its own.
    private func account(of subscriber: String, _ place: Place) -> AccountID? {
        if names.subscribers[subscriber] == nil {
            faults.add(place.member("subscriber", line: place.line), value: subscriber, "is not among the subscribers")
        }
        return names.accountOf[subscriber]
    }

    private func address(of influencer: String, _ place: Place) -> String? {
        if names.influencers[influencer] == nil {
            faults.add(place.member("influencer", line: place.line), value: influencer, "is not among the influencers")
        }
        return names.addressOf[influencer]
    }
}

/// Names and addresses that may be given once, with the line of the first.
struct NameTable {
    var influencers: [String: Int] = [:]
    var leaderAddresses: [String: Int] = [:]
    var subscribers: [String: Int] = [:]
    var accounts: [String: Int] = [:]
    var subscriptions: [String: Int] = [:]
    /// Of those without faults.
    var accountOf: [String: AccountID] = [:]
    var addressOf: [String: String] = [:]
}

extension NameTable {
    mutating func claim(
        _ table: WritableKeyPath<NameTable, [String: Int]>, _ name: String, _ place: Place, _ what: String, _ faults: FaultList
    ) {
        if let line = self[keyPath: table][name] {
            faults.add(place, value: name, "is given twice: line \(line) has \(what) too")
        } else {
            self[keyPath: table][name] = place.line
        }
    }
}
