import Logging
import Postgres
import TestServers

extension PostgresConnection {
    /// A connection to a new, empty database of the shared server.
    static func toNewDatabase(answerTimeout: Duration = .seconds(60)) async throws -> PostgresConnection {
        PostgresConnection(
            url: try await PrivatePostgres.shared().makeDatabase(), name: "test", answerTimeout: answerTimeout,
            logger: Logger(label: "test"))
    }

    func backend() throws -> Int64 { try query("SELECT pg_backend_pid() AS pid")[0].integer("pid") }
}
