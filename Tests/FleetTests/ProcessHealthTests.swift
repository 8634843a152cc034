import Foundation
import Health
import Settings
import Testing

@testable import vibe

/// `/healthz`, `/readyz` and the watchdog of real processes, while what they need is taken away and given back.
@Suite("Processes and their health", .serialized)
struct ProcessHealthTests {
    @Test("Redis that hangs makes a stage red, its loops turn, and green when it goes on; the process is still the same")
    func redisFrozen() async throws {
        try await RealFleet.run { site in
            try await site.fleet.start("match")
            try await site.eventually("match-1") { $0.state == .ok }
            let before = site.identity("match-1")
            #expect(before?.isAlive == true)
            site.redis.child.identity.send(SIGSTOP)
            try await site.eventually("match-1", within: .seconds(30)) { $0.httpStatus == 503 && $0.state(of: "redis") == .failed }
            #expect(await site.ask("match-1", "/healthz")?.httpStatus == 200)
            site.redis.child.identity.send(SIGCONT)
            try await site.eventually("match-1") { $0.state == .ok }
            #expect(site.identity("match-1") == before)
        }
    }

    @Test("without Postgres the audit is red, and a worker degraded but good to count on; both are green when it is back")
    func postgresAway() async throws {
        try await RealFleet.run { site in
            try await site.fleet.start("work")
            try await site.fleet.start("audit")
            for process in ["work-1", "audit-1"] { try await site.eventually(process) { $0.state == .ok } }
            try await site.stopPostgres()
            try await site.eventually("audit-1") { $0.httpStatus == 503 && $0.state(of: "postgres") == .failed }
            try await site.eventually("work-1") { $0.httpStatus == 200 && $0.state == .degraded && $0.state(of: "postgres") == .degraded }
            try await site.startPostgres()
            for process in ["work-1", "audit-1"] { try await site.eventually(process) { $0.state == .ok } }
        }
    }

    @Test("without the exchange ingest is red once its feed is too old, and a worker once nothing was answered for so long")
    func exchangeAway() async throws {
        try await RealFleet.run(["VIBE_FEED_LOST_AFTER": "60s"]) { site in
            try await site.configureLeader()
            try await site.fleet.start("ingest")
            try await site.fleet.start("work")
            try await site.eventually("ingest-1") { $0.state == .ok && $0.samples.contains { $0.name == "feed" && $0.detail.hasPrefix("1 leader") } }
            try await site.eventually("work-1") { $0.state == .ok }
            let simulator = try #require(site.identity("sim-1"))
            simulator.send(SIGKILL)
            try await site.eventually("ingest-1", within: .seconds(50)) { $0.httpStatus == 503 && $0.state(of: "feed") == .failed }
            try await site.eventually("work-1", within: .seconds(50)) { $0.httpStatus == 503 && $0.state(of: "exchange") == .failed }
        }
    }

    /// The log is a pipe that nobody reads: the first loop that has much to say hangs in it, and the watchdog's own last line too.
    @Test("a process whose loops hang ends with code 70, whatever else is blocked")
    func stalled() async throws {
        try await RealFleet.run(["VIBE_WATCHDOG": "2s", "VIBE_REDIS_TIMEOUT": "2100ms"]) { site in
            let pipe = site.run.path("pipe")
            try #require(mkfifo(pipe, 0o600) == 0)
            let end = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            try #require(end >= 0)
            defer { close(end) }
            let setPipeSize: Int32 = 1_031  // F_SETPIPE_SZ, which Glibc keeps for those who ask for GNU's own
            try #require(fcntl(end, setPipeSize, 4_096) >= 4_096)
            let child = try ChildProcess.start(
                name: "match-9", executable: try RealFleet.program(), arguments: ["match"],
                environment: site.environment.of(process: "match-9", supervisor: getpid()), log: pipe)
            // Redis away makes every loop complain
            try await Task.sleep(for: .seconds(3))
            #expect(child.poll() == nil)
            site.redis.child.identity.send(SIGKILL)
            let limit = ContinuousClock.now + .seconds(90)
            var exit = child.poll()
            while exit == nil, ContinuousClock.now < limit {
                await Pause.uncancelled(.milliseconds(50))
                exit = child.poll()
            }
            if exit == nil { child.identity.send(SIGKILL) }
            #expect(exit == .code(Watchdog.exitCode))
        }
    }

