import CopyTrading
import Foundation
import JSON
import Testing

@testable import HyperSim

@Suite struct RecordedFillsTests {
    let recorded: RecordedFills

    init() throws { recorded = try RecordedFills(path: Fixture.leaderFills) }

    @Test("the universe is derived from the recording: coins in alphabetical order, builder dexes after the main one")
    func universe() throws {
        let engine = try EngineSetup(configuration: HyperSimConfiguration(ledgerDirectory: ""), recorded: recorded).engine()
        #expect(engine.universe.dexes == ["", "xyz"])
        let main = engine.universe.markets(onDex: 0).map(\.coin)
        #expect(main == main.sorted() && main.first == "ACE" && main.contains("kBONK"))
        #expect(engine.universe.market(coin: "ACE")?.asset == 0)
        #expect(engine.universe.market(coin: "xyz:BRENTOIL")?.asset == 110_000)
        #expect(engine.universe.market(coin: "BTC")?.grid.sizeDecimals == 5)
        #expect(engine.universe.market(coin: "kBONK")?.grid.sizeDecimals == 0)
        #expect(engine.universe.market(coin: "kBONK")?.maximumLeverage == 20)
        #expect(engine.universe.market(coin: "xyz:CL")?.maximumLeverage == 10)
    }

    @Test("every recorded fill keeps each of its members, save the time")
    func roundTrip() throws {
        let engine = try EngineSetup(configuration: HyperSimConfiguration(ledgerDirectory: ""), recorded: recorded).engine()
        var count = 0
        for group in recorded.groups {
            let leader = engine.account(recorded.leaders[group.leader].address)!
            let fills = try group.fills.map { try Engine.LeaderFill(json: $0, universe: engine.universe) }
            for (fill, original) in zip(engine.publish(fills, of: leader, now: 4_242), group.fills) {
                var writer = WireWriter()
                fill.write(to: &writer)
                #expect(Members(try JSON.parse(writer.bytes), time: 4_242) == Members(original, time: 4_242))
                count += 1
            }
        }
        #expect(count == 2_270 && recorded.fillCount == count)
    }

    @Test("fills of one leader and one recorded millisecond are one group, groups are in recorded order")
    func groups() {
        #expect(recorded.groups.count == 1_440)
        #expect(zip(recorded.groups, recorded.groups.dropFirst()).allSatisfy { $0.recordedAt <= $1.recordedAt })
        #expect(recorded.groups.map(\.fills.count).max() == 55)
    }

    @Test("the accounting reproduces the recorded closed PnL of nearly every closing fill")
    func closedPnl() throws {
        let engine = try EngineSetup(configuration: HyperSimConfiguration(ledgerDirectory: ""), recorded: recorded).engine()
        var closing = 0
        var equal = 0
        for leader in recorded.leaders.indices {
            var positions: [String: Position] = [:]
            for fill in recorded.groups.filter({ $0.leader == leader }).flatMap(\.fills) {
                let given = try Engine.LeaderFill(json: fill, universe: engine.universe)
                // Only lifecycles whose opening is in the recording have a known cost.
                if given.startPosition!.isZero { positions[given.market.coin] = .flat }
                guard var position = positions[given.market.coin] else { continue }
                let change = position.apply(given.side, size: given.size, price: given.price, grid: given.market.grid)
                positions[given.market.coin] = position
                #expect(change.start == given.startPosition && change.direction == given.direction)
                guard !given.closedPnl!.isZero else { continue }
                closing += 1
                if change.closedPnl == given.closedPnl { equal += 1 }
            }
        }
        #expect(closing > 100)
        #expect(Double(equal) / Double(closing) > 0.9, "\(equal) of \(closing)")
    }

    /// A fill's members regardless of their order.
    private struct Members: Equatable {
        var byName: [String: JSON] = [:]
        init(_ json: JSON, time: Int64) {
            guard case .object(let members) = json else { return }
            for member in members { byName[member.name] = member.value }
            byName["time"] = .integer(time)
        }
    }
}
