import AuditTrail
import ConfigStore
import CopyTrading
import Foundation
import HyperSim
import Hyperliquid
import Logging
import Pipeline
import Postgres
import Redis
import RedisStreams
import Synchronization
import TestServers

/// A whole fleet inside the test process: its own keys on a real Redis, its own migrated database, a simulated exchange on a loopback
/// port, and roles put together as the command puts them together. Nothing in it is a stand-in.
final class Fleet: Sendable {
    struct Timing: Sendable {
        /// Longest standstill after an owner died.
        var lease = PartitionLeases.Timing(life: .seconds(1), beat: .milliseconds(50), margin: .milliseconds(200))
        var doorbell = Duration.milliseconds(200)
        var redis = Duration.seconds(2)
    }

    let redis: PrivateRedis
    let postgres: PrivatePostgres
    let database: String
    let keys: Keys
    let partitioning: Partitioning
    let cast: Cast
    let exchange: Exchange
    let log: FleetLog
    let timing = Timing()
    /// For looking from outside.
    let observer: RedisConnection
    let postgresObserver: PostgresConnection
    /// Shared by all roles, so that they know what the test knows; empty until ``watch(_:)``.
    let quotes: QuoteReader
    let roles = Mutex<[Role]>([])
    static let sealingKey = try! SealingKey(bytes: [UInt8](repeating: 7, count: 32))

    /// Runs `body` with a configured cell and exchange, no roles yet; afterwards every role is ended.
    /// - Parameters:
    ///   - redis: a server of the test's own, for one that stops it.
    ///   - simulator: changes the exchange.
    static func run(
        _ cast: Cast, partitioning: Partitioning = Partitioning(signals: 2, accounts: 4), redis: PrivateRedis? = nil,
        postgres: PrivatePostgres? = nil, simulator: (inout HyperSimConfiguration) -> Void = { _ in }, _ body: (Fleet) async throws -> Void
    ) async throws {
        let redis = if let redis { redis } else { try await PrivateRedis.shared() }
        let postgres = if let postgres { postgres } else { try await PrivatePostgres.shared() }
        await FleetGate.shared.enter()
        do {
            let fleet = try await Fleet(cast, partitioning, redis, postgres, simulator)
            do { try await body(fleet) } catch {
                await fleet.end()
                throw error
            }
            await fleet.end()
        } catch {
            await FleetGate.shared.leave()
            throw error
        }
        await FleetGate.shared.leave()
    }

    private init(
        _ cast: Cast, _ partitioning: Partitioning, _ redis: PrivateRedis, _ postgres: PrivatePostgres,
        _ simulator: (inout HyperSimConfiguration) -> Void
    ) async throws {
        self.cast = cast
        self.partitioning = partitioning
        self.redis = redis
        self.postgres = postgres
        log = FleetLog()
        keys = Keys(prefix: redis.prefix(), cell: "c0")
        database = try await postgres.makeDatabase(migrated: true)
        observer = try redis.connect("observer")
        postgresObserver = PostgresConnection(url: database, name: "observer", logger: log.logger("observer"))
        quotes = QuoteReader(
            redis: try redis.connect("quotes"), keys: keys, maximumAge: .seconds(10), readsDepth: true, now: { WallClock.milliseconds },
            logger: log.logger("quotes"))
        try await Provisioning.check(observer)
        try await Provisioning.provision(observer, keys: keys, partitioning: partitioning)
        exchange = try await Exchange.start(cast, log: log, simulator)
        _ = try await apply(cast.configuration())
    }

    /// Puts a configuration in force.
    @discardableResult
    func apply(_ file: ConfigFile) async throws -> Int64 {
        let connection = PostgresConnection(url: database, name: "apply", logger: log.logger("apply"))
        let change = try await ConfigApply(connection, sealingKey: Self.sealingKey).apply(file)
        await connection.close()
        return change.version
    }

    private func end() async {
        let all = roles.withLock { $0 }
        for role in all { role.kill() }
        for role in all { await role.ended() }
        await exchange.stop()
        await observer.close()
        await postgresObserver.close()
        if ProcessInfo.processInfo.environment["VIBE_TEST_LOG"] != nil { print(log.tail(.max)) }
    }

    // MARK: - Waiting

    /// Waits for `condition`; a failure shows what the roles logged.
    func eventually(_ what: String, within limit: Duration = .seconds(15), _ condition: () async throws -> Bool) async throws {
        try await PipelineTests.eventually(what, within: limit, evidence: { await self.situation() }, condition)
    }

    /// Everything that is in the streams is processed by all groups: nothing waits and nothing is pending.
    /// - Parameter signals: published at least, counted over all partitions.
    func settled(signals: Int, groups: Set<String>? = nil, within limit: Duration = .seconds(20)) async throws {
        try await eventually("\(signals) signals processed to the end", within: limit) {
            guard try await self.added(.signals) >= signals else { return false }
            return try await self.isQuiet(groups: groups)
        }
    }

    /// Entries ever added by the scripts.
    func added(_ stream: RedisStreams.Stream) async throws -> Int {
        let numbers = try await observer.hash(keys.sequence)
        return (0..<partitioning.count(stream)).reduce(0) { sum, index in
            sum + (numbers[StreamPartition(stream, index).name].flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0)
        }
    }

    /// Whether an order is journalled that has no end yet.
    func hasAttempts() async throws -> Bool {
        for partition in 0..<partitioning.accounts where try await !observer.hash(keys.attempts(partition)).isEmpty { return true }
        return false
    }

    /// Streams in the data's order: what has left one is already in the next when that is looked at.
    private func isQuiet(groups: Set<String>?) async throws -> Bool {
        for partition in partitioning.all {
            for group in try await observer.send(RedisCommand("XINFO", "GROUPS", keys.stream(partition))).checked().array ?? [] {
                let facts = group.pairs
                guard groups?.contains(facts["name"]?.text ?? "") ?? true else { continue }
                // a recovered stream's last id may be that of an entry which is on record alone
                let delivered = facts["last-delivered-id"]?.text ?? "0-0"
                let next = try await observer.send(RedisCommand("XRANGE", keys.stream(partition), "(" + delivered, "+", "COUNT", "1")).checked().array
                if facts["pending"]?.integer != 0 || next?.isEmpty != true { return false }
            }
        }
        return true
    }

    /// For the message of a test that failed.
    private func situation() async -> String {
        var lines: [String] = []
        for partition in partitioning.all {
            guard let groups = try? await observer.send(RedisCommand("XINFO", "GROUPS", keys.stream(partition))).array else { continue }
            for group in groups.map(\.pairs) where group["pending"]?.integer != 0 || group["lag"]?.integer != 0 {
                lines.append("\(partition) \(group["name"]?.text ?? "") pending \(group["pending"]?.text ?? "") lag \(group["lag"]?.text ?? "null")")
            }
        }
        return lines.joined(separator: "\n") + "\n" + log.tail()
    }
}

extension RedisValue {
    /// A flat list of names and values.
    var pairs: [String: RedisValue] {
        let flat = array ?? []
        var pairs: [String: RedisValue] = [:]
        for index in stride(from: 0, to: flat.count - 1, by: 2) { pairs[flat[index].text ?? ""] = flat[index + 1] }
        return pairs
    }
}
