import AuditTrail
import ConfigStore
import CopyTrading
import Foundation
import JSON
import Logging
import Postgres
import Redis
import RedisStreams
import Safety

/// A lost Redis: rebuilt from Postgres, whatever the loss was – empty, an older state, a replica that lagged.
///
/// 1. The cell is halted in Postgres and in Redis, every lease is void, auditors of before are fenced.
/// 2. What Postgres knows is read (``RecoveryReader``).
/// 3. The cell's keys are deleted and written anew: streams that go on with the numbers and ids on record, unfinished entries in them; what
///    processes remembered; where leaders are read from.
/// 4. Redis gets a new incarnation, with everything until now suspect; then Postgres, which lets the cell run.
///
/// It can end at any point and be begun again: until the last step the cell stays halted, and each run begins with deleting. Of orders that
/// were sent and are not on record nothing is read here: workers ask the exchange for them (`WorkStage+Asking`).
public struct Recovery: Sendable {
    public enum Fault: Error, CustomStringConvertible {
        case isRunning
        case busy
        case lockLost

        public var description: String {
            switch self {
            case .isRunning: "the cell is not halted: there is nothing to recover"
            case .busy: "another recovery of the cell is under way"
            case .lockLost: "the connection to Postgres was lost, and with it the lock that keeps other recoveries away: begin again"
            }
        }
    }

    /// Steps, for tests that end it in the middle.
    public enum Step: Sendable, CaseIterable { case halted, read, wiped, streams, state, resumed }

    private static let lockKey: Int64 = 0x7669_6265_0007

    private let redis: RedisConnection
    private let table: CellTable
    private let rebuild: CellRebuild
    private let pictures: CellPictures
    private let register: CellRegister
    private let postgres: PostgresConnection
    private let reader: RecoveryReader
    private let config: ConfigStore
    private let latches: LatchStore
    private let keys: Keys
    private let partitioning: Partitioning

    /// - Parameters:
    ///   - redis: a connection without admission.
    ///   - postgres: a connection for this alone, with an answer time-out that suits reading a large table.
    public init(
        redis: RedisConnection, postgres: PostgresConnection, config: ConfigStore, latches: LatchStore, keys: Keys, partitioning: Partitioning
    ) {
        self.redis = redis
        table = CellTable(redis: redis, keys: keys, partitioning: partitioning)
        rebuild = CellRebuild(redis: redis, keys: keys)
        pictures = CellPictures(redis: redis, keys: keys, partitioning: partitioning)
        register = CellRegister(postgres, keys: keys)
        self.postgres = postgres
        reader = RecoveryReader(postgres: postgres, config: config, keys: keys, partitioning: partitioning)
        self.config = config
        self.latches = latches
        self.keys = keys
        self.partitioning = partitioning
    }

    /// Why the cell is halted; `nil`: it runs. Redis is looked at, so that a loss that nobody noticed yet is.
    public func reason() async throws -> String? {
        let inspection = CellInspection(table: table, register: register)
        let finding = try await inspection.run(after: try await table.see())
        switch finding.verdict {
        case .halted(let reason): return reason
        case .lost(let reason): return try await inspection.halt(finding, reason: reason) ? reason : nil
        case .fit, .new: return nil
        }
    }

    /// What a recovery would write now. Changes nothing.
    public func plan(progress: @Sendable (String) -> Void = { _ in }) async throws -> RecoveryPlan {
        try await reader.read(now: try await redis.serverMilliseconds(), progress: progress)
    }

    /// - Parameters:
    ///   - force: also a cell that is not halted.
    ///   - at: called after each step.
    @discardableResult
    public func run(
        force: Bool = false, progress: @Sendable (String) -> Void = { _ in }, at step: @Sendable (Step) async throws -> Void = { _ in }
    ) async throws -> RecoveryPlan {
        let locked = try await postgres.query("SELECT pg_try_advisory_lock($1::int, hashtext($2)) AS locked", lock)
        guard try locked.first?.bool("locked") == true else { throw Fault.busy }
        let result: Result<RecoveryPlan, any Error>
        do { result = .success(try await carryOut(force: force, progress, step)) } catch { result = .failure(error) }
        // the lock ends with the session
        await postgres.close()
        return try result.get()
    }

    private var lock: [PostgresParameter] { [.integer(Self.lockKey & 0x7fff_ffff), .text(register.cell)] }

