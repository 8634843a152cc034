import Blocking
import Glibc
import Logging

/// One connection to Postgres, on a thread of its own.
///
/// It connects when it is first used. A connection that broke is closed and the *next* call connects anew: a statement is never
/// repeated here, because it may have run. After failed attempts to connect, a call first pauses (50 ms, doubling up to 2 s), so that
/// a caller in a loop needs no pause of its own for a database that is down.
///
/// All methods run one after the other on the connection's thread and do not suspend there; ``transaction(_:)`` therefore cannot be
/// interleaved with another caller's statements.
public actor PostgresConnection {
    private let executor: ThreadExecutor
    private let url: String
    private let name: String
    private let connectTimeout: Duration
    private let answerTimeout: Duration
    private let logger: Logger
    private var session: PostgresSession?
    private var isInTransaction = false
    private var failedAttempts = 0
    let wakeUp = WakeUp()

    /// - Parameters:
    ///   - url: `postgresql://user:password@host:port/database`, also with `?host=/path` for a Unix socket, or `key=value` pairs.
    ///   - name: shown in `pg_stat_activity` and as the thread's name.
    ///   - connectTimeout: for everything until the server has accepted the login, name resolution excepted.
    ///   - answerTimeout: for one statement; one that takes longer costs the connection.
    public init(
        url: String, name: String, connectTimeout: Duration = .seconds(5), answerTimeout: Duration = .seconds(60), logger: Logger
    ) {
        executor = ThreadExecutor(name: name)
        self.url = url
        self.name = name
        self.connectTimeout = connectTimeout
        self.answerTimeout = answerTimeout
        self.logger = logger
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    isolated deinit { session = nil }

    /// What is wrong with a URL, for checks at start; `nil` when it can be read.
    public static func fault(ofURL url: String) -> String? {
        do {
            _ = try PostgresAddress(parsing: url)
            return nil
        } catch {
            guard case .failed(_, let message, let detail) = error else { return error.description }
            return detail.map { "\(message); \($0)" } ?? message
        }
    }

    /// Runs one statement and gives its rows. `$1`, `$2`, … stand for `parameters`.
    /// - Parameter sql: a constant, as it is prepared once for each connection and kept.
    public func query(
        _ sql: String, _ parameters: [PostgresParameter] = [], results: PostgresFormat = .text
    ) throws(PostgresError) -> [PostgresRow] {
        try onSession { session throws(PostgresError) in
            try session.run(sql, parameters, format: results, timeout: answerTimeout).table?.rows ?? []
        }
    }

    /// Runs one statement and gives the number of rows it changed.
    @discardableResult
    public func execute(_ sql: String, _ parameters: [PostgresParameter] = []) throws(PostgresError) -> Int {
        try onSession { session throws(PostgresError) in
            try session.run(sql, parameters, format: .text, timeout: answerTimeout).affectedRows
        }
    }

    /// Runs statements separated by semicolons, without parameters.
    /// - Parameter timeout: for the whole script.
    public func execute(script: String, timeout: Duration = .seconds(600)) throws(PostgresError) {
        guard !script.utf8.contains(0) else { throw .failed(sqlstate: "22021", message: "the script contains a zero byte", detail: nil) }
        try onSession { session throws(PostgresError) in try session.run(script: script, timeout: timeout) }
    }

    /// Runs `body` in one transaction: committed when it returns, rolled back when it throws.
    ///
    /// `body` is synchronous on the connection's thread; call `query` and `execute` on its argument. When the connection breaks inside,
    /// nothing in it connects anew, and a commit without an answer throws `.unavailable`: then it may have happened. The server ends one
    /// that lets it wait for 30 seconds between two statements, unless the URL has `options` of its own.
    public func transaction<T: Sendable>(_ body: @Sendable (isolated PostgresConnection) throws -> T) throws -> T {
        guard !isInTransaction else { throw PostgresError.failed(sqlstate: "25001", message: "transactions do not nest", detail: nil) }
        try execute("BEGIN")
        isInTransaction = true
        defer { isInTransaction = false }
        let value: T
        do {
            value = try body(self)
        } catch {
            rollBack()
            throw error
        }
        try commit()
        return value
    }

    /// Ends the connection; the next call makes a new one.
    public func close() { session = nil }

    private func commit() throws(PostgresError) {
        let tag = try onSession { session throws(PostgresError) in
            try session.run("COMMIT", [], format: .text, timeout: answerTimeout).tag
        }
        // The server answers COMMIT of a failed transaction with success and the word ROLLBACK.
        guard tag == "COMMIT" else {
            throw .failed(sqlstate: "25P02", message: "the transaction had failed and was rolled back", detail: nil)
        }
    }

    private func rollBack() {
        guard let session else { return }
        do {
            _ = try session.run("ROLLBACK", [], format: .text, timeout: answerTimeout)
        } catch {
            // The server rolls back what a closed connection leaves open.
            logger.warning("closing a connection that cannot roll back", metadata: ["connection": "\(name)", "error": "\(error)"])
            self.session = nil
        }
    }

    /// True while the server has a transaction open, for the migrator to notice a script that ended it.
    var serverIsInTransaction: Bool { session?.isInTransaction ?? false }

    // MARK: The session

    func onSession<T>(_ body: (PostgresSession) throws(PostgresError) -> T) throws(PostgresError) -> T {
        let session = try connected()
        do {
            return try body(session)
        } catch {
            if session.isBroken {
                self.session = nil
                logger.warning("database connection closed", metadata: ["connection": "\(name)", "error": "\(error)"])
            }
            throw error
        }
    }

    private func connected() throws(PostgresError) -> PostgresSession {
        if let session { return session }
        guard !isInTransaction else { throw .unavailable("the connection was lost earlier in this transaction") }
        let address = try PostgresAddress(parsing: url)
        pauseAfterFailures()
        do {
            let session = try PostgresSession(address: address, name: name, timeout: connectTimeout, logger: logger)
            self.session = session
            failedAttempts = 0
            logger.debug("connected to \(address.summary)", metadata: ["connection": "\(name)"])
            return session
        } catch {
            failedAttempts = min(failedAttempts + 1, 16)
            throw error
        }
    }

    private func pauseAfterFailures() {
        guard failedAttempts > 0 else { return }
        let milliseconds = min(2_000, 50 << min(failedAttempts - 1, 6))
        wakeUp.wait(milliseconds: Int32(milliseconds))
    }
}
