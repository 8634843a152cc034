import Foundation
import Logging
import Redis
import TLSTunnel
import TestServers
import Testing

/// A Redis that listens with TLS, and connections to it.
private struct SecureRedis {
    let authority: TestAuthority
    let server: PrivateRedis
    let port: Int

    init(names: String = "DNS:localhost,IP:127.0.0.1", days: Int = 2, clients: Bool = false) async throws {
        authority = try TestAuthority()
        port = try TestPort.find()
        let certificate = try authority.issue("redis", names: names, days: days)
        server = try await PrivateRedis(settings: PrivateRedis.standard + authority.redisSettings(port: port, certificate, clients: clients))
    }

    /// - Parameters:
    ///   - authority: the PEM file to trust; this server's own otherwise.
    func connect(
        _ name: String, host: String = "localhost", timeout: Duration = .seconds(5), authority file: String? = nil,
        as client: TestAuthority.Issued? = nil
    ) throws -> RedisConnection {
        var endpoint = try RedisEndpoint(parsing: "rediss://\(host):\(port)")
        endpoint.tls = TLSTrust(authorityFile: file ?? authority.file, certificateFile: client?.certificate, keyFile: client?.key)
        return connection(endpoint, name, timeout)
    }
}

private func connection(_ endpoint: RedisEndpoint, _ name: String, _ timeout: Duration = .seconds(5)) -> RedisConnection {
    var logger = Logger(label: "test")
    logger.logLevel = .error
    return RedisConnection(endpoint: endpoint, timeout: timeout, name: name, logger: logger)
}

/// The text of the refusal; anything but ``RedisError/unavailable(_:)`` fails the test.
private func refusal(_ redis: RedisConnection) async throws -> String {
    do {
        let reply = try await redis.send(RedisCommand("PING"))
        Issue.record("connected: \(reply)")
    } catch .unavailable(let text) { return text }
    return ""
}

@Suite("Redis over TLS")
struct TLSTests {
    @Test("commands, scripts and any bytes pass, to a name and to an address", arguments: ["localhost", "127.0.0.1"])
    func endToEnd(host: String) async throws {
        let secure = try await SecureRedis()
        let redis = try secure.connect("end", host: host)
        let bytes: [UInt8] = [0, 13, 10, 255, 36, 0] + Array(repeating: 7, count: 100_000)
        var set = RedisCommand("SET", "k")
        set.append(bytes)
        _ = try await redis.send(set).checked()
        #expect(try await redis.send(RedisCommand("GET", "k")).bytes == bytes)
        var call = RedisCommand(script: RedisScript(name: "echo", source: "return {KEYS[1], ARGV[1]}"), keys: ["k"])
        call.append("v")
        #expect(try await redis.send(call) == .array([.string(Array("k".utf8)), .string(Array("v".utf8))]))
        #expect(try await redis.send(RedisCommand("CLIENT", "GETNAME")).text == "end")
    }

