import CopyTrading
import Yams

/// Turns the YAML tree into a ``ConfigFile``, collecting faults.
struct ConfigFileReader {
    let path: String
    let environment: [String: String]
    let readsKeys: Bool
    let faults: FaultList
    private var file = ConfigFile()
    private var names = NameTable()
    /// Each subscription's leader and account, as far as both are known.
    private var copies: [(leader: String, account: String, id: String?, place: Place)] = []

    init(path: String, environment: [String: String], readsKeys: Bool, faults: FaultList) {
        self.path = path
        self.environment = environment
        self.readsKeys = readsKeys
        self.faults = faults
    }

    mutating func read(_ root: Node) -> ConfigFile {
        guard var top = MappingReader(root, Place(file: path, line: 1, field: ""), faults) else { return file }
        var keys = AgentKeyReader(path: path, environment: environment, faults: faults)
        for (node, place) in section("influencers", &top) { influencer(node, place) }
        for (node, place) in section("subscribers", &top) { subscriber(node, place, &keys) }
        for (node, place) in section("subscriptions", &top) { subscription(node, place) }
        if let (folder, place) = top.text("agent_keys"), readsKeys { keys.readFile(folder, place, known: names.subscribers) }
        scopes(&top)
        top.finish()
        checkAccounts()
        checkCircles()
        checkFollowed()
        (file.agentKeys, file.agentKeyPlaces) = keys.finish()
        return file
    }

    /// Absent is a fault, because what a file does not have is removed.
    private func section(_ name: String, _ top: inout MappingReader) -> [(node: Node, place: Place)] {
        if top.node(name) == nil { top.missing(name, note: "; `\(name): []` says there are none") }
        return top.list(name) ?? []
    }

    private mutating func influencer(_ node: Node, _ place: Place) {
        guard var reader = MappingReader(node, place, faults) else { return }
        let id = reader.required("id", ValueParsing.name)
        let address = reader.required("address", ValueParsing.address)
        let isActive = reader.value("active", ValueParsing.flag) ?? true
        let tier: TierSetting = reader.value("tier", ValueParsing.choice) ?? .automatic
        var settings = LeaderSettings.template
        LeaderSettings.table.read(&reader, into: &settings)
        reader.finish()
        if let id { names.claim(\.influencers, id, place.member("id", line: place.line), "this influencer", faults) }
        if let address { names.claim(\.leaderAddresses, address, place.member("address", line: place.line), "this address", faults) }
        guard let id, let address else { return }
        names.addressOf[id] = address
        file.influencerPlaces[InfluencerID(id)] = place.member("address", line: place.line)
        file.influencers.append(Influencer(id: InfluencerID(id), address: address, isActive: isActive, tier: tier, settings: settings))
    }

    private mutating func subscriber(_ node: Node, _ place: Place, _ keys: inout AgentKeyReader) {
        guard var reader = MappingReader(node, place, faults) else { return }
        let id = reader.required("id", ValueParsing.name)
        let account = reader.required("account", ValueParsing.address)
        let vault = reader.value("vault_address", ValueParsing.address)
        let keyFile = reader.text("agent_key_file")
        let keyVariable = reader.text("agent_key_env")
        var settings = AccountSettingsTable.template
        AccountSettingsTable.table.read(&reader, into: &settings)
        AccountSettingsTable.check(settings, reader)
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
        if readsKeys { keys.read(SubscriberID(id), file: keyFile, variable: keyVariable) }
        guard let account else { return }
        names.accountOf[id] = AccountID(account)
        file.subscribers.append(
            ConfigFile.Subscriber(id: SubscriberID(id), account: AccountID(account), vaultAddress: vault, settings: settings, place: place))
    }

