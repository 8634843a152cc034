import AuditTrail
import Testing

struct MalformedEntryTests {
    static let fieldLists: [[(String, String)]] = [
        [],
        [("seq", "1"), ("data", "{not json")],
        [("seq", "1"), ("data", "")],
        [("seq", "one"), ("id", "x")],
        [("seq", "01")],
        [("seq", "1"), ("seq", "2")],
        [("seq", "1"), ("id", "a\0b")],
        [("seq", "1"), ("data", "{\"signal\":\"a\\u0000b\"}")],
        [("seq", "1"), ("data", "{\"signal\":\"\\ud800\"}")],
        [("seq", "1"), ("unknown", "field"), ("data", "{}")],
        [("seq", "1"), ("data", "{\"signal\":\"" + String(repeating: "x", count: 10_000) + "\",\"cloid\":5,\"outcome\":null}")],
        [("seq", "1"), ("data", String(repeating: "[", count: 100_000))],
        [("seq", "1"), ("data", "[1]")],
        [("seq", "1"), ("id", String(repeating: "i", count: 100_000))],
        [("data", "{}"), ("action", "close"), ("seq", "1")],
        [("", ""), ("seq", "9223372036854775808")],
        [("seq", "9223372036854775807")],
        [("seq", "0")],
    ]

    @Test("whatever a stream contains is kept as it came, and does not hold up the rest", arguments: fieldLists.indices)
    func kept(index: Int) async throws {
        let trail = try await Trail()
        let fields = Self.fieldLists[index]
        let odd = AuditEntry(stream: Trail.jobs, entryMilliseconds: Trail.noon, entrySequence: 7, texts: fields)
        let batches = [
            AuditBatch(stream: Trail.jobs, epoch: 1, entries: [odd, Trail.entry(Trail.jobs, 2)]),
            AuditBatch(stream: Trail.signals, epoch: 1, entries: Trail.entries(1...3)),
        ]
        #expect(try await trail.writer.write(batches).written == 5)
        #expect(try await trail.writer.write(batches).repeated == 5)
        var found: [AuditRow] = []
        try await trail.reader.forEachPage(ofStream: Trail.jobs) { found += $0 }
        let row = try #require(found.first)
        #expect(
            Dictionary(grouping: row.textFields, by: \.0).mapValues { $0.map(\.1) }
                == Dictionary(grouping: fields, by: \.0).mapValues { $0.map(\.1) })
        #expect(try await trail.check(Trail.jobs).faults.isEmpty)
        _ = try await trail.reader.pairs()
        _ = try await trail.reader.duplicates()
        _ = try await trail.reader.orphans()
        _ = try await trail.reader.reorders()
    }

    @Test("what is not UTF-8 is kept byte for byte, in names and values, and covered by the hash")
    func bytes() async throws {
        let trail = try await Trail()
        func entry(_ value: [UInt8]) -> AuditEntry {
            AuditEntry(
                stream: Trail.jobs, entryMilliseconds: Trail.noon, entrySequence: 0,
                fields: [
                    (name: Array("seq".utf8), value: Array("1".utf8)), (name: Array("data".utf8), value: value), (name: [0xFE], value: [0xFF]),
                ])
        }
        _ = try await trail.writer.write(stream: Trail.jobs, epoch: 1, entries: [entry([0x7B, 0xFF, 0x7D])])
        var found: [AuditRow] = []
        try await trail.reader.forEachPage(ofStream: Trail.jobs) { found += $0 }
        let fields = try #require(found.first).fields
        #expect(fields.map(\.name) == [Array("seq".utf8), Array("data".utf8), [0xFE]])
        #expect(fields.map(\.value) == [Array("1".utf8), [0x7B, 0xFF, 0x7D], [0xFF]])
        #expect(try await trail.check(Trail.jobs).isIntact)
        #expect(try await trail.writer.write(stream: Trail.jobs, epoch: 1, entries: [entry([0x7B, 0xFF, 0x7D])]).repeated == 1)
        // as text the same
        await #expect(throws: AuditError.self) {
            try await trail.writer.write(stream: Trail.jobs, epoch: 1, entries: [entry([0x7B, 0xFE, 0x7D])])
        }
    }

    @Test("an entry with the usual fields is kept in columns, numbers and order of its JSON included")
    func columns() async throws {
        let trail = try await Trail()
        let data = "{\"z\":1.50,\"id\":\"signal-1\",\"a\":{\"b\":1e5},\"legs\":[]}"
        _ = try await trail.writer.write(stream: Trail.signals, epoch: 3, entries: [Trail.entry(Trail.signals, 1, data: data)])
        let row = try await trail.connection.query("SELECT * FROM audit_entries", results: .text)[0]
        #expect(try row.text("data") == data)
        #expect(try row.maybeText("raw") == nil)
        #expect(try row.text("kind") == "influencer_signals")
        #expect(try row.text("signal_id") == "signal-1")
        #expect(try row.text("day") == "2025-11-21")
        #expect(try row.integer("epoch") == 3)
    }
}
