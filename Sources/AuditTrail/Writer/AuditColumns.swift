import Postgres

/// Rows for `audit_entries`, column by column, for one statement however many they are.
struct AuditColumns {
    private(set) var count = 0
    private var streams = PostgresArray(of: .text)
    private var milliseconds = PostgresArray(of: .integer)
    private var sequences = PostgresArray(of: .integer)
    private var days = PostgresArray(of: .date)
    private var kinds = PostgresArray(of: .text)
    private var epochs = PostgresArray(of: .integer)
    private var seqs = PostgresArray(of: .integer)
    /// `id` to `data`.
    private var texts = AuditFields.columns.dropFirst().map { _ in PostgresArray(of: .text) }
    private var raws = PostgresArray(of: .bytes)
    /// `signal_id` to `outcome`.
    private var links = (0..<7).map { _ in PostgresArray(of: .text) }
    private var hashes = PostgresArray(of: .bytes)
    private var chains = PostgresArray(of: .bytes)

    mutating func append(_ record: AuditRecord, epoch: Int64, chain: [UInt8]) {
        count += 1
        streams.append(record.stream)
        milliseconds.append(record.entryID.milliseconds)
        sequences.append(record.entryID.sequence)
        days.append(day: record.entryID.day)
        kinds.append(record.kind.name)
        epochs.append(epoch)
        seqs.append(record.seq)
        for index in texts.indices { texts[index].append(record.texts[index]) }
        raws.append(record.raw)
        for (index, link) in record.links.columns.enumerated() { links[index].append(link) }
        hashes.append(record.payloadHash)
        chains.append(chain)
    }

    var parameters: [PostgresParameter] {
        ([streams, milliseconds, sequences, days, kinds, epochs, seqs] + texts + [raws] + links + [hashes, chains]).map { .array($0) }
    }

    static let insert = """
        INSERT INTO audit_entries (
            stream, entry_ms, entry_seq, day, kind, epoch, seq, id, subscriber, influencer, coin, action, trace, data, raw,
            signal_id, request_id, job_id, subscription, account, cloid, outcome, payload_hash, chain)
        SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n::json, o, p, q, r, s, t, u, v, w, x
        FROM unnest(
            $1::text[], $2::bigint[], $3::bigint[], $4::date[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bytea[], $16::text[], $17::text[], $18::text[],
            $19::text[], $20::text[], $21::text[], $22::text[], $23::bytea[], $24::bytea[])
            AS row (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
        ON CONFLICT DO NOTHING
        """
}

extension AuditLinks {
    /// In the order of the columns `signal_id` to `outcome`.
    var columns: [String?] { [signal, request, job, subscription, account, cloid, outcome] }
}
