import Redis

/// A cell as its Redis describes it, at one moment.
public struct CellSight: Sendable, Equatable {
    /// `run_id` of the server: another one after each start, and on another server.
    public var server: String
    /// Nobody had seen this start of the server before.
    public var isFirst: Bool
    /// `nil`: Redis knows of no cell.
    public var incarnation: String?
    public var isHalted: Bool
    /// Of a halt.
    public var reason: String?
    /// Redis time, milliseconds: what was acknowledged before may be lost. 0: nothing can be.
    public var suspectedAt: Int64
    /// The epochs of all leases from before are below it, those of now above.
    public var fence: Int64
    /// Stream (`execution_jobs:03`) → entries ever added.
    public var numbers: [String: Int64]

    public init(
        server: String, isFirst: Bool = false, incarnation: String?, isHalted: Bool = false, reason: String? = nil, suspectedAt: Int64 = 0,
        fence: Int64 = 0, numbers: [String: Int64] = [:]
    ) {
        self.server = server
        self.isFirst = isFirst
        self.incarnation = incarnation
        self.isHalted = isHalted
        self.reason = reason
        self.suspectedAt = suspectedAt
        self.fence = fence
        self.numbers = numbers
    }
}

/// The record of the cell in Redis.
public struct CellTable: Sendable {
    /// After each start of the server, and each halt, epochs begin so far ahead of its clock, milliseconds: above all those of before,
    /// also those that it does not know any more because it lost the end of its file, and those that were made while its clock was ahead.
    /// They rise with the clock from one start to the next, whatever the server remembers.
    public static let epochLead: Int64 = 3_600_000

    private let redis: RedisConnection
    private let keys: Keys
    private let leases: [String]

    /// - Parameter redis: a connection without admission: this is how it is found out whether the server may be admitted.
    public init(redis: RedisConnection, keys: Keys, partitioning: Partitioning) {
        self.redis = redis
        self.keys = keys
        leases = keys.leases(partitioning)
    }

    /// Looks, and voids every lease when the server was started anew since anybody looked.
    public func see() async throws(RedisError) -> CellSight {
        var command = RedisCommand(script: Script.seeCell, keys: [keys.cellRecord, keys.sequence] + leases)
        command.append(Self.epochLead)
        guard let parts = try await redis.send(command).checked().array, parts.count == 8, let server = parts[0].text, let flat = parts[6].array else {
            throw .unexpectedReply("see-cell")
        }
        func text(_ index: Int) -> String? { parts[index].text.flatMap { $0.isEmpty ? nil : $0 } }
        var numbers: [String: Int64] = [:]
        for index in stride(from: 0, to: flat.count - 1, by: 2) { numbers[flat[index].text ?? ""] = flat[index + 1].text.flatMap { Int64($0) } }
        return CellSight(
            server: server, isFirst: parts[1].integer == 1, incarnation: text(2), isHalted: text(3) == State.halted.rawValue, reason: text(4),
            suspectedAt: text(5).flatMap { Int64($0) } ?? 0, fence: text(7).flatMap { Int64($0) } ?? 0, numbers: numbers)
    }

    /// Leases are free, and those that are taken have higher epochs.
    public func beginLeases(after epoch: Int64) async throws(RedisError) {
        for reply in try await redis.send(leases.map { RedisCommand("HSET", $0, "epoch", "\(epoch)") }) { _ = try reply.checked() }
    }

    /// No lease is granted from now on, and those that are held are void.
    public func halt(reason: String) async throws(RedisError) { try await set(.halted, reason, "", .unchanged, voids: true) }

    /// The cell is new: nothing happened in it before.
    public func begin(incarnation: String) async throws(RedisError) { try await set(.running, "", incarnation, .never, voids: false) }

    /// The cell was rebuilt: it is another incarnation, and all that was under way before is suspect.
    public func resume(incarnation: String) async throws(RedisError) { try await set(.running, "", incarnation, .now, voids: true) }

    private enum State: String { case running, halted }
    private enum Suspicion: String { case unchanged = "", never, now }

    private func set(_ state: State, _ reason: String, _ incarnation: String, _ suspicion: Suspicion, voids: Bool) async throws(RedisError) {
        var command = RedisCommand(script: Script.setCell, keys: [keys.cellRecord] + (voids ? leases : []))
        for argument in [state.rawValue, reason, incarnation, suspicion.rawValue] { command.append(argument) }
        command.append(Self.epochLead)
        _ = try await redis.send(command).checked()
    }
}

extension Keys {
    /// Every lease of the cell.
    func leases(_ partitioning: Partitioning) -> [String] {
        let stages = [Stage.match(partitioning), .plan(partitioning), .work(partitioning), .audit(partitioning)]
        return stages.flatMap { stage in stage.partitionNames.map { lease(stage.name, $0) } }
            + (0..<partitioning.signals).map { lease("ingest", twoDigits($0)) } + [lease("market", twoDigits(0))]
    }
}

/// What a process has found out about its cell: the start of the server and the incarnation that its work belongs to.
public struct CellAdmission: Sendable, Equatable {
    public var server: String
    public var incarnation: String
    /// As in ``CellSight/suspectedAt``.
    public var suspectedAt: Int64

    public init(server: String, incarnation: String, suspectedAt: Int64) {
        self.server = server
        self.incarnation = incarnation
        self.suspectedAt = suspectedAt
    }
}

/// Tells whether the cell's Redis is the one that a process' work belongs to.
public protocol CellWatch: Sendable {
    /// As of now; another one than before voids every lease. `nil`: nothing may be done, as the cell is halted or cannot be checked.
    func admission() async throws(RedisError) -> CellAdmission?
    /// Something is missing that had been there: nobody goes on until a recovery.
    func halt(reason: String) async throws
}
