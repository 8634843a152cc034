import Failpoints
import Postgres

/// The entries of one stream to be written under one lease.
public struct AuditBatch: Sendable {
    public var stream: String
    /// The auditor's lease on the stream's partition.
    public var epoch: Int64
    public var entries: [AuditEntry]

    public init(stream: String, epoch: Int64, entries: [AuditEntry]) {
        self.stream = stream
        self.epoch = epoch
        self.entries = entries
    }
}

public struct AuditWriteResult: Sendable, Equatable {
    /// Rows that are new.
    public var written = 0
    /// Entries that were stored before, with the same content.
    public var repeated = 0
    /// Where `seq` does not continue: entries were lost before they were audited.
    public var gaps: [AuditGap] = []

    public init(written: Int = 0, repeated: Int = 0, gaps: [AuditGap] = []) {
        self.written = written
        self.repeated = repeated
        self.gaps = gaps
    }
}

/// `seq` jumps from `last` to `found` instead of `last + 1`.
public struct AuditGap: Sendable, Equatable {
    public var stream: String
    public var last: Int64
    public var found: Int64

    public init(stream: String, last: Int64, found: Int64) {
        self.stream = stream
        self.last = last
        self.found = found
    }
}

/// Writes stream entries to Postgres, each exactly once. When a call returns, what it was given is committed: acknowledge then.
///
/// One transaction for any number of streams (the audit role gathers its partitions' batches into one). Inside: lock the streams'
/// watermarks, refuse older epochs, compare what is at or below a watermark with what is stored, extend each stream's hash chain with
/// the rest, insert, move the watermarks. A batch repeated after a crash or a lost answer is recognised by the watermark.
public actor AuditWriter {
    private let connection: PostgresConnection
    /// What exists in the database, to ask once.
    private var knownStreams: Set<String> = []
    private var knownDays: Set<Int32> = []

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// - Parameter entries: of `stream`, in any order.
    public func write(stream: String, epoch: Int64, entries: [AuditEntry]) async throws(AuditError) -> AuditWriteResult {
        try await write([AuditBatch(stream: stream, epoch: epoch, entries: entries)])
    }

    /// Writes all batches or none.
    /// - Parameter batches: at most one for a stream.
    public func write(_ batches: [AuditBatch]) async throws(AuditError) -> AuditWriteResult {
        let prepared = try PreparedBatch.prepare(batches)
        guard !prepared.isEmpty else { return AuditWriteResult() }
        do {
            return try await attempt(prepared)
        } catch .postgres(.failed(sqlstate: "23514", _, _)) {
            // A partition was dropped after it was seen; the transaction is rolled back, so writing again is safe.
            knownDays = []
            return try await attempt(prepared)
        }
    }

    private func attempt(_ batches: [PreparedBatch]) async throws(AuditError) -> AuditWriteResult {
        do {
            try await makePartitions(Set(batches.flatMap { $0.records.map(\.entryID.day) }))
            try await makeWatermarks(batches.map(\.stream))
            let result = try await connection.transaction { connection in try AuditTransaction.run(batches, on: connection) }
            try Failpoint.reached(.auditAfterCommit, throwing: PostgresError.unavailable("failpoint"))
            return result
        } catch let error as PostgresError {
            throw .postgres(error)
        } catch let error as AuditError {
            throw error
        } catch {
            preconditionFailure("nothing else is thrown above: \(error)")
        }
    }

    /// The day's partition and the next day's, so that midnight finds its own made.
    private func makePartitions(_ days: Set<Int32>) async throws {
        let unknown = days.subtracting(knownDays)
        guard !unknown.isEmpty else { return }
        var wanted = PostgresArray(of: .date)
        for day in unknown.union(unknown.map { $0 + 1 }).sorted() { wanted.append(day: day) }
        _ = try await connection.query("SELECT audit_create_partition(day)::text FROM unnest($1::date[]) AS day", [.array(wanted)])
        knownDays.formUnion(unknown)
    }

    private func makeWatermarks(_ streams: [String]) async throws {
        let unknown = Set(streams).subtracting(knownStreams).sorted()
        guard !unknown.isEmpty else { return }
        try await connection.execute(
            """
            INSERT INTO audit_watermarks (stream, epoch, last_entry_ms, last_entry_seq, chain)
            SELECT stream, 0, 0, 0, $2::bytea FROM unnest($1::text[]) AS stream
            ON CONFLICT DO NOTHING
            """, [.texts(unknown), .bytes(AuditChain.start)])
        knownStreams.formUnion(unknown)
    }
}
