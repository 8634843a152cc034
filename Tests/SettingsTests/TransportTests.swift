import Foundation
import Settings
import Testing

@Suite("Nothing goes over a network in the clear unless somebody wrote so")
struct TransportTests {
    private func faults(_ environment: [String: String]) -> [String] {
        do {
            _ = try Settings(environment: environment)
            return []
        } catch { return error.faults.map(\.name) }
    }

    @Test(
        "Redis on this machine, or with TLS, is accepted as it is",
        arguments: [
            "redis://127.0.0.1:6379", "redis://localhost", "redis://user:p@ss@127.9.9.9:1/2", "unix:///run/redis.sock?user=vibe_work",
            "rediss://redis.example:6379", "rediss://vibe_work:@10.0.0.5",
        ])
    func redisAccepted(url: String) { #expect(faults(["VIBE_REDIS_URL": url]) == []) }

    @Test(
        "Redis elsewhere without TLS is refused, unless that is meant",
        arguments: [
            "redis://redis.example:6379", "redis://10.0.0.5", "redis://user:pass@10.0.0.5:6379/2", "redis://localhost:x@redis.example",
            "redis://127.0.0.1:x/@redis.example", "redis://127.0.0.1.example", "redis://u:p?x@redis.example",
        ])
    func redisRefused(url: String) {
        #expect(faults(["VIBE_REDIS_URL": url]) == ["VIBE_REDIS_URL"])
        #expect(faults(["VIBE_REDIS_URL": url, "VIBE_REDIS_PLAINTEXT": "yes"]) == [])
    }

    @Test("the refusal says what to write and shows no password")
    func text() throws {
        let fault = try #require(throws: SettingsFaults.self) {
            try Settings(environment: ["VIBE_REDIS_URL": "redis://u:hunter2@10.0.0.5", "VIBE_POSTGRES_URL": "postgresql://u:hunter3@10.0.0.5/vibe"])
        }
        #expect(fault.faults.map(\.name) == ["VIBE_POSTGRES_URL", "VIBE_REDIS_URL"])
        #expect(fault.description.contains("rediss://") && fault.description.contains("VIBE_REDIS_PLAINTEXT=yes"))
        #expect(fault.description.contains("sslmode=verify-full"))
        #expect(!fault.description.contains("hunter"))
    }

    @Test(
        "Postgres on this machine, or with an explicit sslmode, is accepted as it is",
        arguments: [
            "postgresql://127.0.0.1:5432/vibe", "postgresql:///vibe?host=/run/postgresql&user=vibe", "postgresql://u:p@localhost/vibe",
            "postgresql://[::1]:5432/vibe", "postgresql://%2Frun%2Fpostgresql/vibe", "postgres://db.example/vibe?sslmode=verify-full&sslrootcert=/ca.pem",
            "postgresql://10.0.0.5/vibe?sslmode=disable",
        ])
    func postgresAccepted(url: String) { #expect(faults(["VIBE_POSTGRES_URL": url]) == []) }

    @Test(
        "Postgres elsewhere without a word about TLS is refused, also where only one of several hosts is elsewhere",
        arguments: [
            "postgresql://db.example/vibe", "postgresql://u:p@10.0.0.5:5432/vibe?connect_timeout=3", "postgresql:///vibe?host=db.example",
            "postgresql://localhost,db.example/vibe", "postgresql://localhost/vibe?hostaddr=10.0.0.5", "postgresql://u:p@db.example/vibe@localhost",
        ])
    func postgresRefused(url: String) { #expect(faults(["VIBE_POSTGRES_URL": url]) == ["VIBE_POSTGRES_URL"]) }

    @Test("certificates without TLS, half a pair, and files that are not there are faults")
    func files() throws {
        let file = #filePath
        #expect(faults(["VIBE_REDIS_CA_FILE": file]) == ["VIBE_REDIS_CA_FILE"])
        let secure = ["VIBE_REDIS_URL": "rediss://redis.example"]
        func with(_ more: [String: String]) -> [String: String] { secure.merging(more) { $1 } }
        #expect(faults(with(["VIBE_REDIS_CA_FILE": file])) == [])
        #expect(faults(with(["VIBE_REDIS_CA_FILE": "/no/such.pem"])) == ["VIBE_REDIS_CA_FILE"])
        #expect(faults(with(["VIBE_REDIS_CERT_FILE": file])) == ["VIBE_REDIS_CERT_FILE"])
        #expect(faults(with(["VIBE_REDIS_KEY_FILE": file])) == ["VIBE_REDIS_KEY_FILE"])
        // a key that others may read
        #expect(faults(with(["VIBE_REDIS_CERT_FILE": file, "VIBE_REDIS_KEY_FILE": file])) == ["VIBE_REDIS_KEY_FILE"])
        try withSecretFile("key") { key in
            #expect(faults(with(["VIBE_REDIS_KEY_FILE": key])) == ["VIBE_REDIS_KEY_FILE"])
            #expect(faults(with(["VIBE_REDIS_CERT_FILE": file, "VIBE_REDIS_KEY_FILE": key])) == [])
        }
    }
}
