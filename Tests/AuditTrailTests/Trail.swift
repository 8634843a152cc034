import AuditTrail
import Logging
import Postgres
import TestServers

/// A database with the tables, a writer and a reader.
struct Trail {
    let url: String
    let connection: PostgresConnection
    let writer: AuditWriter
    let reader: AuditReader

    init() async throws {
        url = try await PrivatePostgres.shared().makeDatabase(migrated: true)
        connection = PostgresConnection(url: url, name: "test", logger: Logger(label: "test"))
        writer = AuditWriter(connection)
        reader = AuditReader(connection)
    }

    /// A writer over a connection of its own, as another process would be.
    func otherWriter() -> AuditWriter { AuditWriter(otherConnection()) }

    func otherConnection() -> PostgresConnection { PostgresConnection(url: url, name: "other", logger: Logger(label: "test")) }

    func check(_ stream: String) async throws -> StreamCheck { try await reader.check(stream) }

    func count() async throws -> Int { Int(try await connection.query("SELECT count(*) AS n FROM audit_entries")[0].integer("n")) }

    static let noon: Int64 = 1_763_726_400_000
    static let signals = "vibe:{c0}:influencer_signals:01"
    static let requests = "vibe:{c0}:execution_requests:03"
    static let jobs = "vibe:{c0}:execution_jobs:03"
    static let results = "vibe:{c0}:execution_results:03"
    static let interventions = "vibe:{c0}:interventions"

    /// Entry number `seq` of a stream, one millisecond after another.
    static func entry(
        _ stream: String = signals, _ seq: Int64, at milliseconds: Int64? = nil, data: String? = nil, extra: [(String, String)] = []
    ) -> AuditEntry {
        AuditEntry(
            stream: stream, entryMilliseconds: milliseconds ?? noon + seq, entrySequence: 0,
            texts: [
                ("seq", String(seq)), ("id", "signal-\(seq)"), ("influencer", "leader"), ("coin", "BTC"), ("action", "open"),
                ("trace", "t\(seq)"),
                ("data", data ?? "{\"v\":1,\"id\":\"signal-\(seq)\",\"px\":1.50}"),
            ] + extra)
    }

    static func entries(_ seqs: ClosedRange<Int64>, of stream: String = signals) -> [AuditEntry] { seqs.map { entry(stream, $0) } }
}

extension StreamCheck {
    var isIntact: Bool { missing == 0 && faultCount == 0 }
}

/// A story of copies: signals, their requests, jobs and results, in one partition each.
struct Copies {
    private(set) var batches: [String: AuditBatch] = [:]

    mutating func signal(_ signal: String, legs: Int = 1) {
        add(Trail.signals, id: signal, data: "{\"id\":\"\(signal)\",\"legs\":[\(legList(legs))]}")
    }

    mutating func request(_ signal: String, _ subscription: String, legs: Int = 1, version: Int = 1) {
        add(
            Trail.requests, id: "\(signal)/\(subscription)",
            data: """
                {"id":"\(signal)/\(subscription)","subscription":"\(subscription)","account":"0xa","configVersion":\(version),\
                "signal":{"id":"\(signal)","legs":[\(legList(legs))]}}
                """)
    }

    mutating func job(_ signal: String, _ subscription: String, leg: Int = 0) {
        add(
            Trail.jobs, id: job(signal, subscription, leg),
            data: "{\"id\":\"\(job(signal, subscription, leg))\",\(cause(signal, subscription))}")
    }

    mutating func result(
        _ signal: String, _ subscription: String, leg: Int = 0, outcome: String = "OK_FILLED", cloid: String? = nil, sent: Int64 = 0
    ) {
        let cloid = cloid.map { "\"\($0)\"" } ?? "null"
        add(
            Trail.results, id: job(signal, subscription, leg),
            data: """
                {"job":"\(job(signal, subscription, leg))",\(cause(signal, subscription)),"outcome":"\(outcome)","cloid":\(cloid),"sentUs":\(sent)}
                """)
    }

    /// A job without a request.
    mutating func ownJob(_ job: String, _ subscription: String, origin: String) {
        add(Trail.jobs, id: job, data: "{\"id\":\"\(job)\",\(own(subscription, origin))}")
    }

    mutating func ownResult(_ job: String, _ subscription: String, origin: String) {
        add(Trail.results, id: job, data: "{\"job\":\"\(job)\",\(own(subscription, origin)),\"outcome\":\"OK_FILLED\"}")
    }

    /// An operator ends a dead letter that cannot be answered with a result.
    mutating func drop(job: String) {
        add(Trail.interventions, id: "letter", data: "{\"letter\":\"1-0\",\"as\":\"dropped\",\"request\":null,\"job\":\"\(job)\"}")
    }

    private func own(_ subscription: String, _ origin: String) -> String {
        "\"signal\":\"s1\",\"subscription\":\"\(subscription)\",\"account\":\"0xa\",\"origin\":\"\(origin)\""
    }

    private func job(_ signal: String, _ subscription: String, _ leg: Int) -> String { "\(signal)/\(subscription)/\(leg)" }
    private func cause(_ signal: String, _ subscription: String) -> String {
        "\"request\":\"\(signal)/\(subscription)\",\"signal\":\"\(signal)\",\"subscription\":\"\(subscription)\",\"account\":\"0xa\""
    }
    private func legList(_ count: Int) -> String { Array(repeating: "{}", count: count).joined(separator: ",") }

    private mutating func add(_ stream: String, id: String, data: String) {
        let seq = Int64(batches[stream]?.entries.count ?? 0) + 1
        batches[stream, default: AuditBatch(stream: stream, epoch: 1, entries: [])].entries.append(
            AuditEntry(
                stream: stream, entryMilliseconds: Trail.noon + seq, entrySequence: 0,
                texts: [("seq", String(seq)), ("id", id), ("coin", "BTC"), ("data", data)]))
    }
}
