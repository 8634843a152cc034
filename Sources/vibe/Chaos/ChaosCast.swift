import Cryptography
import Foundation
import HyperSim
import JSON

/// The subscribers of a chaos run with their accounts and agent keys, and who copies whom: every leader has followers of several
/// temperaments, the last leader a crowd. The same for the same options.
struct ChaosCast: Sendable {
    let options: ChaosOptions

    private static let balance = 1_000_000
    /// Of each subscriber: so many leaders in a row.
    private static let followed = 3
    /// Orders a second of the subscriber who is kept short, see `load.hot`.
    static let hotRate = "2/1s:4"

    /// Leaders in all, the one with the crowd included.
    var leaders: Int { options.leaders + 1 }
    /// Index of the leader with the crowd.
    var crowdLeader: Int { options.leaders }

    struct Files: Sendable {
        let accounts: String
        let configuration: String
    }

    /// Writes the configuration for `vibe config apply` and the accounts of the simulated exchange.
    func write(to run: RunDirectory) throws -> Files {
        let directory = run.path("keys")
        let names = (0..<options.subscribers).map(name) + (0..<options.crowd).map(crowdName)
        let keys = names.map { SHA256.hash(Array("vibe chaos/agent/\($0)".utf8)) }
        let files = Files(accounts: directory + "/accounts.json", configuration: directory + "/subscribers.yaml")
        let accounts = try zip(names, keys).map { name, key in
            ["account": .string(account(name)), "agent": .string(try SigningKey(bytes: key).address), "agentName": "vibe", "balance": .string("\(Self.balance)")] as JSON
        }
        try FileManager.default.writeFile(files.accounts, (["accounts": .array(accounts)] as JSON).text() + "\n", mode: 0o600)
        let keyLines = zip(names, keys).map { "\($0): \"\(Hexadecimal.text($1))\"\n" }
        try FileManager.default.writeFile(directory + "/agent-keys.yaml", keyLines.joined(), mode: 0o600)
        try FileManager.default.writeFile(files.configuration, yaml(names))
        return files
    }

    private func yaml(_ names: [String]) -> String {
        var lines = ["# Made up by `vibe chaos`.", "influencers:"]
        lines += (0..<leaders).map { "  - {id: \(SyntheticLoad.leader($0)), address: \"\(SyntheticLoad.address($0))\"}" }
        lines.append("subscribers:")
        lines += names.enumerated().map { "  - {id: \($1), account: \"\(account($1))\", sharing: \($0 % 2 == 0 ? "sleeves" : "lock")}" }
        lines.append("subscriptions:")
        for index in 0..<options.subscribers {
            for offset in 0..<min(Self.followed, options.leaders) {
                lines.append(subscription(name(index), leader: (index + offset) % options.leaders, settings(index + offset)))
            }
        }
        lines += (0..<options.crowd).map { subscription(crowdName($0), leader: crowdLeader, "sizing: {mode: fixed_notional, notional: 20}") }
        lines.append("agent_keys: agent-keys.yaml")
        return lines.joined(separator: "\n") + "\n"
    }

    private func subscription(_ subscriber: String, leader: Int, _ settings: String) -> String {
        "  - {subscriber: \(subscriber), influencer: \(SyntheticLoad.leader(leader)), \(settings), leverage: keep}"
    }

    private func settings(_ number: Int) -> String {
        let loose = "limits: {entry_slippage_bps: 300, book_slippage_bps: none, mark_slippage_bps: none, entry_expiry_ms: 20000}"
        return switch number % 4 {
        case 0: "sizing: {mode: fixed_notional, notional: 40}, \(loose)"
        case 1: "sizing: {mode: ratio, ratio: 0.5}, \(loose)"
        case 2: "sizing: {mode: ratio, ratio: 0.05}, below_minimum: accumulate, \(loose)"
        default: "sizing: {mode: fixed_notional, notional: 25}, join_on_increase: true, limits: {max_position_notional: 200, entry_expiry_ms: 8000}"
        }
    }

    private func name(_ index: Int) -> String { "sub-" + SyntheticLoad.padded(index) }
    private func crowdName(_ index: Int) -> String { "crowd-" + SyntheticLoad.padded(index) }

    func account(_ name: String) -> String { "0x" + Hexadecimal.text(SHA256.hash(Array("vibe chaos/account/\(name)".utf8)).prefix(20)) }
}
