import Foundation
import Logging
import Postgres
import TestServers
import Testing

struct ConnectionTests {
    private let logger = Logger(label: "test")

    @Test("a broken connection fails one call and the next connects anew")
    func reconnects() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        let first = try await connection.backend()
        let other = PostgresConnection(url: try await PrivatePostgres.shared().url(database: "postgres"), name: "other", logger: logger)
        try await other.execute("SELECT pg_terminate_backend($1::int)", [.integer(first)])
        await expectUnavailable { try await connection.query("SELECT 1") }
        #expect(try await connection.backend() != first)
    }

    @Test("a server that went away and came back is used again")
    func serverRestart() async throws {
        let server = try PrivatePostgres()
        let connection = PostgresConnection(url: server.url(database: "postgres"), name: "test", logger: logger)
        try await connection.execute("CREATE TABLE t (a int)")
        server.stop()
        await expectUnavailable { try await connection.query("SELECT 1") }
        await expectUnavailable { try await connection.query("SELECT 1") }
        try server.start()
        #expect(try await connection.query("SELECT * FROM t").isEmpty)
    }

    @Test("a statement that takes too long costs the connection, not more")
    func answerTimeout() async throws {
        let connection = try await PostgresConnection.toNewDatabase(answerTimeout: .milliseconds(300))
        let first = try await connection.backend()
        await expectUnavailable { try await connection.query("SELECT pg_sleep(600)") }
        #expect(try await connection.backend() != first)
    }

    @Test("a server that accepts and stays silent is given up in time")
    func connectTimeout() async throws {
        let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(silent) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(bind(silent, $0, size) == 0 && listen(silent, 5) == 0 && getsockname(silent, $0, &size) == 0)
            }
        }
        let connection = PostgresConnection(
            url: "postgresql://u:secret@127.0.0.1:\(UInt16(bigEndian: address.sin_port))/d", name: "test",
            connectTimeout: .milliseconds(200), logger: logger)
        // Without an end to the wait this would never return.
        await expectUnavailable { try await connection.query("SELECT 1") }
    }

    @Test("the server is told to end what a client leaves behind, unless the URL says otherwise")
    func serverOptions() async throws {
        let url = try await PrivatePostgres.shared().makeDatabase()
        func limits(_ url: String) async throws -> [String] {
            let connection = PostgresConnection(url: url, name: "test", logger: logger)
            let row = try await connection.query(
                "SELECT current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('client_connection_check_interval') AS gone")[0]
            return [try row.text("idle"), try row.text("gone")]
        }
        #expect(try await limits(url) == ["30s", "5s"])
        #expect(try await limits(url + "&options=-c%20idle_in_transaction_session_timeout%3D7s") == ["7s", "0"])
    }

    @Test(
        "no error contains the password",
        arguments: [
            "postgresql://user:pa55@/d?host=/nowhere", "postgresql://user:pa55@127.0.0.1:1/d", "postgresql://user:pa55/word@host/d",
            "postgresql://user:x@pa55@host/d", "postgresql://user:%zzpa55@host/d", "host=/nowhere password=pa55 user=u",
            "host=h password='pa55",
            "postgresql://user:pa55@host:port/d", "mysql://user:pa55@host/d", "postgresql://user@host/d?password=pa55&wrong=1",
            "postgresql://user:pa55@no-such-host.invalid/d",
        ])
    func passwords(url: String) async throws {
        let connection = PostgresConnection(url: url, name: "test", logger: logger)
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(!"\(error!)".contains("pa55"))
        #expect(!String(reflecting: error!).contains("pa55"))
        #expect(PostgresConnection.fault(ofURL: url)?.contains("pa55") != true)
    }

    @Test("a connection that is dropped leaves the server")
    func released() async throws {
        let url = try await PrivatePostgres.shared().makeDatabase()
        var connection: PostgresConnection? = PostgresConnection(url: url, name: "test", logger: logger)
        let process = try await #require(connection).backend()
        connection = nil
        let other = PostgresConnection(url: url, name: "other", logger: logger)
        var gone = false
        for _ in 0..<500 where !gone {
            gone = try await other.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1::int", [.integer(process)]).isEmpty
        }
        #expect(gone)
    }

    private func expectUnavailable(_ body: () async throws -> some Sendable, sourceLocation: SourceLocation = #_sourceLocation) async {
        let error = await #expect(throws: PostgresError.self, sourceLocation: sourceLocation) { try await body() }
        if case .unavailable? = error { return }
        Issue.record("\(error.map { "\($0)" } ?? "no error")", sourceLocation: sourceLocation)
    }
}
