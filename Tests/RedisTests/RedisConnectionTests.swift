import Logging
import Redis
import TestServers
import Testing

@Suite struct RedisConnectionTests {
    @Test("a pipeline returns every reply in order, errors as values")
    func pipeline() async throws {
        let redis = try await PrivateRedis.shared().connect("pipeline")
        let replies = try await redis.send([
            RedisCommand("SET", "pipeline:a", "1"), RedisCommand("INCR", "pipeline:a"), RedisCommand("LPUSH", "pipeline:a", "x"),
            RedisCommand("GET", "pipeline:a"), RedisCommand("GET", "pipeline:absent"),
        ])
        #expect(replies[0] == .status("OK"))
        #expect(replies[1] == .integer(2))
        #expect(replies[2].error?.hasPrefix("WRONGTYPE") == true)
        #expect(replies[3].text == "2")
        #expect(replies[4].isNull)
    }

    @Test("arguments and replies carry any bytes, line ends and zeros included")
    func binary() async throws {
        let redis = try await PrivateRedis.shared().connect("binary")
        let bytes: [UInt8] = [0, 13, 10, 255, 36, 0] + Array(repeating: 7, count: 100_000)
        var set = RedisCommand("SET", "binary:k")
        set.append(bytes)
        _ = try await redis.send(set)
        #expect(try await redis.send(RedisCommand("GET", "binary:k")).bytes == bytes)
    }

    @Test("a script is loaded on first use, and again after the server forgot it")
    func scripts() async throws {
        let redis = try await PrivateRedis().connect("scripts")
        var call = RedisCommand(script: RedisScript(name: "echo", source: "return {KEYS[1], ARGV[1]}"), keys: ["k"])
        call.append("v")
        #expect(try await redis.send(call) == .array([.string(Array("k".utf8)), .string(Array("v".utf8))]))
        _ = try await redis.send(RedisCommand("SCRIPT", "FLUSH"))
        let replies = try await redis.send([RedisCommand("INCR", "n"), call, RedisCommand("INCR", "n")])
        #expect(replies[0] == .integer(1))
        #expect(replies[1].array?.count == 2)
        #expect(replies[2] == .integer(2))
    }

    @Test("a server that became a replica is left: the next call connects anew, to whoever is the server by then")
    func replica() async throws {
        let server = try await PrivateRedis()
        let redis = try server.connect("writer")
        _ = try await redis.send(RedisCommand("SET", "replica:k", "1")).checked()
        let other = try server.connect("operator")
        _ = try await other.send(RedisCommand("REPLICAOF", "127.0.0.1", "1")).checked()
        var call = RedisCommand(script: RedisScript(name: "set", source: "#!lua flags=allow-oom\nreturn redis.call('SET', KEYS[1], '2')"), keys: ["replica:k"])
        call.append("")
        #expect(try await redis.send(call).error?.contains("READONLY") == true)
        _ = try await other.send(RedisCommand("REPLICAOF", "NO", "ONE")).checked()
        #expect(try await redis.send(call) == .status("OK"))
        #expect(await redis.connects == 2)
    }

    @Test("a reply that does not come in time closes the connection: the next call gets its own answer, not the late one")
    func timeout() async throws {
        let redis = try await PrivateRedis.shared().connect("slow", timeout: .milliseconds(200))
        await #expect(throws: RedisError.self) { try await redis.send(RedisCommand("BLPOP", "slow:none", "1")) }
        var reply: RedisValue?
        for _ in 0..<50 where reply == nil {
            reply = try? await redis.send(RedisCommand("ECHO", "mine"))
            if reply == nil { try await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(reply?.text == "mine")
        #expect(await redis.connects == 2)
    }

    @Test("a lost connection is an unknown outcome, a refused one is unavailable, and nothing is sent twice")
    func lost() async throws {
        let server = try await PrivateRedis()
        let redis = try server.connect("lost")
        #expect(try await redis.send(RedisCommand("INCR", "n")) == .integer(1))
        server.kill()
        await #expect {
            try await redis.send(RedisCommand("INCR", "n"))
        } throws: { error in
            if case .unknownOutcome = error as? RedisError { return true }
            return false
        }
        await #expect {
            try await redis.send(RedisCommand("INCR", "n"))
        } throws: { error in
            if case .unavailable = error as? RedisError { return true }
            return false
        }
        try server.start()
        var value: RedisValue?
        for _ in 0..<100 where value == nil {
            value = try? await redis.send(RedisCommand("GET", "n"))
            if value == nil { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(value?.text == "1")
    }

    @Test(
        "an address that cannot be used says why, without the password",
        arguments: ["http://x", "redis://", "redis://host:99999", "redis://host/x", "unix://relative", "redis://secret@host"])
    func addresses(_ text: String) {
        #expect {
            _ = try RedisEndpoint(parsing: text)
        } throws: { error in
            "\(error)".contains("Redis address") && !"\(error)".contains("secret")
        }
    }

    @Test("a description of an address never shows the password")
    func password() throws {
        let endpoint = try RedisEndpoint(parsing: "redis://user:hunter2@localhost:6380/3")
        #expect(endpoint.password == "hunter2")
        #expect(endpoint.description == "redis://localhost:6380/3")
    }

    @Test("nothing is sent to a start of the server that was not admitted")
    func admission() async throws {
        let server = try await PrivateRedis(.plain)
        let admission = RedisAdmission()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let connection = RedisConnection(
            endpoint: try RedisEndpoint(parsing: server.url), timeout: .seconds(5), name: "guarded", admission: admission, logger: logger)
        await #expect(throws: RedisError.self) { try await connection.send(RedisCommand("SET", "key", "1")) }
        let looking = try server.connect("looking")
        func runID() async throws -> String {
            let info = try await looking.send(RedisCommand("INFO", "server")).checked().text ?? ""
            return info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }.map { String($0.dropFirst(7)) } ?? ""
        }
        admission.admit(try await runID())
        _ = try await connection.send(RedisCommand("SET", "key", "1")).checked()
        server.kill()
        try server.start()
        await #expect(throws: RedisError.self) { try await connection.send(RedisCommand("SET", "key", "2")) }
        // connected anew, and still refused
        await #expect(throws: RedisError.self) { try await connection.send(RedisCommand("SET", "key", "2")) }
        while (try? await looking.send(RedisCommand("PING")).checked()) == nil { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try await looking.send(RedisCommand("GET", "key")).checked().text == "1")
        admission.admit(try await runID())
        _ = try await connection.send(RedisCommand("SET", "key", "3")).checked()
    }
}
