import Cryptography
import Foundation
import HyperSim
import JSON

/// The subscribers of a benchmark with their accounts and agent keys, and who copies whom. The same for the same options.
struct BenchCast: Sendable {
    let options: BenchOptions

    /// No limit of the exchange may bind: a benchmark measures the fleet.
    static let balance = 10_000_000
    /// The longest there is: what is late shows as latency, not as an order that was left out.
    static let expiryMilliseconds = 60_000

    struct Files: Sendable {
        let accounts: String
        let configuration: String
    }

    /// Writes the configuration for `vibe config apply` and the accounts of the simulated exchange.
    func write(to run: RunDirectory) throws -> Files {
        let directory = run.path("keys")
        let keys = (0..<options.accounts).map { SHA256.hash(Array("vibe bench/agent/\($0)".utf8)) }
        let files = Files(accounts: directory + "/accounts.json", configuration: directory + "/subscribers.yaml")
        let accounts = try keys.enumerated().map { index, key in
            [
                "account": .string(account(index)), "agent": .string(try SigningKey(bytes: key).address), "agentName": "vibe",
                "balance": .string("\(Self.balance)"),
            ] as JSON
        }
        try FileManager.default.writeFile(files.accounts, (["accounts": .array(accounts)] as JSON).text() + "\n", mode: 0o600)
        let keyLines = keys.enumerated().map { "\(name($0)): \"\(Hexadecimal.text($1))\"\n" }
        try FileManager.default.writeFile(directory + "/agent-keys.yaml", keyLines.joined(), mode: 0o600)
        try FileManager.default.writeFile(files.configuration, yaml)
        return files
    }

    /// Subscriptions go round over the accounts, so that each has the same number, give or take one.
    var subscriptions: [(leader: Int, account: Int)] {
        (0..<options.leaderCount).flatMap { leader in
            (0..<options.fanOut).map { (leader, (leader * options.fanOut + $0) % options.accounts) }
        }
    }

    /// Followers of leaders that never trade: what they cost is what every subscription costs.
    var quietSubscriptions: [(leader: Int, account: Int)] {
        (0..<options.quietSubscriptions).map { ($0 / options.accounts, $0 % options.accounts) }
    }

    private var yaml: String {
        var lines = ["# Made up by `vibe bench`.", "influencers:"]
        lines += (0..<options.leaderCount).map { "  - {id: \(SyntheticLoad.leader($0)), address: \"\(SyntheticLoad.address($0))\"}" }
        // by public trades, since places for own fills are few
        lines += (0..<options.quietLeaders).map { "  - {id: \(quiet($0)), address: \"\(LeaderAddress.of(quiet($0)))\", tier: 2}" }
        lines.append("subscribers:")
        lines += (0..<options.accounts).map { "  - {id: \(name($0)), account: \"\(account($0))\"}" }
        lines.append("subscriptions:")
        lines += subscriptions.map { leader, account in
            "  - {subscriber: \(name(account)), influencer: \(SyntheticLoad.leader(leader)), "
                + "sizing: {mode: fixed_notional, notional: \(SyntheticLoad.orderNotional)}, "
                + "limits: {entry_expiry_ms: \(Self.expiryMilliseconds), entry_slippage_bps: 100}, leverage: keep}"
        }
        lines += quietSubscriptions.map { leader, account in
            "  - {subscriber: \(name(account)), influencer: \(quiet(leader)), sizing: {mode: fixed_notional, notional: \(SyntheticLoad.orderNotional)}}"
        }
        lines.append("agent_keys: agent-keys.yaml")
        return lines.joined(separator: "\n") + "\n"
    }

    private func quiet(_ index: Int) -> String { "quiet-" + SyntheticLoad.padded(index) }

    private func name(_ index: Int) -> String { "sub-" + SyntheticLoad.padded(index) }

    private func account(_ index: Int) -> String { "0x" + Hexadecimal.text(SHA256.hash(Array("vibe bench/account/\(index)".utf8)).prefix(20)) }
}
