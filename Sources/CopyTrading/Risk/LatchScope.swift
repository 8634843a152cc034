import JSON

/// What a latch of the kill switch holds for.
public enum LatchScope: Sendable, Hashable {
    case everything
    case influencer(InfluencerID)
    case subscriber(SubscriberID)
    case subscription(SubscriptionID)
    case coin(Coin)

    /// `everything`, `influencer:leader-1`, …: as it is stored.
    public var text: String {
        switch self {
        case .everything: "everything"
        case .influencer(let id): "influencer:\(id)"
        case .subscriber(let id): "subscriber:\(id)"
        case .subscription(let id): "subscription:\(id)"
        case .coin(let coin): "coin:\(coin)"
        }
    }

    /// `nil` for text of another form.
    public init?(_ text: String) {
        if text == "everything" {
            self = .everything
            return
        }
        // A subscription's id may contain a colon itself.
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        switch parts[0] {
        case "influencer": self = .influencer(InfluencerID(parts[1]))
        case "subscriber": self = .subscriber(SubscriberID(parts[1]))
        case "subscription": self = .subscription(SubscriptionID(parts[1]))
        case "coin": self = .coin(Coin(parts[1]))
        default: return nil
        }
    }
}

/// One setting of the kill switch for one scope; the newest of a scope counts.
public struct Latch: Sendable, Equatable {
    /// Rises with each setting on record, over all scopes; 0 of one that is in force and not on record yet.
    public var id: Int64
    public var scope: LatchScope
    public var level: KillLevel
    public var reason: String
    /// A person, or the part of the software that tightened.
    public var by: String
    /// Milliseconds since 1970.
    public var at: Int64

    public init(id: Int64, scope: LatchScope, level: KillLevel, reason: String, by: String, at: Int64) {
        self.id = id
        self.scope = scope
        self.level = level
        self.reason = reason
        self.by = by
        self.at = at
    }

    public var isOnRecord: Bool { id > 0 }

    /// For people.
    public var text: String { "the kill switch of \(scope.text) is at level \(level.rawValue): \(reason)" }

    public var json: JSON {
        [
            "id": .integer(id), "scope": .string(scope.text), "level": .integer(level.rawValue), "reason": .string(reason), "by": .string(by),
            "atMs": .integer(at),
        ]
    }

    public init(json: JSON) throws(JSONError) {
        let text = try json.string("scope")
        guard let scope = LatchScope(text) else { throw JSONError(path: "scope", problem: "\"\(text)\" is no scope") }
        let number = try json.integer("level")
        guard let level = KillLevel(rawValue: Int(clamping: number)) else { throw JSONError(path: "level", problem: "\(number) is not within 0…4") }
        self.init(
            id: try json.integer("id"), scope: scope, level: level, reason: try json.string("reason"), by: try json.string("by"),
            at: try json.integer("atMs"))
    }
}

/// Who may close the kill switch further. Only a person opens it again.
public protocol LatchSetter: Sendable {
    /// No effect when the scope is latched at least as strictly.
    /// - Parameters:
    ///   - reason: for whoever decides whether to lift it.
    ///   - by: the part of the fleet that saw the reason, such as `hygiene`.
    /// - Throws: it is not certain that the latch holds.
    func tighten(_ scope: LatchScope, to level: KillLevel, reason: String, by: String) async throws
}

/// The latches that are known, by scope.
public struct LatchBook: Sendable, Equatable {
    public private(set) var latches: [LatchScope: Latch] = [:]
    /// In force beside them until they are on record.
    public private(set) var provisional: [LatchScope: Latch] = [:]

    public init() {}

    public var all: [Latch] { Array(latches.values) + provisional.values }

    /// - Parameter latches: all that are not on record at present.
    /// - Returns: those that were not known.
    public mutating func replaceProvisional(_ latches: [Latch]) -> [Latch] {
        let before = provisional
        provisional = Dictionary(latches.map { ($0.scope, $0) }, uniquingKeysWith: { $0.level < $1.level ? $1 : $0 })
        return provisional.values.filter { before[$0.scope] != $0 }
    }

    /// Takes the newer of each scope. Returns whether it changed anything.
    @discardableResult
    public mutating func adopt(_ latch: Latch) -> Bool {
        if let known = latches[latch.scope], known.id >= latch.id { return false }
        latches[latch.scope] = latch
        return true
    }

    /// What is set of exactly this scope: the newest setting on record, or what is in force beside it and stricter.
    public func latch(on scope: LatchScope) -> Latch? {
        guard let beside = provisional[scope], beside.level > latches[scope]?.level ?? .none else { return latches[scope] }
        return beside
    }

    /// The strictest latch on one copy; of equals the widest. `nil` when nothing is latched.
    public func strictest(influencer: InfluencerID, subscriber: SubscriberID, subscription: SubscriptionID, coin: Coin) -> Latch? {
        let scopes: [LatchScope] = [.everything, .influencer(influencer), .subscriber(subscriber), .coin(coin), .subscription(subscription)]
        return scopes.flatMap { [latches[$0], provisional[$0]].compactMap(\.self) }.filter { $0.level > .none }.max { $0.level < $1.level }
    }
}
