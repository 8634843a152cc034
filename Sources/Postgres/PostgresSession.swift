import CPostgres
import Glibc
import Logging

/// One libpq connection while it lasts: C ends here. Owned by a ``PostgresConnection`` and used on its thread only.
///
/// libpq runs in its non-blocking mode and this waits with poll(2), so that every wait has an end. Once ``isBroken``, it stays so.
final class PostgresSession {
    private let handle: OpaquePointer
    private let address: PostgresAddress
    private let notices: NoticeSink
    /// SQL text → name of its prepared statement on the server.
    private var statements: [String: String] = [:]
    private var statementCount = 0
    private(set) var isBroken = false
    /// Channels this session listens to.
    var listening: Set<String> = []

    /// Statements kept prepared; the program's statements are constants, so this is never reached but by a mistake, and then
    /// statements run unprepared.
    static let maximumStatements = 256

    /// What the server does about a client that hangs or is cut off: it ends a transaction that stands still, whose locks hold up
    /// everybody else, and a statement whose client has gone, which would wait on and take up a connection.
    private static let serverOptions = """
        -c idle_in_transaction_session_timeout=30000 -c client_connection_check_interval=5000 \
        -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3
        """

    /// Connects.
    /// - Throws: `.unavailable` when that fails or lasts longer than `timeout`.
    init(address: PostgresAddress, name: String, timeout: Duration, logger: Logger) throws(PostgresError) {
        // Later ones win, and `dbname` stands for everything the URL says: so keep-alives and `options` are defaults, the encoding is not.
        let options = [
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
            ("options", Self.serverOptions), ("dbname", address.text), ("client_encoding", "UTF8"), ("fallback_application_name", name),
        ]
        let handle = withCStrings(options.map(\.0)) { keywords in
            withCStrings(options.map(\.1)) { values in PQconnectStartParams(keywords, values, 1) }
        }
        guard let handle else { throw .unavailable("out of memory") }
        self.handle = handle
        self.address = address
        notices = NoticeSink(logger: logger)
        PQsetNoticeProcessor(
            handle, { sink, text in Unmanaged<NoticeSink>.fromOpaque(sink!).takeUnretainedValue().log(String(cString: text!)) },
            Unmanaged.passUnretained(notices).toOpaque())
        try connect(until: .now + timeout, allowed: timeout)
        PQsetnonblocking(handle, 1)
    }

    deinit { PQfinish(handle) }

