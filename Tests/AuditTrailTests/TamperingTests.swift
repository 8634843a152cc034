import AuditTrail
import Testing

struct TamperingTests {
    private func trail() async throws -> Trail {
        let trail = try await Trail()
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...5_000))
        return trail
    }

    private func problems(_ trail: Trail) async throws -> [String] {
        let check = try await trail.check(Trail.signals)
        return check.holes.map { "hole \($0.lowerBound)…\($0.upperBound)" } + check.faults.map { "\($0.seq ?? 0) \($0.problem)" }
    }

    @Test("an untouched stream is intact")
    func intact() async throws {
        let check = try await trail().check(Trail.signals)
        #expect(check.isIntact && check.rows == 5_000 && check.lastSeq == 5_000 && check.unnumbered == 0)
    }

    @Test("a stream that grows while it is checked is intact")
    func growing() async throws {
        let trail = try await Trail()
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...1))
        let writing = Task {
            var seq: Int64 = 1
            while !Task.isCancelled {
                seq += 1
                _ = try await trail.writer.write(stream: Trail.signals, epoch: 1, entries: Trail.entries(seq...seq))
            }
        }
        // on a connection of its own, so that entries come between any two of its statements
        let reader = AuditReader(trail.otherConnection())
        for _ in 0..<50 {
            let check = try await reader.check(Trail.signals)
            #expect(check.isIntact, "\(check.holes) \(check.faults)")
        }
        writing.cancel()
        try await writing.value
    }

    @Test(
        "a changed field is found and named",
        arguments: [
            ("coin = 'ETH'", "coin"), ("data = '{\"v\":1}'", "data"), ("seq = 99999", "seq"), ("trace = NULL", "trace"),
            ("action = 'close'", "action"),
        ])
    func changed(change: String, column: String) async throws {
        let trail = try await trail()
        try await trail.connection.execute("UPDATE audit_entries SET \(change) WHERE seq = 2500")
        let fault = try #require(try await trail.check(Trail.signals).faults.first)
        #expect(fault.entry == AuditEntryID(milliseconds: Trail.noon + 2_500, sequence: 0))
        guard case .altered(let columns) = fault.problem else { Issue.record("\(fault)"); return }
        // A column's change shows in what is derived from it; `seq` is known by its place in the chain and the hash.
        #expect(columns.contains(column) || columns.contains("payload_hash"))
    }

    @Test(
        "a changed look-up column is found",
        arguments: ["signal_id", "outcome", "cloid", "subscription", "job_id", "request_id", "account"])
    func lookup(column: String) async throws {
        let trail = try await trail()
        try await trail.connection.execute("UPDATE audit_entries SET \(column) = 'forged' WHERE seq = 17")
        #expect(try await problems(trail) == ["17 altered(columns: [\"\(column)\"])"])
    }

    @Test("a row put into another day's partition is found")
    func movedDay() async throws {
        let trail = try await trail()
        try await trail.connection.execute("UPDATE audit_entries SET day = day + 1 WHERE seq = 2500")
        #expect(try await problems(trail) == ["2500 altered(columns: [\"day\"])"])
        _ = try await trail.connection.query("SELECT audit_create_partition(date '2025-11-20')")
        try await trail.connection.execute("UPDATE audit_entries SET day = date '2025-11-20' WHERE seq = 2500")
        #expect(try await problems(trail) == ["hole 2500…2500", "2501 chainBroken"])
    }

    @Test("an altered epoch is found where it falls", arguments: [("7", 18), ("0", 17)])
    func epoch(value: String, found: Int) async throws {
        let trail = try await trail()
        try await trail.connection.execute("UPDATE audit_entries SET epoch = \(value) WHERE seq = 17")
        #expect(try await problems(trail) == ["\(found) epochFell"])
    }

    @Test("a deleted row leaves a hole and breaks the chain after it")
    func deleted() async throws {
        let trail = try await trail()
        try await trail.connection.execute("DELETE FROM audit_entries WHERE seq IN (2000, 2001, 4000)")
        #expect(try await problems(trail) == ["hole 2000…2001", "hole 4000…4000", "2002 chainBroken", "4001 chainBroken"])
        #expect(try await trail.check(Trail.signals).missing == 3)
    }

    @Test("deleted first and last rows are found too")
    func ends() async throws {
        let trail = try await trail()
        try await trail.connection.execute("DELETE FROM audit_entries WHERE seq = 1 OR seq > 4990")
        #expect(try await problems(trail) == ["hole 1…1", "hole 4991…5000", "2 chainBroken", "5000 notTheLast"])
        try await trail.connection.execute("DELETE FROM audit_entries")
        #expect(try await problems(trail) == ["hole 1…5000", "5000 notTheLast"])
    }

    @Test("a row put in is found, with and without forged hashes")
    func inserted() async throws {
        let trail = try await trail()
        try await trail.connection.execute(
            """
            INSERT INTO audit_entries SELECT stream, entry_ms, 1, day, kind, epoch, seq, id, subscriber, influencer, coin, action, trace, data, raw,
                signal_id, request_id, job_id, subscription, account, cloid, outcome, payload_hash, chain FROM audit_entries WHERE seq = 100
            """)
        #expect(try await problems(trail) == ["100 chainBroken", "100 repeatedSeq(100)"])
    }

    @Test("a changed field with a recomputed hash still breaks the chain")
    func rehashed() async throws {
        let trail = try await trail()
        let forged = try await Trail()
        _ = try await forged.writer.write(
            stream: Trail.signals, epoch: 1,
            entries: Trail.entries(1...9) + [Trail.entry(Trail.signals, 10, data: "{\"id\":\"signal-10\",\"px\":9}")])
        let row = try await forged.connection.query("SELECT data, payload_hash FROM audit_entries WHERE seq = 10")[0]
        try await trail.connection.execute(
            "UPDATE audit_entries SET data = $1::json, payload_hash = $2::bytea WHERE seq = 10",
            [.text(try row.text("data")), .bytes(try row.bytes("payload_hash"))])
        #expect(try await problems(trail) == ["10 chainBroken"])
    }

    @Test("two rows exchanged are found")
    func exchanged() async throws {
        let trail = try await trail()
        try await trail.connection.execute(
            script: """
                UPDATE audit_entries SET entry_seq = 5 WHERE seq = 30;
                UPDATE audit_entries SET entry_ms = entry_ms - 1 WHERE seq = 31;
                UPDATE audit_entries SET entry_ms = entry_ms + 1, entry_seq = 0 WHERE seq = 30;
                """)
        #expect(try await trail.check(Trail.signals).faultCount >= 2)
    }

    @Test("a stream without its watermark is found, and many faults are counted but not all listed")
    func bounds() async throws {
        let trail = try await trail()
        try await trail.connection.execute("DELETE FROM audit_watermarks")
        #expect(try await problems(trail) == ["5000 noWatermark"])
        try await trail.connection.execute("UPDATE audit_entries SET coin = 'X' WHERE seq <= 1000")
        let check = try await trail.check(Trail.signals)
        #expect(check.faultCount == 1_001 && check.faults.count == 100)
        #expect(check.faults[0].description == "\(Trail.signals) \(Trail.noon + 1)-0 (seq 1): altered (payload_hash)")
    }
}
