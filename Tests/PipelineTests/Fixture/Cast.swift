import ConfigStore
import CopyTrading
import Cryptography
import Foundation
import JSON

/// Who takes part: leaders, and followers with agent keys made for the test.
struct Cast: Sendable {
    struct Follower: Sendable {
        let id: String
        let leaders: [String]
        /// Of each subscription, as in a configuration file's flow style: `sizing: {mode: ratio, ratio: "0.1"}, state: paused`.
        let settings: String
        /// Of the account as a whole, in the same style: `sharing: sleeves`.
        let accountSettings: String?
        let account: String
        /// The account's own key, which moves its money.
        let owner: SigningKey
        let agentKey: String
        let agent: String

        init(_ id: String, of leaders: String..., settings: String, account accountSettings: String? = nil) {
            self.id = id
            self.leaders = leaders
            self.settings = settings
            self.accountSettings = accountSettings
            owner = Cast.key()
            account = owner.address
            let secret = Cast.secret()
            agentKey = Hexadecimal.text(secret)
            agent = try! SigningKey(bytes: secret).address
        }
    }

    var leaders: [String: String]
    /// How a leader is to be followed: `auto`, `1` or `2`; `auto` when absent.
    var tiers: [String: String] = [:]
    var followers: [Follower]

    init(leaders: [String] = ["leader"], _ followers: [Follower]) {
        self.leaders = Dictionary(uniqueKeysWithValues: leaders.map { ($0, Cast.key().address) })
        self.followers = followers
    }

    /// Followers of "leader" alone, all alike.
    static func alike(_ count: Int, _ settings: String = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#) -> Cast {
        Cast((0..<count).map { Follower("s\($0)", of: "leader", settings: settings) })
    }

    func follower(_ id: String) -> Follower { followers.first { $0.id == id }! }

    private static func secret() -> [UInt8] { (0..<32).map { _ in UInt8.random(in: 1...254) } }
    private static func key() -> SigningKey { try! SigningKey(bytes: secret()) }

    // MARK: - As the parts want it

    /// - Parameter change: applied to each subscription's settings.
    func configuration(_ change: (Follower) -> String = \.settings) throws -> ConfigFile {
        var lines = ["influencers:"]
        for (id, address) in leaders.sorted(by: { $0.key < $1.key }) {
            lines.append("  - {id: \(id), address: \"\(address)\", tier: \(tiers[id] ?? "auto")}")
        }
        lines.append("subscribers:")
        for follower in followers {
            let settings = follower.accountSettings.map { ", " + $0 } ?? ""
            lines.append("  - {id: \(follower.id), account: \"\(follower.account)\", agent_key_env: KEY_\(follower.id)\(settings)}")
        }
        lines.append("subscriptions:")
        for follower in followers {
            for leader in follower.leaders { lines.append("  - {subscriber: \(follower.id), influencer: \(leader), \(leveraged(change(follower)))}") }
        }
        let environment = Dictionary(uniqueKeysWithValues: followers.map { ("KEY_\($0.id)", $0.agentKey) })
        return try ConfigFile.read(text: lines.joined(separator: "\n") + "\n", path: "cast.yaml", environment: environment)
    }

    /// Leverage stays as it is, unless a test is about it: setting it is an action of its own.
    private func leveraged(_ settings: String) -> String { settings.contains("leverage:") ? settings : settings + ", leverage: keep" }

    /// The simulator's accounts file.
    var accounts: JSON {
        ["accounts": .array(followers.map { ["account": .string($0.account), "agent": .string($0.agent), "balance": "1000000"] })]
    }
}
