import Postgres
import TestServers
import Testing

struct TransactionTests {
    private struct Stop: Error {}

    @Test("a transaction commits when its body returns and rolls back when it throws")
    func commitAndRollBack() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        try await connection.execute("CREATE TABLE t (a int)")
        let count = try await connection.transaction { connection in
            try connection.execute("INSERT INTO t VALUES (1), (2)")
        }
        #expect(count == 2)
        await #expect(throws: Stop.self) {
            try await connection.transaction { connection in
                try connection.execute("DELETE FROM t")
                throw Stop()
            }
        }
        #expect(try await connection.query("SELECT count(*) AS n FROM t")[0].integer("n") == 2)
    }

    @Test("a body that swallows an error does not pass for committed")
    func swallowed() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        await #expect {
            try await connection.transaction { connection in _ = try? connection.query("SELECT 1 / 0") }
        } throws: { ($0 as? PostgresError)?.sqlstate == "25P02" }
        await #expect {
            try await connection.transaction { connection in try connection.transaction { _ in } }
        } throws: { ($0 as? PostgresError)?.sqlstate == "25001" }
        #expect(try await connection.query("SELECT 1 AS one")[0].integer("one") == 1)
    }

    @Test("transactions of many tasks on one connection do not mix")
    func noInterleaving() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        try await connection.execute(script: "CREATE TABLE t (n int); INSERT INTO t VALUES (0)")
        try await withThrowingTaskGroup { group in
            for number in 0..<50 {
                group.addTask {
                    try? await connection.transaction { connection in
                        let value = try connection.query("SELECT n FROM t")[0].integer("n")
                        try connection.execute("UPDATE t SET n = $1::int", [.integer(value + 1)])
                        if number % 5 == 0 { throw Stop() }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await connection.query("SELECT n FROM t")[0].integer("n") == 40)
    }

    @Test("a connection lost inside a transaction is not replaced inside it")
    func lostInside() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        try await connection.execute("CREATE TABLE t (a int)")
        await #expect {
            try await connection.transaction { connection in
                try connection.execute("INSERT INTO t VALUES (1)")
                _ = try? connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
                try connection.execute("INSERT INTO t VALUES (2)")
            }
        } throws: { error in
            guard case .unavailable? = error as? PostgresError else { return false }
            return true
        }
        #expect(try await connection.query("SELECT count(*) AS n FROM t")[0].integer("n") == 0)
    }
}
