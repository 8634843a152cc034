import Postgres
import Recovery
import Redis

/// Notices that the cell is halted, says so once with what stands in the way, and rebuilds it when that is wanted, until it has worked.
actor HaltWatch {
    private static let every = Duration.seconds(1)

    private let context: OperatorContext
    private let recovers: Bool
    private let redis: RedisConnection
    private let postgres: PostgresConnection
    private var lookedAt: ContinuousClock.Instant?
    private var said: Set<String> = []
    /// Times the cell was rebuilt.
    private(set) var recoveries = 0
    /// By name of a partition: up to which number the last recovery restored only what was unfinished.
    private(set) var restoredThrough: [String: Int] = [:]
    /// As last seen.
    private(set) var isHalted = false

    init(_ context: OperatorContext, recovers: Bool) throws {
        self.context = context
        self.recovers = recovers
        redis = try context.redis("halt")
        postgres = context.postgres("halt")
    }

    /// To be called often.
    func look() async {
        if let lookedAt, ContinuousClock.now - lookedAt < Self.every { return }
        lookedAt = .now
        do {
            guard let reason = try await Self.halt(context, redis, postgres) else { return resumed() }
            isHalted = true
            say("HALTED: \(reason)" + (recovers ? "" : "\nnext: `vibe recover --dry-run`, then `vibe recover --yes`, from another terminal"))
            if recovers { try await recover() }
        } catch { say("vibe: the cell was not looked after: \(error)") }
    }

    private func recover() async throws {
        let site = try RecoverySite(context)
        let outcome: Result<RecoveryReport, any Error>
        do { outcome = .success(try await site.recover(force: false) { _ in }) } catch { outcome = .failure(error) }
        await site.close()
        let report = try outcome.get()
        if report.wasDone {
            recoveries += 1
            for part in report.plan?.streams ?? [] { restoredThrough[part.partition.name] = Int(part.lastNumber) }
            resumed()
            say("recovered: the cell runs")
        }
    }

    private func resumed() {
        said = []
        isHalted = false
    }

    private func say(_ text: String) {
        if said.insert(text).inserted { Terminal.complain(text) }
    }

    /// Why the cell is halted; `nil`: it is not. A Redis that has lost the record of it, too, does not count: Postgres has it.
    static func halt(_ context: OperatorContext, _ redis: RedisConnection, _ postgres: PostgresConnection) async throws -> String? {
        if let reason = try? await StatusReader(context, redis: redis).halt() { return reason }
        return try await CellRegister(postgres, keys: context.keys).halt()
    }
}
