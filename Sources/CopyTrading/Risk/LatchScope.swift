/// What a latch of the kill switch holds for.
public enum LatchScope: Sendable, Hashable {
    case everything
    case influencer(InfluencerID)
    case subscriber(SubscriberID)
    case subscription(SubscriptionID)
    case coin(Coin)

    /// `everything`, `influencer:ID`, `subscriber:ID`, `subscription:ID` or `coin:NAME`.
    public var text: String {
        switch self {
        case .everything: "everything"
        case .influencer(let id): "influencer:\(id)"
        case .subscriber(let id): "subscriber:\(id)"
        case .subscription(let id): "subscription:\(id)"
        case .coin(let coin): "coin:\(coin)"
        }
    }

    /// Reads what ``text`` wrote; names may contain colons. `nil` for anything else.
    public init?(_ text: String) {
        if text == "everything" { self = .everything; return }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        let name = String(parts[1])
        switch parts[0] {
        case "influencer": self = .influencer(InfluencerID(name))
        case "subscriber": self = .subscriber(SubscriberID(name))
        case "subscription": self = .subscription(SubscriptionID(name))
        case "coin": self = .coin(Coin(name))
        default: return nil
        }
    }
}

/// Where latches are kept.
public protocol LatchSetter: Sendable {
    /// Software may only tighten: no effect when the scope is latched at least as strictly.
    /// - Parameters:
    ///   - reason: for whoever decides whether to lift it.
    ///   - by: the part of the fleet that saw the reason, such as `hygiene`.
    /// - Throws: it is not certain that the latch holds.
    func tighten(_ scope: LatchScope, to level: KillLevel, reason: String, by: String) async throws
}
