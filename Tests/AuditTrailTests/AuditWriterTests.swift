import AuditTrail
import Postgres
import TestServers
import Testing

struct AuditWriterTests {
    @Test("entries are written once, however often they are given")
    func idempotent() async throws {
        let trail = try await Trail()
        #expect(
            try await trail.writer.write(stream: Trail.signals, epoch: 5, entries: Trail.entries(1...10)) == AuditWriteResult(written: 10))
        #expect(
            try await trail.writer.write(stream: Trail.signals, epoch: 5, entries: Trail.entries(1...10)) == AuditWriteResult(repeated: 10))
        #expect(
            try await trail.otherWriter().write(stream: Trail.signals, epoch: 6, entries: Trail.entries(6...15).reversed())
                == AuditWriteResult(written: 5, repeated: 5))
        #expect(
            try await trail.writer.write(stream: Trail.signals, epoch: 6, entries: Trail.entries(16...16) + Trail.entries(16...16))
                == AuditWriteResult(written: 1, repeated: 1))
        #expect(try await trail.count() == 16)
        #expect(try await trail.check(Trail.signals).isIntact)
    }

    @Test("several streams are written in one transaction, or none is")
    func together() async throws {
        let trail = try await Trail()
        let streams = (0..<16).map { "vibe:{c0}:execution_jobs:\($0)" }
        let batches = streams.map { AuditBatch(stream: $0, epoch: 1, entries: Trail.entries(1...20, of: $0)) }
        #expect(try await trail.writer.write(batches) == AuditWriteResult(written: 320))
        for stream in streams { #expect(try await trail.check(stream).isIntact) }
        var next = streams.map { AuditBatch(stream: $0, epoch: 1, entries: Trail.entries(21...22, of: $0)) }
        next[7].epoch = 0
        await #expect(throws: AuditError.fenced(streams: [streams[7]])) { try await trail.writer.write(next) }
        #expect(try await trail.count() == 320)
        #expect(try await trail.writer.write([]) == AuditWriteResult())
    }

    @Test("a writer with an older epoch is refused, also for what it wrote before")
    func fenced() async throws {
        let trail = try await Trail()
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 5, entries: Trail.entries(1...3))
        _ = try await trail.otherWriter().write(stream: Trail.signals, epoch: 6, entries: Trail.entries(3...4))
        await #expect(throws: AuditError.fenced(streams: [Trail.signals])) {
            try await trail.writer.write(stream: Trail.signals, epoch: 5, entries: Trail.entries(4...5))
        }
        #expect(try await trail.count() == 4)
        #expect(try await trail.reader.watermarks("vibe:")[Trail.signals]?.epoch == 6)
    }

    @Test("an entry that is stored with other content is refused")
    func conflict() async throws {
        let trail = try await Trail()
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...3))
        let altered = Trail.entry(Trail.signals, 2, data: "{\"v\":1,\"id\":\"signal-2\",\"px\":1.5}")
        let id = AuditEntryID(milliseconds: Trail.noon + 2, sequence: 0)
        await #expect(throws: AuditError.conflict(stream: Trail.signals, entry: id)) {
            try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: [altered, Trail.entry(Trail.signals, 4)])
        }
        await #expect(throws: AuditError.conflict(stream: Trail.signals, entry: AuditEntryID(milliseconds: Trail.noon + 4, sequence: 0))) {
            try await trail.writer.write(
                stream: Trail.signals, epoch: 1, entries: [Trail.entry(Trail.signals, 4), Trail.entry(Trail.signals, 4, data: "{}")])
        }
        #expect(try await trail.count() == 3)
    }

    @Test("an older entry that is not stored is not slipped in behind the chain")
    func behind() async throws {
        let trail = try await Trail()
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...2) + Trail.entries(4...4))
        await #expect(throws: AuditError.missing(stream: Trail.signals, entry: AuditEntryID(milliseconds: Trail.noon + 3, sequence: 0))) {
            try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(3...3))
        }
        try await trail.connection.execute("UPDATE audit_watermarks SET last_entry_ms = 0, last_entry_seq = 0")
        await #expect(throws: AuditError.pastWatermark(streams: [Trail.signals])) {
            try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...1))
        }
    }

    @Test("a jump of seq is written and reported")
    func gaps() async throws {
        let trail = try await Trail()
        let result = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...2) + Trail.entries(5...6))
        #expect(result == AuditWriteResult(written: 4, gaps: [AuditGap(stream: Trail.signals, last: 2, found: 5)]))
        let late = try await trail.writer.write(stream: Trail.jobs, epoch: 1, entries: Trail.entries(3...3, of: Trail.jobs))
        #expect(late.gaps == [AuditGap(stream: Trail.jobs, last: 0, found: 3)])
    }

    @Test("each day has its partition, made ahead and by whoever needs it first")
    func partitions() async throws {
        let trail = try await Trail()
        let day: Int64 = 86_400_000
        let midnight = Trail.noon + day / 2
        try await withThrowingTaskGroup { group in
            for number in 0..<6 {
                let writer = trail.otherWriter()
                let stream = "vibe:{c0}:execution_jobs:\(number)"
                group.addTask {
                    let entries = [
                        Trail.entry(stream, 1, at: midnight - 1), Trail.entry(stream, 2, at: midnight),
                        Trail.entry(stream, 3, at: midnight + 30 * day),
                    ]
                    _ = try await writer.write(stream: stream, epoch: 1, entries: entries)
                }
            }
            try await group.waitForAll()
        }
        let rows = try await trail.connection.query(
            "SELECT relname AS name, (SELECT count(*) FROM audit_entries WHERE tableoid = c.oid) AS n FROM pg_class AS c WHERE relispartition AND relkind = 'r' ORDER BY 1"
        )
        #expect(
            try rows.map { try "\($0.text("name")) \($0.integer("n"))" } == [
                "audit_entries_20251121 6", "audit_entries_20251122 6", "audit_entries_20251123 0", "audit_entries_20251222 6",
                "audit_entries_20251223 0",
            ])
        #expect(try await trail.check("vibe:{c0}:execution_jobs:5").isIntact)
    }

    @Test("a partition that vanished under a writer is made again")
    func droppedPartition() async throws {
        let trail = try await Trail()
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...1))
        try await trail.connection.execute("DROP TABLE audit_entries_20251121")
        #expect(try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(2...2)).written == 1)
    }

    @Test("an id outside the calendar is refused by name")
    func impossibleTime() async throws {
        let trail = try await Trail()
        let entry = Trail.entry(Trail.signals, 1, at: .max)
        await #expect(throws: AuditError.invalidEntry(stream: Trail.signals, entry: entry.entryID)) {
            try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: [entry])
        }
    }

    @Test("a connection lost in the middle leaves all or nothing, and the batch can be given again")
    func lostConnection() async throws {
        let trail = try await Trail()
        let killer = PostgresConnection(url: trail.url, name: "killer", logger: .init(label: "test"))
        var next: Int64 = 1
        for _ in 0..<20 {
            let entries = Trail.entries(next...next + 199)
            let killed = Task {
                try await killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test' AND datname = current_database()"
                )
            }
            try await write(entries, trail)
            _ = try await killed.value
            next += 200
        }
        // the last of them may be killed only now
        let check = try await AuditReader(trail.otherConnection()).check(Trail.signals)
        #expect(check.isIntact && check.rows == 4_000 && check.lastSeq == 4_000)
    }

    /// Again and again, while the connection breaks.
    private func write(_ entries: [AuditEntry], _ trail: Trail) async throws {
        while true {
            do {
                _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: entries)
                return
            } catch {
                guard case .postgres(.unavailable) = error else { throw error }
            }
        }
    }

    @Test("a writer that hangs in its transaction holds its streams up for a while only, and who gave up waiting leaves no session behind")
    func hanging() async throws {
        let trail = try await Trail()
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...1))
        let hanging = PostgresConnection(url: trail.url, name: "hanging", logger: .init(label: "test"))
        try await hanging.execute(script: "BEGIN; SELECT FROM audit_watermarks FOR UPDATE")
        let hasty = PostgresConnection(url: trail.url, name: "hasty", answerTimeout: .milliseconds(300), logger: .init(label: "test"))
        await #expect(throws: AuditError.self) {
            try await AuditWriter(hasty).write(stream: Trail.signals, epoch: 2, entries: Trail.entries(2...2))
        }
        func sessions(_ name: String) async throws -> Int {
            let rows = try await trail.connection.query(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()", [.text(name)])
            return Int(try rows[0].integer("n"))
        }
        for _ in 0..<250 {
            if try await sessions("hasty") == 0 { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await sessions("hasty") == 0)
        #expect(try await sessions("hanging") == 1, "its lock was still held")
        // sooner than by default
        try await hanging.execute("SET idle_in_transaction_session_timeout = '100ms'")
        #expect(try await trail.otherWriter().write(stream: Trail.signals, epoch: 2, entries: Trail.entries(2...2)).written == 1)
    }

    @Test("a server that crashed keeps what was confirmed")
    func crash() async throws {
        let server = try PrivatePostgres()
        let connection = PostgresConnection(url: try await server.makeDatabase(migrated: true), name: "test", logger: .init(label: "test"))
        let writer = AuditWriter(connection)
        _ = try await writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...500))
        server.stop()
        await #expect(throws: AuditError.self) {
            try await writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(501...600))
        }
        try server.start()
        #expect(
            try await writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(401...600))
                == AuditWriteResult(written: 100, repeated: 100))
    }
}
