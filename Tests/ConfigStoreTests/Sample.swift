import ConfigStore
import CopyTrading
import Cryptography
import Foundation
import Logging
import Postgres
import TestServers

/// A folder with configuration and key files, removed with the value.
final class Sample {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vibe-config-\(UUID().uuidString)").path
    var path: String { folder + "/config.yaml" }

    init() throws { try FileManager.default.createDirectory(atPath: folder + "/keys", withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ name: String, _ text: String, mode: Int = 0o600) throws {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder + "/" + name)
    }

    func read(_ text: String, environment: [String: String] = [:]) throws -> ConfigFile {
        try ConfigFile.read(text: text, path: path, environment: environment)
    }

    /// The faults of a text, each as `line field: problem`.
    func faults(_ text: String, environment: [String: String] = [:]) -> [String] {
        do {
            _ = try read(text, environment: environment)
            return []
        } catch {
            return (error as! ConfigFaults).faults.map { fault in
                "\(fault.line) \(fault.field): " + (fault.value.map { "\"\($0)\" " } ?? "") + fault.problem
            }
        }
    }

    /// Private key number `number`, and the address that belongs to it.
    static func key(_ number: Int) -> String { String(repeating: "0", count: 60) + String(number + 0x1000, radix: 16) }
    static func agent(_ number: Int) -> String { try! SigningKey(hexadecimal: key(number)).address }
    static func address(_ number: Int) -> String { "0x" + String(repeating: "a", count: 36) + String(number + 0x1000, radix: 16) }

    static let sealingKey = try! SealingKey(bytes: [UInt8](repeating: 7, count: 32))

    /// Two influencers; subscribers `s1`, `s2` with accounts 1, 2 and keys in the environment as `K1`, `K2`.
    static let text = """
        influencers:
          - id: leader-a
            address: "\(address(100))"
          - {id: leader-b, address: \(address(101)), tier: 2}
        subscribers:
          - id: s1
            account: "\(address(1))"
            # an account of its own
            agent_key_env: K1
          - id: s2
            account: "\(address(2))"
            agent_key_env: K2
        subscriptions:
          - subscriber: s1
            influencer: leader-a
            state: active
            inverse: false
            sizing: { mode: fixed_notional, notional: "50" }
            limits: { max_order_notional: "500", max_position_notional: 2000.50, entry_slippage_bps: 25, entry_expiry_ms: 4000, allow: [BTC, xyz:CL], deny: [] }
          - subscriber: s2
            influencer: leader-a
            state: wind_down
            inverse: true
            sizing: { mode: ratio, ratio: 0.025 }
          - id: own-name
            subscriber: s2
            influencer: leader-b
            state: paused
            sizing: { mode: equity_proportional, allocation: "5000", multiplier: "1.5" }
            limits: { deny: [kPEPE] }
        """
    static let environment = ["K1": key(1), "K2": "0x" + key(2)]
}

/// A database with the tables, and what works on it.
struct Store {
    let url: String
    let connection: PostgresConnection
    let sample: Sample

    init() async throws {
        url = try await PrivatePostgres.shared().makeDatabase(migrated: true)
        connection = PostgresConnection(url: url, name: "test", logger: Logger(label: "test"))
        sample = try Sample()
    }

    @discardableResult
    func apply(
        _ text: String, environment: [String: String] = Sample.environment, sealingKey: SealingKey = Sample.sealingKey,
        isDryRun: Bool = false, reseal: Bool = false
    ) async throws -> ConfigChange {
        try await ConfigApply(connection, sealingKey: sealingKey)
            .apply(try sample.read(text, environment: environment), isDryRun: isDryRun, reseal: reseal)
    }

    /// As a command that changes single keys works.
    var keeper: AgentKeyKeeper { AgentKeyKeeper(connection) }

    func store(pollEvery: Duration = .seconds(3_600)) -> ConfigStore {
        ConfigStore(url: url, pollEvery: pollEvery, logger: Logger(label: "test"))
    }
}

extension ConfigStore {
    /// The key of a subscriber's present agent.
    func agentKey(of subscriber: SubscriberID, sealingKey: SealingKey, old: [SealingKey] = []) async throws -> SigningKey {
        try await load()
        let agent = current().subscribers[subscriber]?.agentAddress ?? ""
        return try await agentKey(of: subscriber, agent: agent, sealingKeys: SealingKeys(current: sealingKey, old: old))
    }
}

/// An apply over a connection of its own.
struct PerTask {
    private let connection: PostgresConnection

    init(_ url: String) { connection = PostgresConnection(url: url, name: "test", logger: Logger(label: "test")) }

    func apply(_ text: String) async throws -> Int64 {
        let file = try Sample().read(text, environment: Sample.environment)
        return try await ConfigApply(connection, sealingKey: Sample.sealingKey).apply(file).version
    }
}