    @Test("a pipeline of ten thousand commands and replies of megabytes come back whole and in order")
    func large() async throws {
        let secure = try await SecureRedis()
        let redis = try secure.connect("large", timeout: .seconds(30))
        let replies = try await redis.send((0..<10_000).map { RedisCommand("ECHO", "\($0)") })
        #expect(replies.enumerated().allSatisfy { $1.text == "\($0)" })
        #expect(replies.count == 10_000)
        let value = (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var set = RedisCommand("SET", "big")
        set.append(value)
        _ = try await redis.send(set).checked()
        for reply in try await redis.send(Array(repeating: RedisCommand("GET", "big"), count: 5)) { #expect(reply.bytes == value) }
        #expect(await redis.connects == 1)
    }

    @Test("a blocking read ends by itself; a reply that does not come in time costs the connection, and is nobody else's")
    func timeouts() async throws {
        let secure = try await SecureRedis()
        let redis = try secure.connect("slow", timeout: .milliseconds(400))
        #expect(try await redis.send(RedisCommand("XREAD", "COUNT", "1", "BLOCK", "50", "STREAMS", "none", "$")).isNull)
        await #expect {
            try await redis.send(RedisCommand("BLPOP", "none", "2"))
        } throws: { error in
            if case .unknownOutcome(let text)? = error as? RedisError { return text.contains("no answer within") }
            return false
        }
        var reply: RedisValue?
        for _ in 0..<100 where reply == nil {
            reply = try? await redis.send(RedisCommand("ECHO", "mine"))
            if reply == nil { try await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(reply?.text == "mine")
        #expect(await redis.connects == 2)
    }

    @Test("a server that dies under a request leaves its outcome unknown; then it is unavailable, and found again when it is back")
    func killed() async throws {
        let secure = try await SecureRedis()
        let redis = try secure.connect("killed", timeout: .seconds(30))
        #expect(try await redis.send(RedisCommand("INCR", "n")) == .integer(1))
        let observer = try secure.server.connect("observer")
        let answer = Task { try await redis.send(RedisCommand("BLPOP", "none", "20")) }
        for _ in 0..<500 {
            if try await observer.send(RedisCommand("INFO", "clients")).text?.contains("blocked_clients:1") == true { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        secure.server.kill()
        await #expect {
            _ = try await answer.value
        } throws: { error in
            if case .unknownOutcome? = error as? RedisError { return true }
            return false
        }
        #expect(try await refusal(redis).contains("refused"))
        try secure.server.start()
        var value: RedisValue?
        for _ in 0..<200 where value == nil {
            value = try? await redis.send(RedisCommand("GET", "n"))
            if value == nil { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(value?.text == "1")
    }

    @Test("closing a connection closes the server's side too")
    func closes() async throws {
        let secure = try await SecureRedis()
        let redis = try secure.connect("leaver")
        _ = try await redis.send(RedisCommand("PING")).checked()
        let observer = try secure.server.connect("observer")
        func isListed() async throws -> Bool { try await observer.send(RedisCommand("CLIENT", "LIST")).text?.contains("name=leaver ") == true }
        #expect(try await isListed())
        await redis.close()
        for _ in 0..<500 {
            if try await !isListed() { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try await !isListed())
    }
}

@Suite("Redis over TLS: who is refused, and why")
struct TLSRefusalTests {
    @Test("a server that another authority vouches for")
    func authority() async throws {
        let secure = try await SecureRedis()
        let other = try TestAuthority()
        #expect(try await refusal(try secure.connect("other", authority: other.file)).contains("not vouched for by a trusted authority"))
    }

    @Test("without a CA file the system's authorities count, and a private one is none of them")
    func system() async throws {
        let secure = try await SecureRedis()
        let redis = connection(try RedisEndpoint(parsing: "rediss://localhost:\(secure.port)"), "system")
        #expect(try await !refusal(redis).isEmpty)
    }

    @Test("a certificate for another name or address", arguments: [("localhost", "DNS:other.example"), ("127.0.0.1", "DNS:localhost"), ("127.0.0.1", "IP:127.0.0.2")])
    func name(host: String, names: String) async throws {
        let secure = try await SecureRedis(names: names)
        #expect(try await refusal(try secure.connect("name", host: host)).contains("not for \(host)"))
    }

    @Test("an expired certificate")
    func expired() async throws {
        let secure = try await SecureRedis(days: -1)
        #expect(try await refusal(try secure.connect("late")).contains("has expired"))
    }

    @Test("a client without a certificate, or with a strange one, where the server asks for its own; the right one is let in")
    func clients() async throws {
        let secure = try await SecureRedis(clients: true)
        let right = try secure.connect("right", as: try secure.authority.issue("worker"))
        #expect(try await right.send(RedisCommand("PING")).text == "PONG")
        #expect(try await refusal(try secure.connect("none")).contains("client certificate"))
        let stranger = try TestAuthority()
        let strange = try secure.connect("strange", as: try stranger.issue("worker"))
        #expect(try await !refusal(strange).isEmpty)
    }

    @Test("files that are not there or not what they should be are named")
    func files() async throws {
        let secure = try await SecureRedis()
        #expect(try await refusal(try secure.connect("absent", authority: "/no/such.pem")).contains("/no/such.pem"))
        let certificate = try secure.authority.issue("worker").certificate
        let noKey = try secure.connect("no key", as: .init(certificate: certificate, key: certificate))
        #expect(try await refusal(noKey).contains("holds no private key"))
    }

    @Test("what takes the connection and never answers costs the time-out and no more")
    func silent() async throws {
        let authority = try TestAuthority()
        try await TestPort.withSilentServer { port in
            var endpoint = try RedisEndpoint(parsing: "rediss://127.0.0.1:\(port)")
            endpoint.tls?.authorityFile = authority.file
            #expect(try await refusal(connection(endpoint, "silent", .milliseconds(300))).contains("no TLS connection within 300 ms"))
        }
    }

    @Test("redis:// to the port with TLS says what to write")
    func plain() async throws {
        let secure = try await SecureRedis()
        let redis = connection(try RedisEndpoint(parsing: "redis://localhost:\(secure.port)"), "plain")
        #expect(try await refusal(redis).contains("rediss://"))
    }

    @Test("a refused login says so, without the password")
    func login() async throws {
        let secure = try await SecureRedis()
        var endpoint = try RedisEndpoint(parsing: "rediss://user:hunter2@localhost:\(secure.port)")
        endpoint.tls?.authorityFile = secure.authority.file
        let text = try await refusal(connection(endpoint, "login"))
        #expect(text.contains("WRONGPASS") && !text.contains("hunter2"))
        #expect(endpoint.description == "rediss://localhost:\(secure.port)/0")
    }

    @Test("a user without a password is not the default user")
    func userAlone() async throws {
        let server = try await PrivateRedis()
        let redis = connection(try RedisEndpoint(parsing: server.url + "?user=somebody"), "alone")
        #expect(try await refusal(redis).contains("WRONGPASS"))
    }
}
