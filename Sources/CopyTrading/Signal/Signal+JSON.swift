import JSON

extension Signal {
    /// The `data` field of an entry of `influencer_signals`.
    public var json: JSON {
        var members: [(String, JSON)] = [
            ("v", .integer(Signal.schemaVersion)), ("id", .string(id.text)), ("network", .string(network)),
            ("influencer", .string(influencer.text)), ("coin", .string(coin.text)),
            ("legs", .array(legs.map(\.json))), ("start", .string("\(start)")), ("end", .string("\(end)")),
            ("avgPx", .string("\(averagePrice)")), ("sz", .string("\(size)")), ("fills", .integer(fillCount)),
            ("firstFill", .integer(firstFill)), ("lastFill", .integer(lastFill)), ("firstFillMs", .integer(firstFillTime)),
            ("lastFillMs", .integer(lastFillTime)), ("receivedUs", .integer(receivedAt)), ("crossed", .bool(crossed)),
            ("cause", .string(cause.rawValue)), ("leaderEquity", .string(orNull: leaderEquity?.description)),
            ("leaderLeverage", leaderLeverage.map { .integer($0) } ?? .null), ("tier", .integer(tier)),
        ]
        if let join { members.append(("join", join.json)) }
        if isShed { members.append(("shed", .bool(true))) }
        return members.present.asObject
    }

    /// Of one signal; as many as are composed can be added up.
    private static let fillCounts = 0...1_000_000_000

    public init(json: JSON) throws(JSONError) {
        let version = try json.integer("v")
        guard version == Signal.schemaVersion else {
            throw JSONError(path: "v", problem: "signal schema \(version) is not \(Signal.schemaVersion)")
        }
        self.init(
            id: SignalID(try json.string("id")), network: try json.string("network"),
            influencer: InfluencerID(try json.string("influencer")), coin: Coin(try json.string("coin")),
            legs: try json.list("legs", Leg.init(json:)), start: try json.decimal("start"), end: try json.decimal("end"),
            averagePrice: try json.decimal("avgPx"), size: try json.decimal("sz"), fillCount: Int(try json.integer("fills")),
            firstFill: try json.integer("firstFill"), lastFill: try json.integer("lastFill"),
            firstFillTime: try json.integer("firstFillMs"), lastFillTime: try json.integer("lastFillMs"),
            receivedAt: try json.integer("receivedUs"), crossed: try json.bool("crossed"), cause: try json.choice("cause"),
            leaderEquity: try json.maybeDecimal("leaderEquity"),
            leaderLeverage: try json.maybe("leaderLeverage") { value throws(JSONError) in Int(try value.asInteger()) },
            tier: Int(try json.integer("tier")), join: try json.maybe("join", Join.init(json:)))
        isShed = try json.maybe("shed") { value throws(JSONError) in try value.asBool() } ?? false
        guard !legs.isEmpty, legs == Leg.legs(from: start, to: end) else {
            throw JSONError(path: "legs", problem: "are not those of \(start) → \(end)")
        }
        guard (cause == .join) == (join != nil), join == nil || start.isZero && legs.count == 1 else {
            throw JSONError(path: "join", problem: "does not belong to \(cause.rawValue) \(start) → \(end)")
        }
        guard Self.fillCounts.contains(fillCount) else { throw JSONError(path: "fills", problem: "\(fillCount) is no count of fills") }
        guard size > .zero else { throw JSONError(path: "sz", problem: "\(size) is not positive") }
        guard averagePrice.e8 > 0 else { throw JSONError(path: "avgPx", problem: "\(averagePrice) is not positive") }
        for (name, time) in [("firstFillMs", firstFillTime), ("lastFillMs", lastFillTime), ("receivedUs", receivedAt / 1_000)]
        where !LeaderFill.times.contains(time) {
            throw JSONError(path: name, problem: "not a time since 1970")
        }
    }
}

extension Signal.Join {
    /// The member `join` of a signal; absent from every other.
    var json: JSON {
        ["subscription": .string(subscription.text), "leaderEntryPx": .string("\(leaderEntry)"), "configVersion": .integer(configVersion)]
    }

    init(json: JSON) throws(JSONError) {
        self.init(
            subscription: SubscriptionID(try json.string("subscription")), leaderEntry: try json.decimal("leaderEntryPx"),
            configVersion: try json.integer("configVersion"))
        guard leaderEntry.e8 > 0 else { throw JSONError(path: "leaderEntryPx", problem: "\(leaderEntry) is not positive") }
    }
}

extension Leg {
    public var json: JSON {
        ["action": .string(action.rawValue), "start": .string("\(start)"), "end": .string("\(end)")]
    }

    public init(json: JSON) throws(JSONError) {
        self.init(action: try json.choice("action"), start: try json.decimal("start"), end: try json.decimal("end"))
    }
}

extension [(String, JSON)] {
    /// Those that say something. In records that are written thousands of times a second one that is absent means null.
    var present: [(String, JSON)] { filter { $0.1 != .null } }
    var asObject: JSON { .object(map { JSON.Member($0.0, $0.1) }) }
}

extension JSON {
    /// The decimal string member `name`.
    public func decimal<Value: FixedPoint>(_ name: String, lossy: Bool = false) throws(JSONError) -> Value {
        let text = try string(name)
        do { return try Value(parsing: text, lossy: lossy) } catch { throw JSONError(path: name, problem: error.description) }
    }

    public func maybeDecimal<Value: FixedPoint>(_ name: String, lossy: Bool = false) throws(JSONError) -> Value? {
        self[name] == nil ? nil : try decimal(name, lossy: lossy)
    }

    /// The string member `name` as one of an enum's cases; an unknown one is an error that lists the known.
    public func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) throws(JSONError) -> Choice where Choice.RawValue == String {
        let text = try string(name)
        guard let choice = Choice(rawValue: text) else {
            throw JSONError(path: name, problem: "\"\(text)\" is none of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }
}