    private mutating func subscription(_ node: Node, _ place: Place) {
        guard var reader = MappingReader(node, place, faults) else { return }
        let subscriber = reader.required("subscriber", ValueParsing.name)
        let influencer = reader.required("influencer", ValueParsing.name)
        let given = reader.value("id", ValueParsing.subscriptionName)
        let settings = SubscriptionSettings.read(&reader, into: SubscriptionSettings.template)
        reader.finish()
        let id = given ?? subscriber.flatMap { subscriber in influencer.map { "\(subscriber):\($0)" } }
        if let id { names.claim(\.subscriptions, id, place.member("id", line: place.line), "this subscription", faults) }
        let account = subscriber.flatMap { self.account(of: $0, place) }
        let address = influencer.flatMap { self.address(of: $0, place) }
        if let account, let address { copies.append((address, account.text, id, place)) }
        guard let id, let subscriber, let influencer, let account, var entry = settings else { return }
        if case .volatilityScaled(.fixedNotional(_, perOrder: true), _, _) = entry.sizing {
            faults.add(
                place.member("sizing.base.per_order", line: place.line), value: "true",
                "is not possible here: what is weighed is the size of the OPEN")
        }
        entry.id = SubscriptionID(id)
        entry.subscriber = SubscriberID(subscriber)
        entry.influencer = InfluencerID(influencer)
        entry.account = account
        file.subscriptionPlaces[entry.id] = place
        file.subscriptions.append(entry)
    }

    /// `state` of everything, and `coins`: name → state.
    private mutating func scopes(_ top: inout MappingReader) {
        if let state: CopyState = top.value("state", ValueParsing.choice), state != .active {
            file.scopes.append(ScopeState(scope: .everything, state: state))
        }
        guard let (node, place) = top.node("coins") else { return }
        guard let mapping = node.mapping else {
            faults.add(place, value: node.scalar?.string, "is \(node.kindName), expected a mapping (coin: state)")
            return
        }
        var seen: Set<Coin> = []
        for (key, value) in mapping {
            let name = key.scalar?.string
            let place = place.member(name ?? "?", line: key.line)
            // a pattern would match nothing here
            guard let name, !name.contains("*"), case .success(let coin) = ValueParsing.coin(name) else {
                faults.add(
                    place, name == nil ? "is \(key.kindName), expected a coin's name" : "is not a coin's name; patterns are for allow and deny")
                continue
            }
            guard seen.insert(coin).inserted else {
                faults.add(place, "is there twice")
                continue
            }
            guard let state = ValueKind<CopyState>.choice.read(value, place, faults), state != .active else { continue }
            file.scopes.append(ScopeState(scope: .coin(coin), state: state))
        }
    }

    /// What concerns all subscriptions of one subscriber together.
    private func checkAccounts() {
        let bySubscriber = Dictionary(grouping: file.subscriptions, by: \.subscriber)
        for subscriber in file.subscribers {
            let own = bySubscriber[subscriber.id] ?? []
            let limits = subscriber.settings.limits
            if subscriber.settings.sharing == .isolated, own.count > 1 {
                faults.add(
                    subscriber.place.member("sharing", line: subscriber.place.line), value: "isolated",
                    "allows one subscription, there are \(own.count)")
            }
            if let equity = limits.declaredEquity,
                let excess = AllocationCheck.excess(
                    of: own.compactMap(\.sizing.allocation), equity: equity, bufferBasisPoints: limits.equityBufferBasisPoints)
            {
                faults.add(
                    subscriber.place.member("limits.equity", line: subscriber.place.line), value: "\(equity)",
                    "leaves \(excess.available) to allocate, its subscriptions have \(excess.allocated)")
            }
        }
    }

    /// What an account does for its leader is a trade that its own followers copy.
    private func checkCircles() {
        let circles = CopyCircles(copies.map { ($0.leader, $0.account) })
        for copy in copies {
            if copy.leader == copy.account {
                faults.add(copy.place, value: copy.id, "copies its own account, which would never end")
            } else if circles.contain(copy.leader, copy.account) {
                faults.add(
                    copy.place, value: copy.id, "copies \(copy.leader), which copies \(copy.account) in turn, itself or through others: that would never end")
            }
        }
    }

    /// Of a leader that is not followed no exit is seen.
    private func checkFollowed() {
        let inactive = Set(file.influencers.filter { !$0.isActive }.map(\.id))
        for subscription in file.subscriptions where inactive.contains(subscription.influencer) {
            guard let place = file.subscriptionPlaces[subscription.id] else { continue }
            faults.add(
                place, value: subscription.id.text,
                "copies influencer \(subscription.influencer), which is not followed (active: false), so that no exit would be mirrored: set `state: "
                    + "exits_only` there instead")
        }
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
