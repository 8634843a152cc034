import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct TwapTests {
    private func ticket(_ side: Side, _ size: String, minutes: Int = 5, reduceOnly: Bool = false, isRandomized: Bool = false) throws -> TwapTicket {
        try TwapTicket(json: [
            "a": 0, "b": .bool(side == .buy), "s": .string(size), "r": .bool(reduceOnly), "m": .integer(minutes), "t": .bool(isRandomized),
        ])
    }

    private func begin(_ scenario: Scenario, _ ticket: TwapTicket) throws -> Int64 { try scenario.engine.begin(ticket, scenario.context).get() }

    @Test("a TWAP order trades its size in equal slices every 30 seconds, with no hash and its id in each fill", arguments: [false, true])
    func slices(isRandomized: Bool) throws {
        let scenario = try Scenario()
        let id = try begin(scenario, ticket(.buy, "0.01", isRandomized: isRandomized))
        try scenario.pass(milliseconds: 0)
        #expect(scenario.account.twaps.sliceFills.count == 1)
        for _ in 1..<10 { try scenario.pass(milliseconds: 30_000) }
        let fills = scenario.account.twaps.sliceFills.kept
        #expect(fills.count == 10 && fills.allSatisfy { $0.twapID == id && $0.hash == Fill.zeroHash && $0.crossed })
        #expect(Set(fills.map(\.size)).count == 1 || isRandomized)
        #expect(fills.reduce(Size.zero) { $0 + $1.size } == Size(e8: 1_000_000) && scenario.position("BTC").size == Size(e8: 1_000_000))
        // They are in no other history.
        #expect(scenario.account.fills.count == 0)
        #expect(scenario.account.twaps.active.isEmpty)
        #expect(scenario.account.twaps.changes.kept.map(\.status) == [.activated, .finished])
        #expect(scenario.account.twaps.changes.kept.last?.executed == Size(e8: 1_000_000))
    }

    @Test("a slice that found nothing is made up for, at most three times a regular one")
    func catchUp() throws {
        let scenario = try Scenario(depth: Notional(1_000_000), refillMilliseconds: 0)
        try scenario.engine.apply(.book(BookChange(coin: "BTC", levels: .init(bids: [], asks: []))), at: scenario.now)
        _ = try begin(scenario, ticket(.buy, "0.01"))
        for _ in 0..<5 { try scenario.pass(milliseconds: 30_000) }
        #expect(scenario.position("BTC").size.isZero)
        try scenario.engine.apply(.book(BookChange(coin: "BTC", levels: nil)), at: scenario.now)
        try scenario.pass(milliseconds: 30_000)
        #expect(scenario.lastSlice?.size == Size(e8: 300_000))
        try scenario.pass(milliseconds: 300_000)
        #expect(scenario.position("BTC").size == Size(e8: 1_000_000))
    }

    @Test("a TWAP order can be cancelled once; a reduce-only one ends with its position")
    func ends() throws {
        let scenario = try Scenario()
        let id = try begin(scenario, ticket(.buy, "0.01"))
        try scenario.pass(milliseconds: 0)
        #expect(scenario.engine.cancelTwap(id, asset: 0, scenario.context) == nil)
        #expect(scenario.engine.cancelTwap(id, asset: 0, scenario.context) == "TWAP was never placed, already canceled, or filled.")
        try scenario.pass(milliseconds: 60_000)
        #expect(scenario.account.twaps.sliceFills.count == 1)
        _ = try begin(scenario, ticket(.sell, "0.01", reduceOnly: true))
        for _ in 0..<10 { try scenario.pass(milliseconds: 30_000) }
        #expect(scenario.position("BTC").size.isZero)
        #expect(scenario.account.twaps.changes.kept.last?.status == .terminated)
    }

    @Test("a TWAP order is refused with the exchange's texts")
    func refusals() throws {
        let scenario = try Scenario()
        func refusal(_ ticket: TwapTicket) -> String? {
            guard case .failure(let refusal) = scenario.engine.begin(ticket, scenario.context) else { return nil }
            return refusal.text
        }
        #expect(try refusal(ticket(.buy, "0.01", minutes: 4)) == "Invalid TWAP duration: 4 min(s)")
        #expect(try refusal(ticket(.buy, "0.001")) == "TWAP order value too small. Min is $100")
        #expect(try refusal(ticket(.buy, "0.01", minutes: 60)) == "TWAP order value too small. Min is $600")
        #expect(try refusal(ticket(.buy, "1001")) == "TWAP order value too large. Max is $50000000")
        #expect(try refusal(ticket(.buy, "0.01", reduceOnly: true)) == "Reduce-only TWAP order would increase position.")
        for _ in 0..<10 { #expect(try refusal(ticket(.buy, "0.01")) == nil) }
        #expect(try refusal(ticket(.buy, "0.01")) == "Exceeded max number of active TWAP orders.")
    }
}

extension Scenario {
    fileprivate var lastSlice: Fill? { account.twaps.sliceFills.kept.last }
}
