import Redis
import TestServers
import Testing

@testable import RedisStreams

/// Whether a Redis may carry orders, as a role finds it at its start.
@Suite struct ServerCheckTests {
    @Test("a server that evicts, or keeps no append-only file, is refused, and each fault says what to set")
    func unfit() async throws {
        let server = try await PrivateRedis(settings: ["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"])
        do {
            try await Provisioning.check(try server.connect("check"))
            Issue.record("it was taken")
        } catch Provisioning.Fault.unfit(let faults) {
            #expect(faults.count == 2 && faults.allSatisfy { $0.contains("set `") }, "\(faults)")
        }
        server.kill()
    }

    /// While it loads, Redis says that its append-only file is off.
    @Test("a server that is still loading is waited for, not refused")
    func loading() async throws {
        // half a millisecond for each key that it loads
        let server = try await PrivateRedis(settings: PrivateRedis.standard + ["--key-load-delay", "500"])
        let redis = try server.connect("fill")
        for round in 0..<8 { _ = try await redis.send((0..<1_024).map { RedisCommand("SET", "key:\(round):\($0)", "value") }) }
        try await Provisioning.check(redis)
        server.kill()
        async let started: Void = BlockingCalls.run { try server.start() }
        let checking = try server.connect("check")
        var waited = 0
        while true {
            do { try await Provisioning.check(checking); break } catch RedisError.unavailable(let problem) { waited += problem.contains("loading") ? 1 : 0 }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await started
        #expect(waited > 0)
        server.kill()
    }
}