    private func connect(until deadline: ContinuousClock.Instant, allowed: Duration) throws(PostgresError) {
        var state = PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            guard state != PGRES_POLLING_FAILED, PQstatus(handle) != CONNECTION_BAD else { throw lost("cannot connect to") }
            guard wait(for: state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline) != 0 else {
                throw .unavailable("no answer from \(address.summary) within \(allowed)")
            }
            state = PQconnectPoll(handle)
        }
    }

    // MARK: Statements

    /// Runs one statement through a prepared one.
    func run(
        _ sql: String, _ parameters: [PostgresParameter], format: PostgresFormat, timeout: Duration
    ) throws(PostgresError) -> PostgresAnswer {
        let encoded = try EncodedParameters(parameters)
        let deadline = ContinuousClock.now + timeout
        guard let name = try prepared(sql, until: deadline) else {
            let sent = encoded.withPointers { PQsendQueryParams(handle, sql, $0, nil, $1, $2, $3, format.rawValue) }
            return try answer(sent: sent, until: deadline)
        }
        let sent = encoded.withPointers { PQsendQueryPrepared(handle, name, $0, $1, $2, $3, format.rawValue) }
        do {
            return try answer(sent: sent, until: deadline)
        } catch {
            // 0A000: a table changed under the plan. 26000: somebody deallocated it. Prepared anew by the next call.
            if error.sqlstate == "0A000" || error.sqlstate == "26000" { statements[sql] = nil }
            throw error
        }
    }

    /// Runs a script of any number of statements; they form one transaction unless the script or an open transaction says otherwise.
    func run(script: String, timeout: Duration) throws(PostgresError) {
        _ = try answer(sent: PQsendQuery(handle, script), until: .now + timeout, script: script)
    }

    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

    /// `nil`: too many are prepared already.
    private func prepared(_ sql: String, until deadline: ContinuousClock.Instant) throws(PostgresError) -> String? {
        if let name = statements[sql] { return name }
        guard statements.count < Self.maximumStatements else { return nil }
        statementCount += 1
        let name = "s\(statementCount)"
        _ = try answer(sent: PQsendPrepare(handle, name, sql, 0, nil), until: deadline)
        statements[sql] = name
        return name
    }

    /// Reads all results of what was sent; the first error counts, else the last result.
    private func answer(
        sent: Int32, until deadline: ContinuousClock.Instant, script: String? = nil
    ) throws(PostgresError) -> PostgresAnswer {
        guard sent == 1 else { throw lost("cannot send to") }
        var answer = PostgresAnswer()
        var failure: PostgresError?
        while true {
            try awaitResult(until: deadline)
            guard let result = PQgetResult(handle) else { break }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: answer = PostgresAnswer(copying: result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                isBroken = true
                throw .failed(sqlstate: "0A000", message: "COPY cannot be run here", detail: nil)
            default: failure = failure ?? PostgresError(result, script: script)
            }
        }
        guard PQstatus(handle) == CONNECTION_OK else { throw lost("connection lost to", after: failure) }
        if let failure { throw failure }
        return answer
    }

    private func awaitResult(until deadline: ContinuousClock.Instant) throws(PostgresError) {
        while true {
            let unsent = PQflush(handle)
            guard unsent >= 0 else { throw lost("connection lost to") }
            guard unsent == 1 || PQisBusy(handle) == 1 else { return }
            let ready = wait(for: unsent == 1 ? POLLIN | POLLOUT : POLLIN, until: deadline)
            guard ready != 0 else {
                isBroken = true
                throw .unavailable("\(address.summary) did not answer in time; the statement may have taken effect")
            }
            guard ready == POLLOUT || PQconsumeInput(handle) == 1 else { throw lost("connection lost to") }
        }
    }

    // MARK: Waiting

    /// Waits until a notification arrives on any channel, `other` becomes readable or `deadline` passes.
    func waitForNotification(or other: Int32, until deadline: ContinuousClock.Instant) throws(PostgresError) -> PostgresNotification? {
        while true {
            if let notification = nextNotification() { return notification }
            let ready = wait(for: POLLIN, until: deadline, or: other)
            guard ready != 0 else { return nil }
            guard PQconsumeInput(handle) == 1 else { throw lost("connection lost to") }
        }
    }

    func nextNotification() -> PostgresNotification? {
        guard let notification = PQnotifies(handle) else { return nil }
        defer { PQfreemem(notification) }
        return PostgresNotification(
            channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra))
    }

    /// The events that are ready on the socket; 0 when `deadline` passed or `other` is readable.
    private func wait(for events: some BinaryInteger, until deadline: ContinuousClock.Instant, or other: Int32 = -1) -> Int32 {
        while true {
            var descriptors = [
                pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
            ]
            let left = min(max(.zero, deadline - ContinuousClock.now), .seconds(86_400)).components
            let milliseconds = left.seconds * 1_000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
            let count = poll(&descriptors, 2, Int32(milliseconds))
            if count < 0, errno == EINTR { continue }
            guard count > 0, descriptors[0].revents != 0 else { return 0 }
            let ready = Int32(descriptors[0].revents)
            // An error or a hang-up is read, which is how libpq learns of it.
            return ready == POLLOUT ? POLLOUT : POLLIN
        }
    }

    // MARK: Errors

    private func lost(_ what: String, after failure: PostgresError? = nil) -> PostgresError {
        isBroken = true
        var problem = address.redacted(String(cString: PQerrorMessage(handle)))
        if problem.isEmpty, case .failed(_, let message, _)? = failure { problem = message }
        return .unavailable("\(what) \(address.summary): \(problem)")
    }
}

/// Calls `body` with a null-terminated array of C strings.
private func withCStrings<T>(_ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> T) -> T {
    let copies = texts.map { strdup($0)! }
    defer { copies.forEach { free($0) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
}