    @Test("Redis away for longer than the watchdog waits, and a process that was stopped for longer, end nothing")
    func notStalled() async throws {
        try await RealFleet.run(["VIBE_WATCHDOG": "3s", "VIBE_REDIS_TIMEOUT": "2100ms"]) { site in
            try await site.fleet.start("match")
            try await site.fleet.start("audit")
            for process in ["match-1", "audit-1"] { try await site.eventually(process) { $0.state == .ok } }
            let stopped = try #require(site.identity("match-1"))
            // the watchdog waits three seconds and two calls to Redis
            stopped.send(SIGSTOP)
            try await Task.sleep(for: .seconds(11))
            stopped.send(SIGCONT)
            try await site.eventually("match-1") { $0.state == .ok }
            site.redis.child.identity.send(SIGSTOP)
            try await Task.sleep(for: .seconds(15))
            site.redis.child.identity.send(SIGCONT)
            for process in ["match-1", "audit-1"] { try await site.eventually(process) { $0.state == .ok } }
            #expect(site.identity("match-1") == stopped)
            #expect(await site.fleet.ended().isEmpty)
        }
    }

    @Test("a role that starts while Postgres is away waits for it, and says so")
    func startWaits() async throws {
        try await RealFleet.run { site in
            try await site.stopPostgres()
            try await site.fleet.start("match")
            try await site.eventually("it says that it waits") { site.log(of: "match-1").contains("role.waiting") }
            #expect(!site.log(of: "match-1").contains("role.ready"))
            try await site.startPostgres()
            try await site.eventually("match-1") { $0.state == .ok }
        }
    }

    @Test("a role whose servers stay away ends with code 69 after VIBE_START_WAIT")
    func startGivesUp() async throws {
        try await RealFleet.run(["VIBE_START_WAIT": "2s"]) { site in
            try await site.stopPostgres()
            let child = try ChildProcess.start(
                name: "plan-9", executable: try RealFleet.program(), arguments: ["plan"],
                environment: site.environment.of(process: "plan-9", supervisor: getpid()), log: site.run.log(of: "plan-9"))
            #expect(await child.ended() == .code(Failure.Kind.unavailable.rawValue))
            #expect(child.tail().contains("VIBE_START_WAIT"))
            try await site.startPostgres()
            site.identity("sim-1")?.send(SIGKILL)
            let second = try ChildProcess.start(
                name: "plan-10", executable: try RealFleet.program(), arguments: ["plan"],
                environment: site.environment.of(process: "plan-10", supervisor: getpid()), log: site.run.log(of: "plan-10"))
            #expect(await second.ended() == .code(Failure.Kind.unavailable.rawValue))
            #expect(second.tail().contains("VIBE_EXCHANGE_URL"))
        }
    }

    @Test("Redis started anew while a role waits for the exchange at its start is checked, and the role begins")
    func redisAnewAtTheStart() async throws {
        try await RealFleet.run { site in
            site.identity("sim-1")?.send(SIGKILL)
            try await site.fleet.start("plan")
            try await site.eventually("it waits for the exchange") { site.log(of: "plan-1").contains("role.waiting") }
            site.redis.child.identity.send(SIGKILL)
            try await site.eventually("Redis has ended") { site.redis.child.poll() != nil }
            let second = try await PrivateRedis.start(in: site.run, logger: RealFleet.logger)
            try await site.eventually("plan sees that it is another") {
                site.log(of: "plan-1").components(separatedBy: "cell.admitted").count > 2
            }
            try await site.fleet.start("sim")
            try await site.eventually("plan-1") { $0.state == .ok }
            await second.stop()
        }
    }

    @Test("a role that is told to end while it still waits at its start ends at once, in good order")
    func endedAtTheStart() async throws {
        try await RealFleet.run { site in
            site.identity("sim-1")?.send(SIGKILL)
            let child = try ChildProcess.start(
                name: "plan-9", executable: try RealFleet.program(), arguments: ["plan"],
                environment: site.environment.of(process: "plan-9", supervisor: getpid()), log: site.run.log(of: "plan-9"))
            try await site.eventually("it waits for the exchange") { site.log(of: "plan-9").contains("role.waiting") }
            child.identity.send(SIGTERM)
            #expect(await child.ended() == .code(0))
            #expect(child.tail().contains("role.ended"))
        }
    }

    @Test("vibe status names a process that is not ready, and one that does not answer")
    func status() async throws {
        try await RealFleet.run { site in
            try await site.fleet.start("match")
            try await site.eventually("match-1") { $0.state == .ok }
            #expect(await ProcessHealth.read(in: site.run, logger: RealFleet.logger).map(\.process) == ["match-1"])
            try await site.stopPostgres()
            try await site.eventually("match-1") { $0.state == .degraded }
            let identity = try #require(site.identity("match-1"))
            try await site.pause(identity)
            let reports = await ProcessHealth.read(in: site.run, logger: RealFleet.logger)
            #expect(reports.map(\.state) == [.failed])
            #expect(reports[0].samples[0].concern.contains("does not answer"))
            identity.send(SIGCONT)
            try await site.startPostgres()
        }
    }
}
