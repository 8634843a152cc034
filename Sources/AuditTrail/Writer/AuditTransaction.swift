import Failpoints
import Postgres

/// What happens inside the transaction that writes batches.
enum AuditTransaction {
    private struct Watermark {
        var epoch: Int64
        var last: AuditEntryID
        var lastSeq: Int64?
        var chain: [UInt8]
    }

    /// - Parameter batches: by name of stream.
    static func run(_ batches: [PreparedBatch], on connection: isolated PostgresConnection) throws -> AuditWriteResult {
        var watermarks = try lockWatermarks(batches, on: connection)
        let fenced = batches.filter { $0.epoch < watermarks[$0.stream]!.epoch }.map(\.stream)
        guard fenced.isEmpty else { throw AuditError.fenced(streams: fenced) }

        var result = AuditWriteResult()
        var known: [AuditRecord] = []
        var rows = AuditColumns()
        for batch in batches {
            result.repeated += batch.repeated
            var watermark = watermarks[batch.stream]!
            watermark.epoch = batch.epoch
            for record in batch.records {
                guard record.entryID > watermark.last else {
                    known.append(record)
                    continue
                }
                if let seq = record.seq {
                    let last = watermark.lastSeq ?? 0
                    if seq != last &+ 1 { result.gaps.append(AuditGap(stream: batch.stream, last: last, found: seq)) }
                    watermark.lastSeq = seq
                }
                watermark.chain = AuditChain.next(after: watermark.chain, record)
                watermark.last = record.entryID
                rows.append(record, epoch: batch.epoch, chain: watermark.chain)
            }
            watermarks[batch.stream] = watermark
        }
        try compare(known, on: connection)
        result.repeated += known.count
        result.written = rows.count
        try Failpoint.reached(.auditBeforeInsert, throwing: PostgresError.unavailable("failpoint"))
        try insert(rows, of: batches, on: connection)
        try move(batches.map { ($0.stream, watermarks[$0.stream]!) }, on: connection)
        try Failpoint.reached(.auditBeforeCommit, throwing: PostgresError.unavailable("failpoint"))
        return result
    }

    /// Locked in the order of the names, so that two writers cannot wait for each other.
    private static func lockWatermarks(
        _ batches: [PreparedBatch], on connection: isolated PostgresConnection
    ) throws -> [String: Watermark] {
        let rows = try connection.query(
            """
            SELECT stream, epoch, last_entry_ms, last_entry_seq, last_seq, chain FROM audit_watermarks
            WHERE stream = ANY ($1::text[]) ORDER BY stream FOR UPDATE
            """, [.texts(batches.map(\.stream))], results: .binary)
        var watermarks: [String: Watermark] = [:]
        for row in rows {
            watermarks[try row.text(0)] = Watermark(
                epoch: try row.integer(1), last: AuditEntryID(milliseconds: try row.integer(2), sequence: try row.integer(3)),
                lastSeq: try row.maybeInteger(4), chain: try row.bytes(5))
        }
        for batch in batches where watermarks[batch.stream] == nil {
            throw PostgresError.failed(sqlstate: "02000", message: "the watermark of \(batch.stream) has vanished", detail: nil)
        }
        return watermarks
    }

    /// Entries at or below the watermark must be stored already, and the same.
    private static func compare(_ records: [AuditRecord], on connection: isolated PostgresConnection) throws {
        guard !records.isEmpty else { return }
        var streams = PostgresArray(of: .text)
        var milliseconds = PostgresArray(of: .integer)
        var sequences = PostgresArray(of: .integer)
        var days = PostgresArray(of: .date)
        for record in records {
            streams.append(record.stream)
            milliseconds.append(record.entryID.milliseconds)
            sequences.append(record.entryID.sequence)
            days.append(day: record.entryID.day)
        }
        let rows = try connection.query(
            """
            SELECT given.number, stored.payload_hash
            FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::date[]) WITH ORDINALITY
                AS given (stream, entry_ms, entry_seq, day, number)
            LEFT JOIN audit_entries AS stored USING (stream, entry_ms, entry_seq, day)
            """, [.array(streams), .array(milliseconds), .array(sequences), .array(days)], results: .binary)
        for row in rows {
            let record = records[Int(try row.integer(0)) - 1]
            guard let stored = try row.maybeBytes(1) else { throw AuditError.missing(stream: record.stream, entry: record.entryID) }
            guard stored == record.payloadHash else { throw AuditError.conflict(stream: record.stream, entry: record.entryID) }
        }
    }

    private static func insert(_ rows: AuditColumns, of batches: [PreparedBatch], on connection: isolated PostgresConnection) throws {
        guard rows.count > 0 else { return }
        guard try connection.execute(AuditColumns.insert, rows.parameters) == rows.count else {
            throw AuditError.pastWatermark(streams: batches.map(\.stream))
        }
    }

    private static func move(_ watermarks: [(String, Watermark)], on connection: isolated PostgresConnection) throws {
        var lastSeqs = PostgresArray(of: .integer)
        for (_, watermark) in watermarks { lastSeqs.append(watermark.lastSeq) }
        let moved = try connection.execute(
            """
            UPDATE audit_watermarks AS held
            SET epoch = new.epoch, last_entry_ms = new.last_entry_ms, last_entry_seq = new.last_entry_seq, last_seq = new.last_seq,
                chain = new.chain, updated_at = now()
            FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])
                AS new (stream, epoch, last_entry_ms, last_entry_seq, last_seq, chain)
            WHERE held.stream = new.stream AND held.epoch <= new.epoch
            """,
            [
                .texts(watermarks.map(\.0)), .integers(watermarks.map(\.1.epoch)), .integers(watermarks.map(\.1.last.milliseconds)),
                .integers(watermarks.map(\.1.last.sequence)), .array(lastSeqs), .byteStrings(watermarks.map(\.1.chain)),
            ])
        // The rows are locked and were checked; the guard is in the statement as well so that no path around the check exists.
        guard moved == watermarks.count else { throw AuditError.fenced(streams: watermarks.map(\.0)) }
    }
}
