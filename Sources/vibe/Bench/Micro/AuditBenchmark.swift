import AuditTrail
import CPostgres
import Postgres
import RedisStreams

/// Entries → rows of the audit trail, against COPY of the same rows.
struct AuditBenchmark: MicroBenchmark {
    let name = MicroName.audit
    let unit = "rows"
    let reference = "binary COPY into an equal table"

    private static let batch = 1_000
    /// Batches a table takes before it is emptied, so that both sides' indexes stay as large.
    private static let batches = 20
    private static let stream = Keys(cell: "micro").stream(StreamPartition(.results, 0))
    private static let noon: Int64 = 1_784_684_116_000

    private let postgres: PostgresConnection
    private let writer: AuditWriter
    private let place: Place
    private let copy: CopyConnection
    /// Rows of each batch as COPY wants them.
    private let ready: [[UInt8]]

    /// The number of the next entry: the writer refuses what is not new.
    private actor Place {
        private var next = 0
        func take(_ count: Int) -> Int {
            defer { next += count }
            return next
        }
    }

    init(_ servers: MicroServers) async throws {
        postgres = servers.context.postgres("micro")
        writer = AuditWriter(postgres)
        place = Place()
        copy = try CopyConnection(url: servers.servers.postgres.url)
        try await postgres.execute(script: "CREATE TABLE audit_copy (LIKE audit_entries INCLUDING ALL)")
        var ready: [[UInt8]] = []
        for _ in 0..<Self.batches {
            let entries = Self.entries(from: await place.take(Self.batch))
            _ = try await writer.write(stream: Self.stream, epoch: 1, entries: entries)
            ready.append(try copy.rows("SELECT * FROM audit_entries WHERE seq >= \(Self.seq(entries[0])) ORDER BY seq"))
        }
        self.ready = ready
    }

    func oursRound(_ duration: Duration) async throws -> MicroSample {
        var spent = Duration.zero
        var items = 0
        while spent < duration {
            try await postgres.execute(script: "TRUNCATE audit_entries")
            for _ in 0..<Self.batches where spent < duration {
                let entries = Self.entries(from: await place.take(Self.batch))
                let start = ContinuousClock.now
                items += try await writer.write(stream: Self.stream, epoch: 1, entries: entries).written
                spent += ContinuousClock.now - start
            }
        }
        return MicroSample(items: items, time: spent)
    }

    func referenceRound(_ duration: Duration) async throws -> MicroSample {
        var spent = Duration.zero
        var items = 0
        while spent < duration {
            try await postgres.execute(script: "TRUNCATE audit_copy")
            for rows in ready where spent < duration {
                let start = ContinuousClock.now
                items += try copy.write(rows, into: "audit_copy")
                spent += ContinuousClock.now - start
            }
        }
        return MicroSample(items: items, time: spent)
    }

    private static func seq(_ entry: AuditEntry) -> String { String(decoding: entry.fields[0].value, as: UTF8.self) }

    private static func entries(from first: Int) -> [AuditEntry] {
        (first..<first + batch).map { number in
            let result = MicroPayload.result(number)
            return AuditEntry(
                stream: stream, entryMilliseconds: noon + Int64(number / 100), entrySequence: Int64(number % 100),
                texts: [
                    ("seq", "\(number + 1)"), ("id", result.job.text), ("subscriber", result.subscriber.text), ("coin", "SYN0001"),
                    ("action", "open"), ("trace", result.signal.text), ("data", result.json.text()),
                ])
        }
    }
}

/// libpq as a C program would call it, for COPY, which the rest of the project has no use for.
///
/// `@unchecked Sendable`: the rounds of a benchmark follow one another, so one thread at a time uses it.
private final class CopyConnection: @unchecked Sendable {
    private let connection: OpaquePointer

    init(url: String) throws(Failure) {
        guard let connection = PQconnectdb(url) else { throw Failure(.unavailable, "no memory for a connection") }
        guard PQstatus(connection) == CONNECTION_OK else {
            let text = String(cString: PQerrorMessage(connection))
            PQfinish(connection)
            throw Failure(.unavailable, "the private Postgres: \(text)")
        }
        self.connection = connection
        try start("SET statement_timeout = '60s'", PGRES_COMMAND_OK)
    }

    deinit { PQfinish(connection) }

    /// The result of a query in COPY's binary form.
    func rows(_ query: String) throws(Failure) -> [UInt8] {
        try start("COPY (\(query)) TO STDOUT (FORMAT binary)", PGRES_COPY_OUT)
        var output: [UInt8] = []
        while true {
            var buffer: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(connection, &buffer, 0)
            guard count > 0, let buffer else { break }
            output += UnsafeRawBufferPointer(start: buffer, count: Int(count))
            PQfreemem(buffer)
        }
        _ = try finish()
        return output
    }

    /// - Returns: how many rows there were; they are committed.
    func write(_ rows: [UInt8], into table: String) throws(Failure) -> Int {
        try start("COPY \(table) FROM STDIN (FORMAT binary)", PGRES_COPY_IN)
        let isSent = rows.withUnsafeBytes { PQputCopyData(connection, $0.baseAddress!.assumingMemoryBound(to: CChar.self), Int32($0.count)) == 1 }
        guard isSent, PQputCopyEnd(connection, nil) == 1 else { throw failure() }
        return try finish()
    }

    private func start(_ command: String, _ expected: ExecStatusType) throws(Failure) {
        let result = PQexec(connection, command)
        defer { PQclear(result) }
        guard PQresultStatus(result) == expected else { throw failure() }
    }

    private func finish() throws(Failure) -> Int {
        var rows = 0
        while let result = PQgetResult(connection) {
            defer { PQclear(result) }
            guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure() }
            rows = Int(String(cString: PQcmdTuples(result))) ?? 0
        }
        return rows
    }

    private func failure() -> Failure { Failure(.unavailable, "COPY: \(String(cString: PQerrorMessage(connection)))") }
}
