/// How far a subscription is copied. The same states exist for a subscriber, an influencer, a coin and everything together; the
/// strictest of them holds. None keeps an exit from being mirrored.
public enum CopyState: String, Sendable, CaseIterable, Comparable {
    case active
    /// No entries for now.
    case exitsOnly = "exits_only"
    /// No entries any more: what is held ends with the leader's exits.
    case windDown = "wind_down"
    /// No entries, until a person resumes.
    case paused
    /// Ended. What is still held is closed with the leader, nothing is opened or healed.
    case stopped

    /// Why entries are skipped; `nil` when they are not.
    public var outcome: Outcome? {
        switch self {
        case .active: nil
        case .exitsOnly, .paused: .paused
        case .windDown: .windDown
        case .stopped: .halted
        }
    }

    private var strictness: Int { Self.allCases.firstIndex(of: self)! }
    public static func < (a: CopyState, b: CopyState) -> Bool { a.strictness < b.strictness }
}

/// The states above a subscription's own.
public struct ScopeStates: Sendable, Equatable {
    public var global: CopyState
    public var influencer: CopyState
    public var subscriber: CopyState
    public var coin: CopyState

    public init(global: CopyState = .active, influencer: CopyState = .active, subscriber: CopyState = .active, coin: CopyState = .active) {
        self.global = global
        self.influencer = influencer
        self.subscriber = subscriber
        self.coin = coin
    }

    /// Whether none of them is in an entry's way, nor the subscription's own.
    func allowEntries(subscription: CopyState) -> Bool {
        global == .active && influencer == .active && subscriber == .active && coin == .active && subscription == .active
    }

    /// The strictest, and whose it is; of equals the widest.
    public func strictest(subscription: CopyState) -> (state: CopyState, scope: String) {
        let all = [
            (global, "everything"), (influencer, "the influencer"), (subscriber, "the subscriber"), (coin, "the coin"),
            (subscription, "the subscription"),
        ]
        return all.dropFirst().reduce(all[0]) { $1.0 > $0.0 ? $1 : $0 }
    }

    /// Why an entry is skipped; `nil` when it is not.
    public func refusal(subscription: CopyState) -> (outcome: Outcome, detail: String)? {
        let (state, scope) = strictest(subscription: subscription)
        return state.outcome.map { ($0, "\(scope) is \(state.rawValue): exits only") }
    }
}
