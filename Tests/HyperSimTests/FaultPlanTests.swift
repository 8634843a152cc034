import JSON
import Testing

@testable import HyperSim

@Suite struct FaultPlanTests {
    @Test("a rule fires on every n-th occasion, as often as it may, on its path only")
    func everyNth() throws {
        var plan = FaultPlan(seed: 1)
        _ = plan.add(try FaultRule(parsing: "rate429:every=3,path=/info,times=2"))
        let fired = (1...12).map { _ in !plan.draw(.request, path: "/info").isEmpty }
        #expect(fired.enumerated().filter(\.element).map { $0.offset + 1 } == [3, 6])
        let elsewhere = plan.draw(.request, path: "/exchange") + plan.draw(.frame, path: "/info")
        #expect(elsewhere.isEmpty)
        #expect(plan.fired == ["rate429": 2] && plan.rules[0].seen == 12 && plan.rules[0].remaining == 0)
        plan.clear()
        #expect(plan.rules.isEmpty && plan.fired == ["rate429": 2])
    }

    @Test("a seed repeats a run, and a probability is kept about")
    func seeded() throws {
        func run(_ seed: UInt64) throws -> [Bool] {
            var plan = FaultPlan(seed: seed)
            _ = plan.add(try FaultRule(parsing: "dropReply:perMillion=100000"))
            return (0..<10_000).map { _ in !plan.draw(.request, path: "/exchange").isEmpty }
        }
        let first = try run(7)
        #expect(try first == run(7))
        #expect(try first != run(8))
        #expect((900...1_100).contains(first.filter { $0 }.count))
    }

    @Test("a rule reads back what it writes")
    func codec() throws {
        let texts = [
            "latency:milliseconds=5,jitterMilliseconds=10,p99Milliseconds=200,every=1", "halfOpen:milliseconds=100,perMillion=5",
            "reorderFrames:milliseconds=50,every=2,path=/ws", "disconnectEvery:milliseconds=1000,jitterMilliseconds=50,every=1,times=3",
        ]
        for text in texts {
            let rule = try FaultRule(parsing: text)
            #expect(try FaultRule(json: rule.json) == rule)
        }
    }

    @Test(
        "a faulty rule is refused with what is wrong with it",
        arguments: [
            ("rain", "fault: rain is unknown"), ("rate429:every=0", "every: 0, expected 1 to 1000000000"), ("silent", "milliseconds: missing"),
            ("rate429:every=1,perMillion=1", "either every or perMillion, not both"), ("reset:perMillion=1000001", "perMillion: 1000001"),
        ])
    func refusals(_ text: String, _ problem: String) {
        let error = #expect(throws: JSONError.self) { try FaultRule(parsing: text) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test("one in a hundred waits longer than the tail's 99th percentile")
    func tail() {
        var plan = FaultPlan(seed: 3)
        let model = LatencyModel(fixed: 1, jitter: 0, tailPercentile99: 100)
        let samples = (0..<20_000).map { _ in model.sample { plan.random() } }
        #expect(samples.min()! >= 1_000 && samples.max()! <= 401_000)
        #expect((150...250).contains(samples.filter { $0 > 101_000 }.count))
    }
}
