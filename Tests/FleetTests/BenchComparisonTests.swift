import Foundation
import JSON
import Testing

@testable import vibe

@Suite("Comparing two builds") struct BenchComparisonTests {
    /// A result of `vibe bench --json`, cut down.
    private func result(
        _ path: String, rate: Int = 500, drained: Int = 1_600, p50: Int = 5_000, p99: Int = 30_000, cpu: String = "399.5", aof: Int = 9_900,
        more: String = "", faults: String = ""
    ) throws -> BenchResult {
        let text = """
            {"options":{"rate":\(rate),"fanOut":10,"processes":{"work":2},"fsync":"everysec"},"drainedPerSecond":\(drained),
             "executedInWindow":\(drained * 30),"drainUs":null,"latencyUs":{"receivedToSent":{"count":7,"p50":\(p50),"p95":9,"p99":\(p99),"max":9}},
             "processes":{"work-1":{"cpuUs":12345,"cpuUsPerExecution":\(cpu),"memory":30000000}},"machine":{"processors":2,"busyUs":5},
             "redis":{"aofBytesPerExecution":\(aof),"callers":{"work/commands":{"usPerExecution":9}}}\(more),"faults":[\(faults)]}
            """
        return try BenchResult(path: path, bytes: Array(text.utf8))
    }

    @Test("each figure is marked by its own threshold and in its own direction; counts are no figures")
    func verdicts() throws {
        let comparison = try BenchComparison(
            try result("A"), try result("B", drained: 3_200, p50: 5_600, p99: 45_000, cpu: "300.0", aof: 10_200))
        let found = Dictionary(uniqueKeysWithValues: comparison.changes.map { ($0.figure.name, $0) })
        #expect(found["drainedPerSecond"]?.verdict == .better)
        #expect(found["drainedPerSecond"]?.ratio == 2)
        // 12 % more, which two runs of one build differ by as well
        #expect(found["latencyUs.receivedToSent.p50"]?.verdict == .same)
        #expect(found["latencyUs.receivedToSent.p99"]?.verdict == .worse)
        #expect(found["processes.work-1.cpuUsPerExecution"]?.verdict == .better)
        #expect(found["redis.aofBytesPerExecution"]?.verdict == .same)
        #expect(found["processes.work-1.memory"]?.verdict == .same)
        for count in ["executedInWindow", "latencyUs.receivedToSent.count", "processes.work-1.cpuUs", "redis.callers.work/commands.usPerExecution", "drainUs"] {
            #expect(found[count] == nil, "\(count)")
        }
        let text = comparison.text(for: Terminal(width: 100))
        #expect(text.contains("2.00") && text.contains("better") && text.contains("worse"))
        #expect(text.split(separator: "\n").filter { $0.hasPrefix("latency") || $0.hasPrefix("process") }.allSatisfy { $0.count <= 100 })
    }

    @Test("halving is as much of a change as doubling, and what was nothing before is no division by zero")
    func symmetric() throws {
        func verdict(_ before: Int, _ after: Int) throws -> BenchComparison.Verdict? {
            try BenchComparison(try result("A", aof: before), try result("B", aof: after)).changes.first { $0.figure.name.hasPrefix("redis.aof") }?.verdict
        }
        // costs: 5 % up is 1.05, 5 % down is 1 / 1.05
        #expect(try verdict(10_000, 10_500) == .same)
        #expect(try verdict(10_000, 10_501) == .worse)
        #expect(try verdict(10_500, 10_000) == .same)
        #expect(try verdict(10_501, 10_000) == .better)
        #expect(try verdict(0, 0) == .same)
        #expect(try verdict(0, 5) == .worse)
    }

    @Test("runs with different options are refused, and the option is named; so is another machine")
    func options() throws {
        let failure = #expect(throws: Failure.self) { try BenchComparison(try result("A"), try result("B", rate: 600)) }
        #expect(failure?.kind == .usage)
        #expect(failure?.problem.contains("rate: 500 in A, 600 in B") == true)
        let other = try BenchResult(path: "C", bytes: Array(try result("C").json.text().replacingOccurrences(of: "\"processors\":2", with: "\"processors\":8").utf8))
        let second = #expect(throws: Failure.self) { try BenchComparison(try result("A"), other) }
        #expect(second?.problem.contains("machine.processors") == true)
    }

    @Test("what is no result of a benchmark is malformed input", arguments: ["", "{", "[]", "{\"options\":{}}", "{\"table\":[]}"])
    func malformed(text: String) {
        let failure = #expect(throws: Failure.self) { try BenchResult(path: "X", bytes: Array(text.utf8)) }
        #expect(failure?.kind == .data)
    }

    @Test("a figure that is no number is malformed input, and a file that is not there too")
    func noNumber() throws {
        let failure = #expect(throws: Failure.self) { try BenchComparison(try result("A", cpu: "\"much\""), try result("B")) }
        #expect(failure?.kind == .data)
        #expect(failure?.problem.contains("processes.work-1.cpuUsPerExecution") == true)
        let missing = #expect(throws: Failure.self) { _ = try BenchResult.read("/nonexistent/A.json") }
        #expect(missing?.kind == .data)
    }

    @Test("figures of one file alone are named, and a run that lost something is said to have")
    func unpaired() throws {
        let comparison = try BenchComparison(
            try result("A", faults: "\"3 executions lost: no result\""), try result("B", more: ",\"ceiling\":{\"executionsPerSecond\":11000}"))
        #expect(comparison.unpaired == ["ceiling.executionsPerSecond"])
        #expect(comparison.faults == ["A: 3 executions lost: no result"])
        #expect(comparison.text(for: Terminal(width: 100)).contains("3 executions lost"))
    }

    @Test("the thresholds that the help names are those that are used")
    func thresholds() {
        for noise in BenchFigure.Noise.allCases { #expect(BenchFigure.Noise.summary.contains("\(noise.rawValue) %")) }
    }
}
