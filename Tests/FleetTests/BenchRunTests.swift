import Foundation
import JSON
import Testing

@testable import vibe

/// Measurements on real servers and the real program, as small as they can be: their figures mean nothing, that they count right does.
@Suite("Small benchmarks") struct BenchRunTests {
    @Test("both sides of every micro-benchmark do all of their work")
    func micro() async throws {
        try await withRun { run in
            let supervision = Supervision()
            let set = MicroSet(named: [], rounds: MicroRounds(rounds: 1, duration: .milliseconds(50)))
            let outcome: Result<MicroReport, any Error>
            do { outcome = .success(try await set.measure(run, supervision)) } catch { outcome = .failure(error) }
            await supervision.stop()
            let report = try outcome.get()
            #expect(report.results.map(\.name) == MicroName.allCases)
            for result in report.results {
                #expect(result.missing == nil)
                #expect((result.ratio ?? 0) > 0, "\(result.name)")
            }
        }
    }

    @Test("commands are counted whole, however the bytes are cut")
    func commands() {
        let bytes = Array("*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$1\r\n\n\r\n*1\r\n$5\r\nREPLY\r\n*1\r\n$5\r\nREPLY\r\n".utf8)
        for cut in bytes.indices {
            var counter = CommandCounter()
            #expect(counter.take(bytes[..<cut]) + counter.take(bytes[cut...]) == ["CLIENT", "REPLY", "REPLY"])
        }
    }

    @Test(
        "the program measures a small fleet, finds nothing lost, and prints JSON",
        arguments: [
            ["fanout", "--followers", "20", "--seconds", "4", "--warm-up", "0"],
            ["idle", "--accounts", "20", "--seconds", "10", "--rest", "1", "--rate", "5", "--trim"],
            ["sweep", "backlog", "--values", "1000", "--closes", "10", "--fan-out", "2", "--rate", "5"],
        ])
    func program(arguments: [String]) async throws {
        try await withRun { run in
            let log = run.path("log/bench.log")
            let child = try ChildProcess.start(
                name: "bench", executable: try RealFleet.program(), arguments: ["bench"] + arguments + ["--directory", run.path("bench"), "--json"],
                environment: Command.environment, log: log)
            let exit = await child.ended()
            let output = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
            #expect(exit == .code(0), "\(output.suffix(6_000))")
            var json = try JSON.parse(String(try #require(output.split(separator: "\n").last)))
            if case .array(let runs) = json { json = try #require(runs.first) }
            #expect(json["faults"] == .array([]))
            switch arguments[0] {
            case "fanout":
                #expect(json["complete"] == .number("4"))
                #expect(try json.field("fairness").integer("most") > 0)
            case "idle":
                #expect(try json.field("idleBytes").integer("work-1") > 1 << 20)
                #expect(try json.field("idleAfterBytes").integer("ingest-1") > 1 << 20)
            default:
                #expect(try json.integer("backlog") >= 900)
                #expect(json["withoutBacklogUs"]?["count"] == .number("20"))
                #expect(json["withBacklogUs"]?["count"] == .number("20"))
            }
        }
    }
}
