/// The effective rate table: one default per kind of bucket, and the exceptions by id.
///
/// Only the parameters live here; the state of a bucket is one number in Redis, so changing a limit needs no migration.
public struct RateLimits: Sendable, Equatable {
    public enum Bucket: Sendable, Hashable {
        case subscriber(String)
        case account(String)
        case egress(String)
    }

    public let subscriber: RateLimit
    public let account: RateLimit
    public let egress: RateLimit
    /// Exceptions, keyed by ``key(of:)`` of the id.
    public let subscribers: [String: RateLimit]
    public let accounts: [String: RateLimit]
    public let egresses: [String: RateLimit]
    /// How long a limited entry may wait for tokens before it expires.
    public let maximumWait: Duration

    public init(
        subscriber: RateLimit, account: RateLimit, egress: RateLimit, subscribers: [String: RateLimit] = [:],
        accounts: [String: RateLimit] = [:], egresses: [String: RateLimit] = [:], maximumWait: Duration
    ) {
        self.subscriber = subscriber
        self.account = account
        self.egress = egress
        self.subscribers = subscribers
        self.accounts = accounts
        self.egresses = egresses
        self.maximumWait = maximumWait
    }

    public func effective(for bucket: Bucket) -> RateLimit { exception(for: bucket) ?? standard(for: bucket) }

    public func isException(_ bucket: Bucket) -> Bool { exception(for: bucket) != nil }

    /// The name of an id inside a variable: letters and digits in lower case, everything else `_`, because a shell accepts
    /// nothing else: `VIBE_RATE_SUBSCRIBER__sub_007` limits the subscriber `sub-007`.
    public static func key(of id: some StringProtocol) -> String {
        String(decoding: id.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
            default: UInt8(ascii: "_")
            }
        }, as: UTF8.self)
    }

    /// 16 hexadecimal digits that differ when any effective limit differs. A role logs it when it is ready, and `vibe limits` shows that of
    /// its environment: two workers with different tables are a fault of deployment.
    public var fingerprint: String {
        var lines = ["subscriber \(subscriber)", "account \(account)", "egress \(egress)", "wait \(maximumWait.text)"]
        for (kind, exceptions) in [("subscriber", subscribers), ("account", accounts), ("egress", egresses)] {
            lines += exceptions.sorted { $0.key < $1.key }.map { "\(kind) \($0.key) \($0.value)" }
        }
        return Fingerprint.of(lines)
    }

    private func exception(for bucket: Bucket) -> RateLimit? {
        switch bucket {
        case .subscriber(let id): subscribers.isEmpty ? nil : subscribers[Self.key(of: id)]
        case .account(let id): accounts.isEmpty ? nil : accounts[Self.key(of: id)]
        case .egress(let id): egresses.isEmpty ? nil : egresses[Self.key(of: id)]
        }
    }

    private func standard(for bucket: Bucket) -> RateLimit {
        switch bucket {
        case .subscriber: subscriber
        case .account: account
        case .egress: egress
        }
    }
}

enum Fingerprint {
    /// FNV-1a, 64 bits: it tells two tables apart; it protects nothing.
    static func of(_ lines: [String]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for line in lines {
            for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 10) &* 0x100_0000_01b3
        }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
