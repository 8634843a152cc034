import Foundation
import JSON
import Testing

@testable import vibe

@Suite("Chaos") struct ChaosTests {
    @Test("a seed decides the faults, and every kind comes before any comes again", arguments: [1, 7, 99] as [UInt64])
    func schedule(seed: UInt64) {
        var one = FaultSchedule(kinds: FaultKind.allCases, seed: seed)
        var same = FaultSchedule(kinds: FaultKind.allCases, seed: seed)
        var other = FaultSchedule(kinds: FaultKind.allCases, seed: seed + 1)
        let dealt = (0..<FaultKind.allCases.count * 2).map { _ in one.next() }
        #expect(dealt == dealt.map { _ in same.next() })
        #expect(dealt != dealt.map { _ in other.next() })
        let half = FaultKind.allCases.count
        #expect(Set(dealt.prefix(half).map(\.kind)) == Set(FaultKind.allCases))
        #expect(Set(dealt.suffix(half).map(\.kind)) == Set(FaultKind.allCases))
    }

    @Test("kinds are chosen by name or by family, and a name that is none is refused")
    func options() throws {
        #expect(try ChaosOptions.parse(["--only", "redis.kill", "--only", "clock"]).kinds == [.redisKill, .clockWorker, .clockRedis])
        #expect(try ChaosOptions.parse(["--without", "redis"]).kinds.allSatisfy { $0.family != "redis" })
        #expect(throws: (any Error).self) { try ChaosOptions.parse(["--only", "redis.nothing"]) }
        #expect(throws: (any Error).self) { try ChaosOptions.parse(["--only", "clock", "--without", "clock"]) }
    }

    /// Those that are over within seconds; `make chaos` has all.
    private static let kinds: [FaultKind] = [
        .processKill, .processFailpoint, .processPause, .processTerminate, .redisKill, .redisScriptFlush, .redisClientKill, .redisRewrite,
        .postgresBackends, .postgresKill, .networkCut, .networkReplyLost, .networkSlices, .exchangeErrors, .exchangeReplyLost, .exchangeFeed,
        .loadDuplicates, .loadMalformed,
    ]

    @Test("a short run of the real fleet while much goes wrong: nothing is lost, nothing done twice")
    func run() async throws {
        try await withRun { run in
            let arguments = [
                "chaos", "--seed", "7", "--minutes", "1", "--crowd", "20", "--subscribers", "20", "--leaders", "5", "--rate", "4",
                "--directory", run.path("chaos"), "--json", "--patience", "20",
            ] + Self.kinds.flatMap { ["--only", $0.rawValue] }
            let log = run.path("log/chaos.log")
            let child = try ChildProcess.start(
                name: "chaos", executable: try RealFleet.program(), arguments: arguments, environment: Command.environment, log: log)
            let exit = await child.ended()
            let output = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
            #expect(exit == .code(0), "\(output.suffix(6_000))")
            #expect(output.contains("upheld: 11 invariants"))
        }
    }
}