    /// Redis would be written on without it: the lock is the session's, and ends with it.
    private func checkLock() async throws {
        let held = try await postgres.query(
            """
            SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
                AND classid = $1::int::oid AND objid = hashtext($2)::oid
            """, lock)
        guard !held.isEmpty else { throw Fault.lockLost }
    }

    private func carryOut(
        force: Bool, _ progress: @Sendable (String) -> Void, _ step: @Sendable (Step) async throws -> Void
    ) async throws -> RecoveryPlan {
        guard let reason = try await reason() ?? (force ? "it is recovered by order" : nil) else { throw Fault.isRunning }
        progress("halting: \(reason)")
        try await register.halt(reason: reason)
        try await table.halt(reason: reason)
        try await register.fenceAuditors(below: try await table.see().fence)
        try await step(.halted)
        let plan = try await plan(progress: progress)
        try await step(.read)
        try await latches.record(try await latches.published().provisional)
        try await checkLock()
        progress("deleting what Redis holds of the cell")
        _ = try await rebuild.wipe()
        try await step(.wiped)
        progress("streams")
        try await writeStreams(plan)
        try await step(.streams)
        try await checkLock()
        progress("positions, leaders, what is known")
        try await writeState(plan)
        // what was under way: no checkpoint before it is finished
        try await rebuild.store(try await pictures.lastIDs().map { ($0.key.name, Array($0.value.utf8)) }, hash: keys.recoveredThrough)
        for latch in try await latches.stored() { try await latches.publish(latch) }
        try await step(.state)
        try await checkLock()
        let incarnation = UUID().uuidString.lowercased()
        try await table.resume(incarnation: incarnation)
        try await step(.resumed)
        try await checkLock()
        try await register.run(incarnation: incarnation)
        return plan
    }

    private func writeStreams(_ plan: RecoveryPlan) async throws {
        for part in plan.streams {
            try await rebuild.restore(part.partition, last: (part.lastID, part.lastNumber), again: part.again)
            let ids = try await rebuild.add(part.missing.map(\.emission), after: part.lastNumber)
            for (id, missing) in zip(ids, part.missing) {
                guard let version = missing.configVersion else { continue }
                try await rebuild.store([(id, Array("0|\(version)".utf8))], hash: keys.fanout(part.partition.index))
            }
        }
    }

    private func writeState(_ plan: RecoveryPlan) async throws {
        try await table.beginLeases(after: plan.newestEpoch)
        let life = RecoveredWork.life
        func bytes(_ texts: [String: String]) -> [(String, [UInt8])] { texts.map { ($0.key, Array($0.value.utf8)) } }
        for (partition, entries) in plan.fanouts { try await rebuild.store(bytes(entries), hash: keys.fanout(partition)) }
        for (day, ids) in plan.seen { try await rebuild.store(ids, set: keys.seen(day: day), life: SignalPublisher.memory) }
        try await rebuild.store(plan.knownRequests, set: keys.recoveredRequests, life: life)
        for (partition, ids) in plan.knownLegs { try await rebuild.store(ids, set: keys.recoveredLegs(partition), life: life) }
        for (partition, ids) in plan.answered { try await rebuild.store(ids, set: keys.recoveredAnswers(partition), life: life) }
        for (partition, records) in plan.decisions { try await rebuild.store(bytes(records), hash: keys.recoveredDecisions(partition), life: life) }
        for (partition, requests) in plan.undecided {
            try await rebuild.store(requests.map { ($0.key, $0.value.json.bytes()) }, hash: keys.recoveredUndecided(partition), life: life)
        }
        for (partition, sleeves) in plan.sleeves {
            try await rebuild.store(sleeves.map { ($0.key, $0.value.json.bytes()) }, hash: keys.sleeves(partition))
        }
        for (partition, items) in plan.lifecycles {
            try await rebuild.store(items.map { ($0.key, $0.value.json.bytes()) }, hash: keys.lifecycles(partition))
        }
        let now = try await redis.serverMilliseconds()
        for (partition, ids) in plan.emitted { try await rebuild.store(ids, score: now, sortedSet: keys.emitted(partition), life: AccountLog.life) }
        for (partition, cursors) in plan.cursors {
            try await rebuild.store(cursors.map { ($0.key, $0.value.json.bytes()) }, hash: keys.cursors(partition))
        }
    }
}
