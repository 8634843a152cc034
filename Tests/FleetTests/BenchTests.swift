import ConfigStore
import CopyTrading
import Foundation
import JSON
import Testing

@testable import vibe

@Suite("The benchmark")
struct BenchTests {
    /// What the feed would deliver for one published fill.
    private func delivered(_ fill: SyntheticFill, at milliseconds: Int64) throws -> LeaderFill {
        let json = try JSON.parse(Array(fill.body.utf8))
        let given = try #require(try json.array("fills").first)
        return LeaderFill(
            coin: Coin(try given.string("coin")), price: try Price(parsing: given.string("px")), size: try Size(parsing: given.string("sz")),
            side: try given.string("side") == "B" ? .buy : .sell, time: milliseconds,
            startPosition: try Size(parsing: given.string("startPosition")), dir: "Open Long", oid: try given.integer("oid"),
            crossed: try given.bool("crossed"), tid: try given.integer("tid"))
    }

    @Test("every synthetic fill becomes one signal of its own, also when several arrive in one millisecond", arguments: [1, 3])
    func fillsAndSignals(perMillisecond: Int) throws {
        let leaders = 4
        var builders = (0..<leaders).map { SignalBuilder(influencer: InfluencerID(SyntheticLoad.leader($0)), network: "mainnet", cursor: LeaderCursor(positions: [:], at: 0)) }
        var found: [Int] = []
        for number in 0..<64 {
            let fill = SyntheticFill(number: number, leaders: leaders)
            let time = Int64(1_000 + number / leaders / perMillisecond)
            for event in builders[fill.leader].receive(message: [try delivered(fill, at: time)], at: time * 1_000) {
                guard case .signal(let signal) = event else { continue }
                #expect(signal.legs.count == 1)
                #expect(signal.firstFill == signal.lastFill)
                found.append(try #require(SyntheticFill.number(ofTrade: signal.firstFill)))
            }
        }
        #expect(found.sorted() == Array(0..<64))
    }

    @Test("leaders open and close in turn, on both sides, and name themselves as the simulated exchange does")
    func turns() throws {
        let bodies = try (0..<4).map { try JSON.parse(Array(SyntheticFill(number: $0 * 10 + 7, leaders: 10).body.utf8)) }
        #expect(try bodies.map { try $0.string("user") } == Array(repeating: SyntheticLoad.address(7), count: 4))
        let fills = try bodies.map { try $0.array("fills")[0] }
        #expect(try fills.map { try $0.string("startPosition") } == ["0", "1", "0", "-1"])
        #expect(try fills.map { try $0.string("side") } == ["B", "A", "A", "B"])
        #expect(SyntheticFill.number(ofTrade: 1_125_899_906_842_623) == nil)
    }

    @Test("fills of a backlog only enter: a leader that was flat goes long, and longer with each turn")
    func entering() throws {
        let schedule = LoadSchedule(fills: 800..<2_000, leaders: 200, rate: 500, start: 0, isEntering: true)
        let bodies = try [800, 1_000, 1_999].map { try JSON.parse(Array(schedule.fill($0).body.utf8)) }
        #expect(try bodies.map { try $0.string("user") } == [0, 0, 199].map(SyntheticLoad.address))
        let fills = try bodies.map { try $0.array("fills")[0] }
        #expect(try fills.map { try $0.string("startPosition") } == ["0", "1", "5"])
        #expect(try fills.map { try $0.string("side") } == ["B", "B", "B"])
        #expect(try fills.map { SyntheticFill.number(ofTrade: try $0.integer("tid")) } == [800, 1_000, 1_999])
    }

    @Test("a run with a backlog publishes every number once, and its closes are closes of leaders that are in")
    func backlog() throws {
        let plan = try BacklogPlan(entries: 1_001, try SweepOptions.parse(["--fan-out", "10", "--closes", "20"]))
        let schedules = [plan.entering(at: 0), plan.closesBefore(at: 0), plan.closesMeanwhile(at: 0), plan.backlog(at: 0)]
        #expect(schedules.flatMap { Array($0.fills) } == Array(0..<plan.published))
        #expect(schedules[3].fills.count == 101)
        #expect(plan.options.leaderCount == 40)
        var positions: [String: String] = [:]
        for schedule in schedules {
            for number in schedule.fills {
                let body = try JSON.parse(Array(schedule.fill(number).body.utf8))
                let (user, fill) = (try body.string("user"), try body.array("fills")[0])
                #expect(try fill.string("startPosition") == positions[user] ?? "0")
                let before = Int(positions[user] ?? "0") ?? 0
                let after = before + (try fill.string("side") == "B" ? 1 : -1)
                if plan.measured.contains(number) { #expect((before, after) == (1, 0)) } else { #expect(after > before) }
                positions[user] = "\(after)"
            }
        }
    }

    @Test("the points of a sweep differ in one thing, and what is added to subscriptions follows leaders that never trade")
    func sweeps() throws {
        let workers = try SweepOptions.parse([]).points(.workers)
        #expect(workers.map(\.options.work) == [1, 2, 4])
        // no order waits for the one before it of the same account and coin
        #expect(workers.allSatisfy { $0.options.fillSpacing >= 2 * $0.options.latencyMs && $0.options.latencyMs == 200 })
        let partitions = try SweepOptions.parse(["--values", "2", "3"]).points(.partitions)
        #expect(partitions.map(\.options.partitions) == [2, 3])
        let subscriptions = try SweepOptions.parse([]).points(.subscriptions)
        #expect(subscriptions.map { $0.options.leaderCount * $0.options.fanOut + $0.options.quietSubscriptions } == [1_000, 10_000, 100_000])
        #expect(Set(subscriptions.map(\.options.accounts)) == [800])
        #expect(throws: (any Error).self) { try SweepOptions.parse(["--values", "0"]).points(.workers) }
        let cast = BenchCast(options: subscriptions[1].options)
        #expect(cast.quietSubscriptions.count == 9_200)
        #expect(Set(cast.quietSubscriptions.map { "\($0.leader) \($0.account)" }).count == 9_200)
        #expect(cast.quietSubscriptions.allSatisfy { $0.leader < subscriptions[1].options.quietLeaders })
    }

    @Test("proportion is of the first value's rate, whatever that value is")
    func proportions() {
        func run(_ value: Int, _ rate: Double) -> SweepReport.Run {
            SweepReport.Run(
                value: value, offered: 1, figures: [.init(name: SweepReport.rateName, value: rate, unit: .count)], faults: value == 8 ? ["lost"] : [])
        }
        let report = SweepReport(kind: .workers, runs: [run(2, 100), run(4, 190), run(8, 200)])
        #expect(report.proportions.map(\.share) == [1, 0.95, 0.5])
        #expect(report.rows.compactMap(\.ratio) == [0.95, 0.5])
        #expect(report.faults == ["workers 8: lost"])
        let text = report.text(for: Terminal(width: 100))
        #expect(text.hasPrefix("WORKERS") && text.contains("2.00") && text.contains("4: 0.95"))
    }

    @Test("the steps of the set have names of their own, and every one a limit")
    func suite() throws {
        let (standard, all) = (try Suite.steps(thorough: false), try Suite.steps(thorough: true))
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(all.prefix(standard.count).map(\.name) == standard.map(\.name))
        // what the help promises
        #expect(standard.reduce(Duration.zero) { $0 + $1.limit } <= .seconds(3_600))
        #expect(all.reduce(Duration.zero) { $0 + $1.limit } <= .seconds(4 * 3_600))
        #expect(throws: (any Error).self) { try SuiteCommand.parse(["--only", "everything"]) }
        #expect(throws: (any Error).self) { try FleetBenchCommand.parse(["--compare", "A.json"]) }
        #expect(try FleetBenchCommand.parse(["--compare", "A.json", "B.json"]).compare == ["A.json", "B.json"])
    }

    @Test("a step that fails or takes too long is a fault, and says why")
    func steps() async throws {
        let place = try BenchDirectory.parse([])
        let slow = SuiteStep(name: "slow", limit: .milliseconds(20)) { _ in
            try await Task.sleep(for: .seconds(60))
            return .init(rows: [], faults: [], json: .null)
        }
        #expect(try await slow.run(place).faults.count == 1)
        let failing = SuiteStep(name: "failing", limit: .seconds(60)) { _ in throw Failure(.unavailable, "work-1 ended") }
        #expect(try await failing.run(place).faults == ["work-1 ended"])
        let interrupted = SuiteStep(name: "interrupted", limit: .seconds(60)) { _ in throw Failure(.interrupted, "interrupted") }
        await #expect(throws: Failure.self) { try await interrupted.run(place) }
        #expect(place.inside("slow").directory == ".run/bench/slow")
    }

    @Test("moments are fixed in advance and evenly spaced")
    func schedule() {
        let schedule = LoadSchedule(fills: 160..<660, leaders: 80, rate: 500, start: 1_000_000)
        #expect(schedule.due(160) == 1_000_000)
        #expect(schedule.due(161) == 1_002_000)
        #expect(schedule.end == 2_000_000)
    }

    @Test("the cast gives every account the same number of subscriptions, and each leader the subscribers asked for")
    func cast() throws {
        let options = try BenchOptions.parse(["--accounts", "60", "--fan-out", "5", "--leaders", "24"])
        let subscriptions = BenchCast(options: options).subscriptions
        #expect(Set(Dictionary(grouping: subscriptions, by: \.leader).mapValues(\.count).values) == [5])
        #expect(Set(Dictionary(grouping: subscriptions, by: \.account).mapValues(\.count).values) == [2])
        #expect(Set(subscriptions.map { "\($0.leader) \($0.account)" }).count == 120)
        #expect(try BenchOptions.parse([]).leaderCount == 80)
        #expect(throws: (any Error).self) { try BenchOptions.parse(["--fan-out", "10", "--accounts", "9"]) }
    }

    @Test("the configuration of the cast is one that `vibe config apply` takes")
    func configuration() async throws {
        try await withRun { run in
            let options = try BenchOptions.parse(["--accounts", "20", "--fan-out", "4"])
            let files = try BenchCast(options: options).write(to: run)
            let file = try ConfigFile.read(path: files.configuration, environment: [:])
            #expect(file.influencers.count == 5)
            #expect(file.subscribers.count == 20)
            #expect(file.subscriptions.count == 20)
            #expect(file.agentKeys.count == 20)
        }
    }

    @Test("with followers of quiet leaders too")
    func quietConfiguration() async throws {
        try await withRun { run in
            let options = try BenchOptions.parse(["--accounts", "20", "--fan-out", "4", "--quiet-subscriptions", "30"])
            let file = try ConfigFile.read(path: try BenchCast(options: options).write(to: run).configuration, environment: [:])
            #expect(file.influencers.count == 7)
            #expect(file.subscribers.count == 20)
            #expect(file.subscriptions.count == 50)
        }
    }

    @Test("what a process has used is read from the kernel, the children of a server with it")
    func usage() throws {
        let own = try #require(ResourceUsage.ofThisProcess)
        #expect(own.memory > 1 << 20)
        let family = try #require(ResourceUsage.family(getpid()))
        #expect(family.cpu >= own.cpu)
        #expect(ResourceUsage.process(-1) == nil)
        #expect(try #require(MachineUsage.read()).busy > 0)
    }
}
