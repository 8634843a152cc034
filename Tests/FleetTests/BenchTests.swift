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
