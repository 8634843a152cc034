import JSON
import Testing

@testable import vibe

@Suite("Figures of a benchmark") struct BenchFigureTests {
    @Test("the median is of the sorted values, of an even number the mean of the middle two")
    func median() {
        #expect(Statistics.median([]) == nil)
        #expect(Statistics.median([9, 1, 5]) == 5)
        #expect(Statistics.median([9, 1, 5, 7]) == 6)
        #expect(Statistics.spreadPercent([90, 100, 120]) == 30)
        #expect(Statistics.spreadPercent([]) == 0)
    }

    @Test("a slope is that of the line with the least squares, and there is none through two points or one moment")
    func slope() {
        #expect(Statistics.slope([(0, 1), (1, 3), (2, 5)]) == 2)
        #expect(Statistics.slope([(0, 0), (1, 3), (2, 0)]) == 0)
        #expect(Statistics.slope([(0, 0), (1, 3)]) == nil)
        #expect(Statistics.slope([(1, 0), (1, 3), (1, 5)]) == nil)
    }

    @Test("memory that fills up once and then stays has no slope; a leak has, in bytes a minute")
    func memory() {
        var series = MemorySeries()
        for second in 0..<120 {
            series.add(
                .init(
                    at: Int64(second) * 1_000_000,
                    bytes: ["work-1": 50_000_000 + Int64(second) * 1_000, "plan-1": second < 50 ? Int64(second) * 1_000_000 : 50_000_000, "sim-1": 7]))
        }
        #expect(series.slope("work-1") == 60_000)
        #expect(series.slope("plan-1") == 0)
        #expect(series.slope("nobody-1") == nil)
        #expect(series.processes == ["plan-1", "work-1", "sim-1"])
        #expect(series.spaced(.seconds(60)).map(\.at) == [0, 60_000_000, 119_000_000])
        #expect(MemorySeries().spaced(.seconds(60)).isEmpty)
    }

    @Test("ratios have two decimals where they say something")
    func ratios() {
        #expect(Format.ratio(0.384) == "0.38")
        #expect(Format.ratio(1) == "1.00")
        #expect(Format.ratio(12.006) == "12.01")
        #expect(Format.ratio(1_240.4) == "1,240")
        #expect(Format.ratio(-0.5) == "-0.50")
        #expect(Format.ratio(.infinity) == "–")
        #expect(Format.figure(41.25) == "41.25")
        #expect(Format.figure(8_000) == "8,000")
        #expect(TargetTable.number(0.05) == .number("0.05"))
        #expect(TargetTable.number(-2.5) == .number("-2.5"))
        #expect(TargetTable.number(8_000) == .number("8000"))
        #expect(TargetTable.number(.nan) == .null)
        #expect(TargetTable.number(nil) == .null)
    }

    @Test("a table says which way a target is met, and leaves out what nobody asked for or nobody measured")
    func targets() throws {
        var table = TargetTable()
        table.add(.init(what: "executions", target: 8_000, measured: 4_000, unit: .perSecond))
        table.add(.init(what: "frame → order", target: 5_000, measured: 2_500, unit: .microseconds, note: "kept up"))
        table.add(.init(what: "signatures", measured: nil, unit: .perSecond))
        let lines = table.text(for: Terminal(width: 100)).split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[1].contains("≥ 8,000/s") && lines[1].contains("4,000/s") && lines[1].contains("0.50"))
        #expect(lines[2].contains("≤ 5.0 ms") && lines[2].contains("2.5 ms") && lines[2].hasSuffix("kept up"))
        #expect(lines[3].contains("–") && !lines[3].contains("≥"))
        #expect(try table.json.asArray().map { $0["ratio"] } == [JSON.number("0.5"), JSON.number("0.5"), Optional<JSON>.none])
    }

    @Test("who is served first is counted over the first tenth; those who never are among it show")
    func fairness() {
        let names = (0..<20).map { "sub-\($0)" }
        let even = FanoutFairness(order: (0..<10).map { turn in Array(names[(turn * 2)...] + names[..<(turn * 2)]) })
        #expect(abs(even.expected - 1) < 1e-9)
        #expect((even.fewest, even.most, even.never) == (1, 1, 0))
        let unfair = FanoutFairness(order: Array(repeating: names, count: 10))
        #expect((unfair.fewest, unfair.most, unfair.never) == (0, 10, 18))
        // 20 × 0.9¹⁰
        #expect(abs(unfair.neverByChance - 6.97) < 0.01)
        let nothing = FanoutFairness(order: [])
        #expect((nothing.followers, nothing.fewest, nothing.most) == (0, 0, 0))
    }

    @Test("the ratio of a micro-benchmark is the median of its rounds' ratios, and without a reference there is none")
    func micro() {
        let result = MicroResult(name: .decode, unit: "frames", reference: "x", ours: [10, 30, 50], theirs: [20, 30, 200])
        #expect(result.ratio == 0.5)
        let missing = MicroResult(name: .sign, unit: "orders", reference: "x", missing: "run make")
        #expect(missing.ratio == nil)
        let report = MicroReport(results: [result, missing])
        #expect(report.text(for: Terminal(width: 100)).contains("sign: run make"))
        #expect(report.json["decode"]?["oursPerSecond"] == .number("30"))
        #expect(report.json["sign"]?["missing"] == "run make")
    }
}
