import Health
import Hyperliquid
import Ingestion
import Postgres
import Redis
import RedisStreams
import Settings
import Testing

@testable import vibe

/// From what a role's parts say to what `/readyz` answers.
@Suite("How a process stands")
struct StandingTests {
    private let now = ContinuousClock.now

    @Test("Redis is there as long as leases live from the last beat, and not before the first")
    func redis() {
        var standing = LeaseStanding()
        #expect(standing.redisSample("redis", limit: .seconds(3), at: now).state == .failed)
        standing.beatAt = now - .seconds(2)
        #expect(standing.redisSample("redis", limit: .seconds(3), at: now).state == .ok)
        #expect(standing.redisSample("redis", limit: .seconds(3), at: now + .seconds(2)).state == .failed)
    }

    @Test("holding none is right where none falls to the process, and wrong for longer than a hand-over where some do")
    func leases() {
        var standing = LeaseStanding()
        standing.beatAt = now
        standing.members = 20
        #expect(standing.leasesSample("leases", limit: .seconds(13), at: now).state == .ok)
        standing.due = 2
        standing.shortSince = now - .seconds(10)
        #expect(standing.leasesSample("leases", limit: .seconds(13), at: now).state == .ok)
        standing.shortSince = now - .seconds(14)
        #expect(standing.leasesSample("leases", limit: .seconds(13), at: now).state == .failed)
    }

    @Test("an idle stage reads its streams, a busy one commits; one without partitions owes neither")
    func stage() {
        var standing = StageStanding()
        #expect(standing.streamsSample(limit: .seconds(5), at: now).state == .ok)
        standing.partitions = 4
        #expect(standing.streamsSample(limit: .seconds(5), at: now).state == .failed)
        standing.reachedAt = now - .seconds(6)
        #expect(standing.streamsSample(limit: .seconds(5), at: now).state == .failed)
        standing.pending = 3
        standing.pendingSince = now - .seconds(20)
        #expect(standing.streamsSample(limit: .seconds(5), at: now).state == .ok)
        #expect(standing.progressSample(limit: .seconds(30), at: now).state == .ok)
        #expect(standing.progressSample(limit: .seconds(30), at: now + .seconds(11)).state == .failed)
        standing.pendingSince = nil
        standing.unbegun = 1
        standing.unbegunSince = now - .seconds(20)
        #expect(standing.progressSample(limit: .seconds(30), at: now).state == .ok)
        #expect(standing.progressSample(limit: .seconds(30), at: now + .seconds(11)).state == .failed)
    }

    @Test("a feed that is away is wrong after its limit, and only where there is someone to follow")
    func feed() {
        let away = now - .seconds(16)
        #expect(FeedStanding(leaders: 1, sockets: 0, disconnectedSince: away).sample(limit: .seconds(15), at: now).state == .failed)
        #expect(FeedStanding(leaders: 1, sockets: 0, disconnectedSince: away).sample(limit: .seconds(17), at: now).state == .ok)
        #expect(FeedStanding(leaders: 0, sockets: 0, disconnectedSince: away).sample(limit: .seconds(15), at: now).state == .ok)
        #expect(FeedStanding(leaders: 1, sockets: 1, disconnectedSince: nil).sample(limit: .seconds(15), at: now).state == .ok)
        #expect(FeedStanding(leaders: 0, sockets: 1, disconnectedSince: nil, unread: 1).sample(limit: .seconds(15), at: now).state == .failed)
    }

    @Test("a process that hung is started again, as one that lost the exchange is")
    func restarts() {
        var restarts = Restarts(steadyAfter: .seconds(240))
        let pause = restarts.note(role: "match", .code(Watchdog.exitCode), at: now)
        #expect(pause == Restarts.firstPause)
        #expect(Watchdog.exitCode == Failure.Kind.stalled.rawValue)
    }

