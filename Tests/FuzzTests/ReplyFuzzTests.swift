import Foundation
import Redis
import Testing

/// Replies through the client library, from a server that sends anything.
@Suite("Broken replies of Redis", .serialized, .timeLimit(.minutes(2)))
struct ReplyFuzzTests {
    private static let corpus = [
        "+OK\r\n", "-ERR no\r\n", ":1784500000000\r\n", "$5\r\nhello\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n",
        "*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$4\r\ndata\r\n$2\r\n{}\r\n$1\r\nx\r\n", "*3\r\n:1\r\n$-1\r\n+x\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        "$2147483647\r\nx", "*2147483647\r\n", "$-2\r\n", "*-2\r\n", "$99999999999999999999\r\n", ":99999999999999999999\r\n", "%1\r\n+a\r\n+b\r\n",
    ].map { Array($0.utf8) }

    private func ask(_ server: ReplyServer, timeout: Duration = .seconds(5)) async throws -> Result<RedisValue, RedisError> {
        let connection = RedisConnection(endpoint: try RedisEndpoint(parsing: server.url), timeout: timeout, name: "fuzz", logger: .init(label: "fuzz") { _ in SilentLog() })
        defer { Task { await connection.close() } }
        do throws(RedisError) { return .success(try await connection.send(RedisCommand("PING"))) } catch { return .failure(error) }
    }

    @Test("a reply is read, or the connection is given up with an unknown outcome")
    func replies() async throws {
        var random = SplitMix64(seed: Fuzz.seed)
        let inputs = Self.corpus + (0..<150).map { _ in ByteMutator.mutate(random.pick(Self.corpus), corpus: Self.corpus, &random) }
        for (index, input) in inputs.enumerated() {
            let server = try ReplyServer(replies: input)
            switch try await ask(server) {
            case .success: break
            case .failure(.unknownOutcome), .failure(.server): break
            case .failure(let error): Issue.record("case \(index), seed \(Fuzz.seed): \(error): \(input)")
            }
        }
    }

    @Test("an array that announces more elements than any reply has is refused before room is made for them")
    func announcement() async throws {
        let server = try ReplyServer(replies: Array("*2147483647\r\n:1\r\n".utf8))
        guard case .failure(.unknownOutcome) = try await ask(server) else { throw Fuzz.Broken("taken") }
    }

    @Test("a reply that comes byte by byte for ever ends with the time-out")
    func drip() async throws {
        let server = try ReplyServer(replies: Array(("$100000\r\n" + String(repeating: "x", count: 90_000)).utf8), pause: 20_000)
        let answer = try await ask(server, timeout: .milliseconds(300))
        #expect(answer == .failure(.unknownOutcome("\(server.url)/0: no whole answer within 0.3 seconds")))
    }
}
