import ConfigStore
import CopyTrading
import Settings

/// The subscribers and accounts that are configured, to say whose a bucket is and which exceptions match nobody.
struct KnownNames: Sendable {
    /// Subscriber → account; `nil` when the configuration could not be read.
    private let accounts: [String: String]?
    /// Why it could not.
    private let problem: String?

    static func read(_ context: OperatorContext) async -> KnownNames {
        let store = ConfigStore(url: context.settings.postgres.revealedURL(), logger: context.logger)
        do {
            try await store.load()
            return KnownNames(accounts: Dictionary(uniqueKeysWithValues: store.current().subscribers.map { ($0.key.text, $0.value.account.text) }))
        } catch {
            return KnownNames(accounts: nil, problem: "the configuration cannot be read, so ids are taken as they are: \(error)")
        }
    }

    init(accounts: [String: String]?, problem: String? = nil) {
        self.accounts = accounts
        self.problem = problem
    }

    /// What a person may mean by an id: a subscriber with its account, an account with its subscriber, or an egress address.
    func buckets(of id: String) -> [RateLimits.Bucket] {
        if let account = accounts?[id] { return [.subscriber(id), .account(account)] }
        if let subscriber = accounts?.first(where: { $0.value == id.lowercased() })?.key {
            return [.subscriber(subscriber), .account(id.lowercased())]
        }
        return id.hasPrefix("0x") ? [.account(id.lowercased())] : [.subscriber(id), .egress(id)]
    }

    /// Configured buckets with a limit of their own.
    func exceptions(in rates: RateLimits) -> [RateLimits.Bucket] {
        (accounts ?? [:]).flatMap { subscriber, account in
            [RateLimits.Bucket.subscriber(subscriber), .account(account)].filter(rates.isException)
        }
    }

    /// Exceptions in the environment that match nobody, and what hindered finding out.
    func strangers(among rates: RateLimits) -> [String] {
        guard let accounts else { return [problem].compactMap { $0 } }
        let subscribers = Set(accounts.keys.map { RateLimits.key(of: $0) })
        let addresses = Set(accounts.values.map { RateLimits.key(of: $0) })
        return rates.subscribers.keys.sorted().filter { !subscribers.contains($0) }.map { "VIBE_RATE_SUBSCRIBER__\($0) matches no subscriber" }
            + rates.accounts.keys.sorted().filter { !addresses.contains($0) }.map { "VIBE_RATE_ACCOUNT__\($0) matches no account" }
    }
}
