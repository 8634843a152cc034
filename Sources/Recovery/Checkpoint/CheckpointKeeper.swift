import AuditTrail
import CopyTrading
import JSON
import Logging
import Postgres
import Redis
import RedisStreams

/// Takes a checkpoint of the cell now and then, so that a recovery has little to read.
///
/// Pictures of the partitions are taken from Redis, and then it is waited until all that was in the streams by then is on record. A Redis
/// that is not the one of this trail, or knows less than the trail, gives none: its pictures would be of another past. So does one that was
/// started anew meanwhile: it may have lost what they show, and goes on from there with later ids.
public struct CheckpointKeeper: Sendable {
    /// How long the trail may take to get to where the pictures are.
    static let recordWait = Duration.seconds(30)
    private static let poll = Duration.milliseconds(200)

    public enum Outcome: Sendable, Equatable, CustomStringConvertible {
        case stored
        /// There is none of now; the one before is as good as it was.
        case skipped(String)

        public var description: String {
            switch self {
            case .stored: "stored"
            case .skipped(let reason): "skipped: \(reason)"
            }
        }
    }

    private let redis: RedisConnection
    private let pictures: CellPictures
    private let postgres: PostgresConnection
    private let keys: Keys
    private let partitioning: Partitioning
    private let logger: Logger

    public init(redis: RedisConnection, postgres: PostgresConnection, keys: Keys, partitioning: Partitioning, logger: Logger) {
        self.redis = redis
        pictures = CellPictures(redis: redis, keys: keys, partitioning: partitioning)
        self.postgres = postgres
        self.keys = keys
        self.partitioning = partitioning
        self.logger = logger
    }

    /// Takes them until cancelled.
    /// - Parameter isItsTurn: whether this process is the one to do it. Two at once do no harm.
    public func run(every period: Duration, while isItsTurn: @Sendable () -> Bool) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: period)  // ends early only when cancelled
            guard !Task.isCancelled, isItsTurn() else { continue }
            do {
                let outcome = try await take()
                logger.log(level: outcome == .stored ? .debug : .info, "checkpoint", metadata: ["outcome": "\(outcome)"])
            } catch {
                logger.warning("checkpoint.failed", metadata: ["error": "\(error)"])
            }
        }
    }

    public func take() async throws -> Outcome {
        let reader = AuditReader(postgres)
        let rows = try await postgres.query("SELECT incarnation FROM cells WHERE cell = $1 AND state = 'running'", [.text(keys.cellName)], results: .binary)
        guard let incarnation = try rows.first?.text(0) else { return .skipped("the cell does not run") }
        let origin = try await pictures.origin()
        let recorded = try await watermarks(reader)
        let takenAt = try await redis.serverMilliseconds()
        var checkpoint = Checkpoint(takenAt: takenAt, marks: [], sleeves: [:], lifecycles: [:], emitted: [:], leaders: [])
        do {
            for index in 0..<partitioning.signals { try checkpoint.add(try await pictures.signals(index, of: incarnation), index) }
            for index in 0..<partitioning.accounts { try checkpoint.add(try await pictures.accounts(index, of: incarnation), index) }
        } catch let fault as CellPictures.Fault { return .skipped(fault.description) }
        // all that any of the pictures says was done was done before this
        let last = try await pictures.lastIDs()
        for (partition, id) in last where checkpoint.mark(partition) == nil {
            let id = try Self.id(id)
            checkpoint.marks.append(Checkpoint.Mark(partition: partition, last: id, delivered: id, pending: []))
        }
        for mark in checkpoint.marks where mark.last < recorded[keys.stream(mark.partition)] ?? .zero {
            return .skipped("\(mark.partition) in Redis is behind what is on record")
        }
        let targets = try last.map { (stream: keys.stream($0.key), id: try Self.id($0.value)) }
        guard try await areOnRecord(targets, reader) else { return .skipped("the audit trail is more than \(Self.recordWait) behind") }
        // what a lost end of Redis had finished is under way again, and only Redis knows it
        guard let origin, let now = try? await pictures.origin(), now == origin else {
            return .skipped("Redis was started anew meanwhile, or does not say whether it was")
        }
        checkpoint.leaders = try await leaders(upTo: checkpoint, reader)
        return try await checkpoint.store(keys, incarnation: incarnation, in: postgres) ? .stored : .skipped("the cell was halted or recovered meanwhile")
    }

    private func watermarks(_ reader: AuditReader) async throws -> [String: AuditEntryID] {
        try await reader.watermarks(keys.key("")).mapValues(\.last)
    }

    private func areOnRecord(_ targets: [(stream: String, id: AuditEntryID)], _ reader: AuditReader) async throws -> Bool {
        let limit = ContinuousClock.now + Self.recordWait
        while true {
            let recorded = try await watermarks(reader)
            if targets.allSatisfy({ recorded[$0.stream] ?? .zero >= $0.id }) { return true }
            guard ContinuousClock.now < limit else { return false }
            try await Task.sleep(for: Self.poll)
        }
    }

    /// The newest signal of each leader and coin: those of the checkpoint before, and what came since.
    private func leaders(upTo checkpoint: Checkpoint, _ reader: AuditReader) async throws -> [AuditReader.LastSignal] {
        var before: Checkpoint?
        do { before = try await Checkpoint.load(keys, partitioning, watermarks: try await watermarks(reader), from: postgres) } catch let error as JSONError {
            logger.error("checkpoint.unread", metadata: ["error": "\(error)"])
        }
        var ranges: [AuditReader.Range] = []
        for mark in checkpoint.marks where mark.partition.stream == .signals {
            ranges.append(AuditReader.Range(stream: keys.stream(mark.partition), after: before?.mark(mark.partition)?.last ?? .zero, through: mark.last))
        }
        return AuditReader.LastSignal.newest((before?.leaders ?? []) + (try await reader.lastSignals(in: ranges)))
    }

    static func id(_ text: String) throws(RedisError) -> AuditEntryID {
        guard let id = AuditEntryID(text) else { throw .unexpectedReply("\"\(text)\" for a stream entry's id") }
        return id
    }
}

extension Checkpoint {
    func mark(_ partition: StreamPartition) -> Mark? { marks.first { $0.partition == partition } }

    /// - Throws: `JSONError` for a record that cannot be read: a recovery would lose it.
    fileprivate mutating func add(_ picture: PartitionPicture, _ index: Int) throws {
        for stream in picture.streams {
            marks.append(
                Mark(
                    partition: stream.partition, last: try CheckpointKeeper.id(stream.last), delivered: try CheckpointKeeper.id(stream.delivered),
                    pending: try stream.pending.map(CheckpointKeeper.id)))
        }
        guard picture.streams.contains(where: { $0.partition.stream == .jobs }) else { return }
        sleeves[index] = try picture.sleeves.mapValues { try Sleeve(json: JSON.parse($0)) }
        lifecycles[index] = try picture.lifecycles.mapValues { try Lifecycle(json: JSON.parse($0)) }
        emitted[index] = picture.emitted
    }
}
