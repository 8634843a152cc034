import Logging
import Postgres
import TestServers
import Testing

struct NotificationTests {
    @Test("a wait tells when listening began, what arrived, and when nothing did")
    func wait() async throws {
        let url = try await PrivatePostgres.shared().makeDatabase()
        let listener = PostgresConnection(url: url, name: "listener", logger: Logger(label: "test"))
        let sender = PostgresConnection(url: url, name: "sender", logger: Logger(label: "test"))
        #expect(try await listener.waitForNotification(on: "news", timeout: .seconds(5)) == .startedListening)
        try await sender.execute("SELECT pg_notify('news', '1'), pg_notify('other', 'x'), pg_notify('news', '2')")
        #expect(try await listener.waitForNotification(on: "news", timeout: .seconds(5)) == .notified(payload: "2"))
        #expect(try await listener.waitForNotification(on: "news", timeout: .milliseconds(20)) == .timedOut)
        async let waiting = listener.waitForNotification(on: "news", timeout: .seconds(30))
        try await sender.execute("SELECT pg_notify('news', '3')")
        #expect(try await waiting == .notified(payload: "3"))
    }

    @Test("a wait ends when it is interrupted")
    func interrupt() async throws {
        let listener = try await PostgresConnection.toNewDatabase()
        _ = try await listener.waitForNotification(on: "news", timeout: .zero)
        async let waiting = listener.waitForNotification(on: "news", timeout: .seconds(60))
        listener.interruptWait()
        #expect(try await waiting == .interrupted)
    }

    @Test("after the connection broke, listening begins again and says so")
    func broken() async throws {
        let url = try await PrivatePostgres.shared().makeDatabase()
        let listener = PostgresConnection(url: url, name: "listener", logger: Logger(label: "test"))
        let other = PostgresConnection(url: url, name: "other", logger: Logger(label: "test"))
        _ = try await listener.waitForNotification(on: "news", timeout: .zero)
        let backend = try await listener.backend()
        let waiting = Task { try await listener.waitForNotification(on: "news", timeout: .seconds(60)) }
        try await other.execute("SELECT pg_terminate_backend($1::int)", [.integer(backend)])
        let error = await #expect(throws: PostgresError.self) { try await waiting.value }
        #expect(error?.sqlstate == nil)
        #expect(try await listener.waitForNotification(on: "news", timeout: .seconds(5)) == .startedListening)
    }
}
