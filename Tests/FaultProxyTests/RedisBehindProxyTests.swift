import FaultProxy
import Logging
import Redis
import TestServers
import Testing

@Suite("A Redis client behind the proxy that spoils")
struct RedisBehindProxyTests {
    /// `redis` goes through the proxy, `direct` does not; the key is the test's own.
    private func withRedis(_ body: (FaultProxy, _ redis: RedisConnection, _ direct: RedisConnection, _ key: String) async throws -> Void) async throws {
        let server = try await PrivateRedis.shared()
        let proxy = FaultProxy(listen: .unix(socketPath()), to: .unix(String(server.url.dropFirst("unix://".count))))
        try await proxy.start()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let redis = RedisConnection(
            endpoint: try RedisEndpoint(parsing: "\(proxy.address)"), timeout: .milliseconds(700), name: "proxied", logger: logger)
        let direct = try server.connect("direct")
        let key = "proxy:\(UInt64.random(in: 0 ... .max))"
        do {
            #expect(try await redis.send(RedisCommand("INCR", key)).integer == 1)
            try await body(proxy, redis, direct, key)
            proxy.heal()
            try await eventually("the client recovers") { (try? await redis.send(RedisCommand("PING")))?.text == "PONG" }
        } catch {
            await proxy.stop()
            throw error
        }
        await redis.close()
        await direct.close()
        await proxy.stop()
    }

    private func outcome(_ redis: RedisConnection, _ command: RedisCommand) async -> RedisError? {
        do {
            _ = try await redis.send(command).checked()
            return nil
        } catch { return error }
    }

    private func isUnknown(_ error: RedisError?) -> Bool { if case .unknownOutcome = error { true } else { false } }

    @Test("a command whose reply is lost has run, and the client says that it does not know")
    func replyLost() async throws {
        try await withRedis { proxy, redis, direct, key in
            proxy.inject(.dropReply(afterRequestBytes: 1))
            #expect(isUnknown(await outcome(redis, RedisCommand("INCR", key))))
            let stored = try await direct.send(RedisCommand("GET", key)).text
            #expect(stored == "2")
            #expect(proxy.fired[.dropReply] == 1)
        }
    }

    @Test("a command that is swallowed has not run, and the client says that it does not know")
    func swallowed() async throws {
        try await withRedis { proxy, redis, direct, key in
            proxy.inject(.halfOpen([.toServer]))
            #expect(isUnknown(await outcome(redis, RedisCommand("INCR", key))))
            let stored = try await direct.send(RedisCommand("GET", key)).text
            #expect(stored == "1")
            #expect(proxy.fired[.halfOpen, default: 0] >= 1)
        }
    }

    @Test("a command fails while connections are refused, and has not run")
    func refused() async throws {
        try await withRedis { proxy, redis, direct, key in
            proxy.inject(.refuse(.closing))
            proxy.inject(.cut)
            try await eventually("the connection is cut") { proxy.openConnections == 0 }
            for _ in 1...2 {
                let error = await outcome(redis, RedisCommand("INCR", key))
                #expect(error != nil)
            }
            let stored = try await direct.send(RedisCommand("GET", key)).text
            #expect(stored == "1")
        }
    }

    @Test("replies and requests in small pieces, late, are whole all the same")
    func slicedAndLate() async throws {
        try await withRedis { proxy, redis, direct, key in
            proxy.inject(.slice(bytes: 3))
            proxy.inject(.delay(.milliseconds(2), jitter: .milliseconds(3)))
            let value = (0..<500).map { "\($0)" }.joined()
            _ = try await redis.send(RedisCommand("SET", key, value)).checked()
            #expect(try await redis.send(RedisCommand("GET", key)).text == value)
            #expect(try await direct.send(RedisCommand("GET", key)).text == value)
        }
    }
}
