import Logging
import Postgres
import TestServers
import Testing

@Suite("Postgres over TLS")
struct TLSTests {
    private func connect(_ url: String) -> PostgresConnection { PostgresConnection(url: url, name: "tls", logger: Logger(label: "test")) }

    private func refusal(_ url: String) async throws -> String {
        do {
            _ = try await connect(url).query("SELECT 1")
            Issue.record("connected to \(url)")
        } catch .unavailable(let text) { return text }
        return ""
    }

    @Test("verify-full connects with TLS, and refuses another authority, another name, and no TLS at all")
    func verified() async throws {
        let authority = try TestAuthority()
        let server = try PrivatePostgres(certificate: try authority.issue("postgres", names: "DNS:localhost"))
        let url = server.secureURL(database: "postgres", authority: authority.file)
        let rows = try await connect(url).query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        #expect(try rows.first?.bool("ssl") == true)
        let other = try TestAuthority()
        #expect(try await refusal(server.secureURL(database: "postgres", authority: other.file)).contains("certificate verify failed"))
        let address = server.secureURL(database: "postgres", host: "127.0.0.1", authority: authority.file)
        #expect(try await refusal(address).contains("does not match host name"))
        #expect(try await refusal("postgresql://test@127.0.0.1:\(server.port)/postgres?sslmode=disable").contains("pg_hba"))
    }

    @Test("an expired certificate is refused")
    func expired() async throws {
        let authority = try TestAuthority()
        let server = try PrivatePostgres(certificate: try authority.issue("postgres", days: -1))
        #expect(try await refusal(server.secureURL(database: "postgres", authority: authority.file)).contains("certificate verify failed"))
    }
}