    @Test("a starting role waits for servers that are away, not for ones that refuse it")
    func outages() {
        #expect(StartWait.isOutage(RedisError.unavailable("x")))
        #expect(StartWait.isOutage(RedisError.server("LOADING Redis is loading the dataset in memory")))
        #expect(StartWait.isOutage(InfoError.exchange(.notSent("no connection"))))
        #expect(StartWait.isOutage(MigrationError.postgres(.unavailable("x"))))
        #expect(StartWait.isOutage(PostgresError.failed(sqlstate: "57P03", message: "starting up", detail: nil)))
        #expect(!StartWait.isOutage(PostgresError.failed(sqlstate: "28P01", message: "password", detail: nil)))
        #expect(!StartWait.isOutage(MigrationError.outdated(found: 1, expected: 2)))
        #expect(!StartWait.isOutage(RedisError.server("NOAUTH Authentication required.")))
    }

    @Test("the backlog of the audit trail is worth a look from a tenth of what stops entries, and processes that are not well by name")
    func concerns() {
        func status(waiting: Int64, _ processes: [HealthReport] = []) -> CellStatus {
            var partition = PartitionStatus(name: "execution_jobs:00")
            partition.added = waiting
            partition.entries = waiting
            let audit = StageStatus(name: "audit", reads: "all streams", members: [.init(name: "audit-1", silence: 0)], partitions: [partition])
            let server = ServerFacts(
                version: "7", usedMemory: 1, maximumMemory: 0, policy: "noeviction", hasAOF: true, lastAOFWriteFailed: false, clients: 1)
            return CellStatus(
                time: 0, stages: [audit], deadLetters: 0, deadExits: 0, checks: [], server: server,
                admissionLimits: Admission.Limits(backlog: 1_000), auditLimit: 1_000, processes: processes)
        }
        #expect(!status(waiting: 99).concerns.contains { $0.contains("not in Postgres") })
        #expect(status(waiting: 100).concerns.contains { $0.contains("100 entries are not in Postgres") })
        let report = HealthReport(
            process: "work-1", samples: [HealthSample("redis", .ok), HealthSample("exchange", .failed, age: .seconds(21), detail: "nothing answered")])
        #expect(status(waiting: 0, [report]).concerns.contains("work-1: exchange failed for 21.0 s: nothing answered"))
    }

    @Test("how old the newest checkpoint is, and when that is worth a look")
    func checkpoint() {
        func status(age: Int64?) -> CellStatus {
            let server = ServerFacts(
                version: "7", usedMemory: 1, maximumMemory: 0, policy: "noeviction", hasAOF: true, lastAOFWriteFailed: false, clients: 1)
            return CellStatus(
                time: 1_000_000_000_000, stages: [], deadLetters: 0, deadExits: 0, checks: [], server: server,
                admissionLimits: Admission.Limits(backlog: 1_000), checkpointAt: age.map { 1_000_000_000 - $0 }, checkpointEvery: .seconds(60))
        }
        #expect(status(age: 42_000).serverLine.hasSuffix(", checkpoint 42.0 s old") && status(age: 600_000).concerns.isEmpty)
        #expect(status(age: 600_001).concerns.first?.contains("in the last 10 m 0 s") == true)
        #expect(!status(age: nil).serverLine.contains("checkpoint") && status(age: nil).concerns.isEmpty)
        #expect(status(age: 42_000).json["checkpointAgeMs"] == 42_000 && status(age: nil).json["checkpointAgeMs"] == nil)
    }

    @Test(
        "addresses to listen at",
        arguments: [
            ("127.0.0.1:0", .tcp(host: "127.0.0.1", port: 0)), (":9090", .tcp(host: "0.0.0.0", port: 9_090)), ("[::1]:80", .tcp(host: "::1", port: 80)),
            ("unix:/run/vibe/work-1.sock", .unix(path: "/run/vibe/work-1.sock")), ("9090", nil), ("host:99999", nil), ("unix:relative", nil), ("::1:80", nil),
        ] as [(String, ListenAddress?)])
    func addresses(text: String, address: ListenAddress?) { #expect(ListenAddress(parsing: text) == address) }
}
