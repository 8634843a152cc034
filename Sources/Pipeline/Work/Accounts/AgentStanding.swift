import ConfigStore
import CopyTrading
import Hyperliquid

/// What a worker knows of the agent that signs for an account.
struct AgentWatch: Sendable {
    static let firstRetry = Duration.seconds(2)
    static let longestRetry = Duration.seconds(60)
    /// One that may not sign is looked at again so soon: its owner is about to approve it.
    static let refusedEvery = Duration.seconds(300)

    var check: AgentCheck?
    var isUnderWay = false
    private var next = ContinuousClock.now
    private var failures = 0

    /// - Parameter check: the newest, when it is about the agent that signs now.
    func isDue(_ check: AgentCheck?, at now: ContinuousClock.Instant) -> Bool {
        // a time that was set for another agent does not count
        !isUnderWay && (next <= now || (check == nil && failures == 0))
    }

    /// - Parameter age: of the check, when it was made some time ago.
    mutating func take(_ check: AgentCheck, every interval: Duration, age: Duration = .zero) {
        self.check = check
        failures = 0
        let interval = check.problem == nil ? interval : min(interval, Self.refusedEvery)
        next = .now + max(.zero, interval * Double.random(in: 0.8...1) - age)
    }

    /// - Parameter isWaitedFor: an entry waits for the answer.
    mutating func failed(isWaitedFor: Bool) {
        failures += 1
        next = .now + (isWaitedFor ? Self.firstRetry : min(Self.firstRetry * (1 << min(failures, 5)), Self.longestRetry))
    }

    mutating func lookAgain() { next = .now }
}

/// What the exchange's answers say about an agent: the key that signs and the account that is asked about are two things.
enum AgentStanding {
    /// Why `agent` may not sign for what `owner` owns, and what to do; `nil` when it may.
    /// - Parameters:
    ///   - role: of the agent's address.
    ///   - owner: the account, or the master of a sub-account, or the leader of a vault.
    static func problem(_ role: AddressRole, agent: String, owner: String) -> String? {
        switch role {
        case .agent(owner): nil
        case .agent(let other):
            "agent \(agent) signs for \(other), not for \(owner): put the right key in its place with `vibe keys rotate`, and give a sub-account or "
                + "vault as vault_address too"
        case .missing: "the exchange does not know agent \(agent): let \(owner) approve it, or put another in its place with `vibe keys rotate`"
        case .user, .vault, .subAccount:
            "\(agent) is no agent but an account: its key could withdraw; put an agent's in its place with `vibe keys rotate`"
        case .other(let role): "\(agent) is \"\(role)\" to the exchange, not an agent"
        }
    }
}
