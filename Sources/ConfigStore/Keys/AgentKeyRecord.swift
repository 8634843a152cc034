import CopyTrading

/// Where an agent's key stands.
public enum AgentKeyState: String, Sendable, CaseIterable {
    /// Stored for a subscriber that is not configured yet.
    case waiting
    /// Signs.
    case active
    /// Another signs. Kept for orders that it signed and whose outcome may still have to be settled, then destroyed.
    case retiring
    /// Another signs; the key is destroyed.
    case replaced
    /// May not sign any more; the key is destroyed.
    case revoked
    /// Its subscriber was removed, or its sealing key lost before it signed; the key is destroyed. The only one that may come back: nobody
    /// said that it was deregistered.
    case removed

    /// Whether the key is there.
    public var hasKey: Bool { [.waiting, .active, .retiring].contains(self) }
}

/// An agent, without its key.
public struct AgentKeyRecord: Sendable, Equatable {
    public var agent: String
    public var subscriber: SubscriberID
    public var name: String
    public var state: AgentKeyState
    /// Id of the sealing key; `nil` when the key is destroyed, or in the older form.
    public var sealingKey: String?
    /// Milliseconds since 1970.
    public var addedAt: Int64
    public var addedBy: String
    public var endedAt: Int64?
    public var reason: String?
    /// The subscriber's account, while it is configured.
    public var account: AccountID?
    /// What the exchange last said of it.
    public var check: AgentCheck?
}

/// What the exchange said of an agent: whether it may sign for an account, and until when.
public struct AgentCheck: Sendable, Equatable {
    public var agent: String
    public var account: AccountID
    /// Milliseconds since 1970.
    public var checkedAt: Int64
    /// Why it may not sign, and what to do; `nil`: it may.
    public var problem: String?
    /// Name and end of the approval, milliseconds since 1970; `nil` for an agent without a name, which the exchange does not list.
    public var name: String?
    public var validUntil: Int64?

    public init(agent: String, account: AccountID, checkedAt: Int64, problem: String? = nil, name: String? = nil, validUntil: Int64? = nil) {
        self.agent = agent
        self.account = account
        self.checkedAt = checkedAt
        self.problem = problem
        self.name = name
        self.validUntil = validUntil
    }

    /// Whole days until it expires, negative after it; `nil` when the exchange does not say.
    public func daysLeft(at now: Int64) -> Int64? {
        let day: Int64 = 86_400_000
        return validUntil.map { $0 >= now ? ($0 - now) / day : -((now - $0 + day - 1) / day) }
    }
}
