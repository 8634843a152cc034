import AuditTrail
import Postgres
import Testing

/// What a recovery reads when there is a checkpoint.
struct RecentEntriesTests {
    @Test("only what comes after, and what is named, and none of it by reading all of the trail")
    func pieces() async throws {
        let trail = try await Trail()
        _ = try await trail.writer.write(stream: Trail.jobs, epoch: 1, entries: Trail.entries(1...40, of: Trail.jobs))
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...10))
        func id(_ seq: Int64) -> AuditEntryID { AuditEntryID(milliseconds: Trail.noon + seq, sequence: 0) }
        let before = try await scans(trail)
        try await trail.reader.prepareForRecovery(from: [
            AuditReader.Start(stream: Trail.jobs, after: id(30), pending: [id(3), id(7)], known: id(35)),
            AuditReader.Start(stream: Trail.signals, after: id(10), pending: [], known: id(10)),
        ])
        let last = try await trail.reader.lastSignals(in: [AuditReader.Range(stream: Trail.signals, after: id(2), through: id(9))])
        #expect(try await scans(trail) == before, "all of the trail was read")
        // those of the fixture name no cause
        #expect(last.isEmpty)
        let rows = try await trail.connection.query("SELECT seq, fresh FROM recent_entries ORDER BY entry_ms")
        #expect(
            try rows.map { "\(try $0.integer("seq")) \(try $0.bool("fresh"))" }
                == ["3 false", "7 false", "31 false", "32 false", "33 false", "34 false", "35 false", "36 true", "37 true", "38 true", "39 true", "40 true"])
    }

    @Test("the job of a result is found however long ago it was put on record, and what an operator dropped is due none", arguments: [true, false])
    func answersWithoutJob(isRecentAlone: Bool) async throws {
        let trail = try await Trail()
        var copies = Copies()
        copies.job("s1", "a")
        for signal in ["s1", "s2"] { copies.result(signal, "a") }
        copies.result("s3", "a", outcome: "FAIL_DROPPED")
        _ = try await trail.writer.write(Array(copies.batches.values))
        let job = AuditEntryID(milliseconds: Trail.noon + 1, sequence: 0)
        let starts = [
            AuditReader.Start(stream: Trail.jobs, after: job, pending: [], known: job),
            AuditReader.Start(stream: Trail.results, after: .zero, pending: [], known: .zero),
        ]
        try await trail.reader.prepareForRecovery(from: isRecentAlone ? starts : nil)
        let found = try await trail.reader.answersWithoutJob("vibe:{c0}:", since: Int32(Trail.noon / 86_400_000))
        #expect(found.map(\.job) == ["s2/a/0"])
    }

    /// How often all of a day was read, as the server has counted it.
    private func scans(_ trail: Trail) async throws -> Int64 {
        _ = try await trail.connection.query("SELECT pg_stat_force_next_flush()")
        _ = try await trail.connection.query("SELECT 1")
        let rows = try await trail.connection.query(
            "SELECT coalesce(sum(seq_scan), 0)::bigint AS scans FROM pg_stat_user_tables WHERE relname ~ '^audit_entries_[0-9]{8}$'")
        return try rows[0].integer("scans")
    }
}
