import Health
import Logging
import Postgres
import Redis
import RedisStreams

/// Streams → Postgres: every entry is committed there before it is acknowledged here.
///
/// Entries of all owned partitions are gathered into one transaction. While Postgres is away they wait in the streams: the runner
/// stops reading at its bound, and nothing is trimmed below what was acknowledged.
public actor AuditStage: StageActor {
    public struct Configuration: Sendable {
        /// Rows per transaction.
        public var batch: Int
        public var trimEvery: Duration
        /// How long a stream that contradicts what is stored is left alone.
        public var suspension: Duration

        public init(batch: Int, trimEvery: Duration, suspension: Duration = .seconds(30)) {
            precondition(batch >= 1)
            self.batch = batch
            self.trimEvery = trimEvery
            self.suspension = suspension
        }
    }

    private struct Partition {
        let epoch: Int64
        var waiting: [StreamEntry] = []
        var written: [String] = []
        /// Set when its stream contradicts what is stored; it is tried again from this moment on, the others go on meanwhile.
        var suspendedUntil: ContinuousClock.Instant?
    }

    private let writer: AuditWriter
    private let trimmer: StreamTrimmer
    private let keys: Keys
    private let stage: Stage
    private let leases: LeaseTable
    private let configuration: Configuration
    private let committing: Wake
    private let writing = Wake()
    private let logger: Logger
    private var partitions: [Int: Partition] = [:]
    private let lag: AuditLag?
    private var outage: AuditOutage?
    private var fencedPartitions: Set<Int> = []
    /// Rows committed since the start.
    public private(set) var rows = 0

    /// - Parameter lag: by which it knows that it has caught up after an outage; without, it does not say.
    public init(
        writer: AuditWriter, trimmer: StreamTrimmer, keys: Keys, stage: Stage, leases: LeaseTable, configuration: Configuration,
        committing: Wake, lag: AuditLag? = nil, logger: Logger
    ) {
        self.lag = lag
        self.writer = writer
        self.trimmer = trimmer
        self.keys = keys
        self.stage = stage
        self.leases = leases
        self.configuration = configuration
        self.committing = committing
        self.logger = logger
    }

    /// Writes and trims until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.writeLoop() }
            group.addTask { await self.trimLoop() }
            await group.waitForAll()
        }
    }

    public func begin(_ partition: Int) {
        guard let lease = leases.lease(partition), let epoch = Int64(lease.epoch) else { return }
        partitions[partition] = Partition(epoch: epoch)
    }

    public func receive(_ entries: [StreamEntry], partition: Int) {
        partitions[partition]?.waiting += entries
        writing.signal()
    }

    public func completions(_ partition: Int, limit: Int) -> [Completion] {
        guard let written = partitions[partition]?.written, !written.isEmpty else { return [] }
        partitions[partition]?.written = Array(written.dropFirst(limit))
        return written.prefix(limit).map { .acknowledge(entry: $0) }
    }

    public func fenced() -> [Int] {
        defer { fencedPartitions = [] }
        return Array(fencedPartitions)
    }

    public func end(_ partition: Int) {
        partitions[partition] = nil
        fencedPartitions.remove(partition)
    }

    // MARK: - Writing

    private func writeLoop() async {
        let heart = Heart.start("audit writer", patience: Self.writePatience)
        defer { heart.rest() }
        var rings = writing.rings()
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            while let batch = nextBatch(), !Task.isCancelled {
                heart.beat()
                do {
                    let result = try await writer.write(batch.values.map(\.batch))
                    confirm(batch, result)
                    pause = .milliseconds(100)
                } catch .fenced(let streams) {
                    logger.warning("audit.fenced", metadata: ["streams": "\(streams.joined(separator: " "))"])
                    for (partition, item) in batch where streams.contains(item.batch.stream) {
                        partitions[partition]?.waiting = []
                        fencedPartitions.insert(partition)
                    }
                    committing.signal()
                } catch let error where error.isOfOneStream {
                    await writeOneByOne(batch, heart)
                } catch {
                    outage = outage ?? AuditOutage(awaySince: .now)
                    outage?.backAt = nil
                    logger.error("audit.unwritten", metadata: ["error": "\(error)", "waiting": "\(partitions.values.reduce(0) { $0 + $1.waiting.count })"])
                    try? await Task.sleep(for: pause)  // ends early only when cancelled
                    pause = min(pause * 2, .seconds(5))
                }
            }
            heart.rest()
            _ = await rings.next()
        }
    }

    /// Finds the stream that cannot be written, and writes the others: what contradicts the stored trail must not stop the rest of it.
    private func writeOneByOne(_ batch: [Int: (batch: AuditBatch, ids: [String])], _ heart: Heart) async {
        for (partition, item) in batch {
            heart.beat()
            do { confirm([partition: item], try await writer.write([item.batch])) } catch {
                guard error.isOfOneStream else { continue }
                logger.critical("audit.stream.suspended", metadata: ["stream": "\(item.batch.stream)", "error": "\(error)"])
                partitions[partition]?.suspendedUntil = .now + configuration.suspension
            }
        }
    }

    /// A transaction that waits is given up by its connection's own limits, and sooner than this.
    private static let writePatience = Duration.seconds(60)

    private func nextBatch() -> [Int: (batch: AuditBatch, ids: [String])]? {
        var room = configuration.batch
        var batch: [Int: (batch: AuditBatch, ids: [String])] = [:]
        // fullest first: the longest backlog sets the lag
        for (partition, state) in partitions.sorted(by: { $0.value.waiting.count > $1.value.waiting.count }) where !state.waiting.isEmpty && room > 0 {
            if let moment = state.suspendedUntil, moment > .now { continue }
            let entries = state.waiting.prefix(room)
            room -= entries.count
            let stream = keys.stream(stage.inputs[partition])
            batch[partition] = (
                AuditBatch(stream: stream, epoch: state.epoch, entries: entries.map { Self.entry($0, of: stream) }), entries.map(\.id)
            )
        }
        return batch.isEmpty ? nil : batch
    }

    private func confirm(_ batch: [Int: (batch: AuditBatch, ids: [String])], _ result: AuditWriteResult) {
        if let known = outage, known.backAt == nil {
            outage?.backAt = .now
            logger.notice("audit.resumed", metadata: ["away": "\(ContinuousClock.now - known.awaySince)"])
        }
        rows += result.written
        outage?.written += result.written + result.repeated
        for gap in result.gaps {
            logger.critical("audit.gap", metadata: ["stream": "\(gap.stream)", "after": "\(gap.last)", "found": "\(gap.found)"])
        }
        for (partition, item) in batch {
            // the partition may have gone meanwhile, and come back with the same entries under a new epoch
            guard partitions[partition]?.epoch == item.batch.epoch else { continue }
            partitions[partition]?.waiting.removeFirst(item.ids.count)
            partitions[partition]?.written += item.ids
        }
        committing.signal()
    }

    /// Since when Postgres has not taken what it was given; `nil` while it does.
    public func unwrittenSince() -> ContinuousClock.Instant? { outage.flatMap { $0.backAt == nil ? $0.awaySince : nil } }

    /// Caught up is when no more waits, over all streams, than this process writes in two transactions.
    private func noteCaughtUp() async {
        guard let lag, outage?.backAt != nil else { return }
        let waiting: Int64
        do { waiting = try await lag.read() } catch {
            logger.warning("audit.lag.unread", metadata: ["error": "\(error)"])
            return
        }
        guard waiting <= Int64(configuration.batch) * 2, let outage, let metadata = outage.caughtUp(at: .now) else { return }
        logger.notice("audit.caught_up", metadata: metadata)
        self.outage = nil
    }

    private static func entry(_ entry: StreamEntry, of stream: String) -> AuditEntry {
        AuditEntry(stream: stream, entryMilliseconds: entry.milliseconds, entrySequence: entry.sequence, fields: entry.fields)
    }

    // MARK: - Trimming

    private func trimLoop() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: configuration.trimEvery)  // ends early only when cancelled
            await noteCaughtUp()
            writing.signal()  // a suspension may be over
            let owned = partitions.keys.map { stage.inputs[$0] }
            guard !owned.isEmpty, !Task.isCancelled else { continue }
            do {
                let dropped = try await trimmer.trim(owned).values.reduce(0, +)
                if dropped > 0 { logger.debug("streams.trimmed", metadata: ["entries": "\(dropped)"]) }
            } catch {
                logger.warning("streams.untrimmed", metadata: ["error": "\(error)"])
            }
        }
    }
}
