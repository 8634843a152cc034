import JSON
import Testing

@testable import CopyTrading

/// What a leader is judged by, folded from signals, readings of its equity and movements of its money.
@Suite struct LeaderRecordTests {
    private static let t0 = Sample.t0
    private let hygiene = LeaderHygiene()

    private func keeper() -> LeaderRecordKeeper { LeaderRecordKeeper(since: Self.t0) }

    /// Seconds after the start.
    private func at(_ seconds: Int64) -> Int64 { Self.t0 + seconds * 1_000 }

    private func withdrawal(_ amount: String, _ seconds: Int64) -> LeaderMovement {
        LeaderMovement(time: at(seconds), amount: -money(amount))
    }

    /// Reads an equity, and the ledger right after it.
    private func read(_ keeper: inout LeaderRecordKeeper, _ equity: String, _ seconds: Int64, _ movements: [LeaderMovement] = []) {
        keeper.note(equity: money(equity), from: at(seconds), to: at(seconds))
        keeper.settle(movements, readTo: at(seconds), now: at(seconds))
    }

    @Test("R-87: a signal's fills count once, by whether the leader made or took, and its flips by the hour")
    func signals() {
        var keeper = keeper()
        var twenty = Sample.signal(from: "0", to: "1", after: 1_000, crossed: false)
        twenty.fillCount = 20
        keeper.note(twenty)
        keeper.note(Sample.signal(from: "1", to: "-1", after: 2_000))
        keeper.note(Sample.signal(from: "-1", to: "1", after: 3_000))
        keeper.note(Sample.signal(from: "1", to: "-1", after: 2 * LeaderRecordKeeper.hour))
        let record = keeper.record(at: at(7_200))
        #expect(record.fills == 23)
        #expect(record.makerFills == 20)
        #expect(record.flipsInHour == 2)
        #expect(record.lastTradeAt == at(7_200))
        #expect(!record.wasLiquidated)
        // a day later only the last hour is left, two days later nothing
        let later = keeper.record(at: at(7_200) + 23 * LeaderRecordKeeper.hour)
        #expect(later.fills == 1 && later.makerFills == 0 && later.flipsInHour == 1)
        #expect(keeper.record(at: at(7_200) + 48 * LeaderRecordKeeper.hour).fills == 0)
    }

    @Test("R-87: a market maker is told by a day of maker fills and an hour of flips")
    func marketMaker() {
        var keeper = keeper()
        for index in 0..<60 {
            let side = index % 3 == 0
            keeper.note(Sample.signal(from: side ? "1" : "-1", to: side ? "-1" : "-2", after: 1 + Int64(index), crossed: false))
        }
        #expect(
            hygiene.verdict(keeper.record(at: at(1)), now: at(1))
                == "the leader trades like a market maker: 60 of 60 fills as maker, 20 changes of side in an hour")
    }

    @Test("R-87: an exit that was found, not seen, is no trade; what happened before the record began counts for nothing")
    func noTrade() {
        var keeper = keeper()
        var unseen = Sample.signal(from: "2", to: "1", after: 5_000, cause: .resync)
        unseen.fillCount = 0
        keeper.note(unseen)
        keeper.note(Sample.signal(from: "2", to: "1", after: 0, cause: .liquidation))
        keeper.settle([LeaderMovement(time: Self.t0, amount: .zero, isLiquidation: true), withdrawal("900", -60)], readTo: at(1), now: at(1))
        #expect(keeper.record(at: at(10)) == LeaderHygiene.Record(withdrawnInDay: .zero, lastTradeAt: Self.t0))
    }

    @Test("R-87: a liquidation is told by a fill as by the ledger", arguments: [Cause.liquidation, .adl])
    func liquidation(cause: Cause) {
        var byFill = keeper()
        byFill.note(Sample.signal(from: "2", to: "1", after: 1, cause: cause))
        var byLedger = keeper()
        byLedger.settle([LeaderMovement(time: at(1), amount: .zero, isLiquidation: true)], readTo: at(2), now: at(2))
        for keeper in [byFill, byLedger] {
            #expect(hygiene.verdict(keeper.record(at: at(3)), now: at(3)) == "the leader was liquidated")
        }
    }

    @Test("R-87: a loss is a fall from the highest equity; a withdrawal and a deposit are not")
    func fallOfEquity() {
        var keeper = keeper()
        read(&keeper, "8000", 1)
        read(&keeper, "10000", 60)
        read(&keeper, "6000", 120)
        #expect(keeper.record(at: at(120)).highestEquity == Notional(10_000))
        // 40 % down before and after 40 % of it was withdrawn
        read(&keeper, "3600", 180, [withdrawal("2400", 150)])
        #expect(keeper.record(at: at(180)).highestEquity == Notional(6_000))
        #expect(hygiene.verdict(keeper.record(at: at(180)), now: at(180)) == nil)
        // and after as much was deposited again
        let movements = [withdrawal("2400", 150), LeaderMovement(time: at(200), amount: Notional(2_400))]
        read(&keeper, "6000", 240, movements)
        #expect(keeper.record(at: at(240)).highestEquity == Notional(10_000))
        #expect(keeper.record(at: at(240)).withdrawnInDay == .zero)
        read(&keeper, "4999", 300, movements)
        #expect(hygiene.verdict(keeper.record(at: at(300)), now: at(300)) == "the leader's equity fell 5001 bps from its highest")
    }

    @Test("R-87: more than half withdrawn within a day, in parts, is told; a day later it is not")
    func withdrawn() {
        var keeper = keeper()
        read(&keeper, "10000", 1)
        read(&keeper, "5000", 60, [withdrawal("5000", 30)])
        #expect(hygiene.verdict(keeper.record(at: at(60)), now: at(60)) == nil)
        let movements = [withdrawal("5000", 30), withdrawal("1", 70)]
        read(&keeper, "4999", 120, movements)
        #expect(hygiene.verdict(keeper.record(at: at(120)), now: at(120)) == "the leader withdrew 5001 within a day")
        read(&keeper, "4999", 86_500, movements)
        #expect(keeper.record(at: at(86_500)).withdrawnInDay == .zero)
    }

    @Test("R-87: who withdraws all has withdrawn more than half")
    func withdrewAll() {
        var keeper = keeper()
        read(&keeper, "10000", 1)
        read(&keeper, "0", 60, [withdrawal("10000", 30)])
        #expect(hygiene.verdict(keeper.record(at: at(60)), now: at(60)) == "the leader withdrew 10000 within a day")
        read(&keeper, "70", 86_500, [withdrawal("10000", 30)])
        #expect(keeper.record(at: at(86_500)).highestEquity == Notional(70))
    }

    @Test("an equity counts once the movements before it are known, and not when money moved while it was read or after")
    func order() {
        var keeper = keeper()
        read(&keeper, "10000", 1)
        #expect(!keeper.hasFallen)
        keeper.note(equity: Notional(9_001), from: at(60), to: at(60))
        #expect(!keeper.hasFallen)
        keeper.note(equity: Notional(9_000), from: at(61), to: at(61))
        #expect(keeper.hasFallen)
        #expect(keeper.record(at: at(62)).equity == Notional(10_000))
        // in one dex already, in the other still
        keeper.note(equity: Notional(15_000), from: at(70), to: at(72))
        let transfer = LeaderMovement(time: at(71), amount: .zero)
        // younger than the ledger that is read, and before a movement in it
        keeper.note(equity: Notional(9_000), from: at(80), to: at(80))
        keeper.settle([transfer, withdrawal("900", 81)], readTo: at(72), now: at(82))
        #expect(keeper.record(at: at(82)).equity == money("8100"))
        #expect(keeper.record(at: at(82)).highestEquity == Notional(9_000))
        keeper.settle([transfer, withdrawal("900", 81)], readTo: at(83), now: at(84))
        #expect(keeper.record(at: at(84)).equity == money("8100"))
        #expect(keeper.movementsFrom(now: at(84)) == at(84) - LeaderRecordKeeper.day)
        #expect(keeper.movementsFrom(now: at(90_000)) == at(81))
    }

    @Test("what is kept is what was known, in bounded memory")
    func kept() throws {
        var keeper = keeper()
        read(&keeper, "10000.5", 1)
        for index in 0..<5_000 {
            keeper.note(Sample.signal(from: "1", to: "-1", after: 1 + Int64(index) * 600_000, crossed: index % 2 == 0, cause: .liquidation))
            keeper.note(equity: Notional(1), from: at(2), to: at(3))
        }
        #expect(keeper.hours.count == LeaderRecordKeeper.hoursKept)
        #expect(keeper.json.bytes().count < 1_500)
        let now = Self.t0 + 5_000 * 600_000
        let restored = try LeaderRecordKeeper(json: JSON.parse(keeper.json.bytes()))
        var record = keeper.record(at: now)
        #expect(record.fills > 100 && record.makerFills > 50 && record.flipsInHour == 6 && record.wasLiquidated)
        #expect(record.highestEquity == money("10000.5"))
        // told by the ledger, which is read after a start
        record.withdrawnInDay = nil
        #expect(restored.record(at: now) == record)
        #expect(throws: JSONError.self) { try LeaderRecordKeeper(json: ["v": 2]) }
    }

    @Test("a verdict that was acted on is not given again for the same reason, also not by who reads of it later")
    func acted() {
        var keeper = keeper()
        read(&keeper, "10000", 1)
        keeper.note(Sample.signal(from: "2", to: "1", after: 30_000, cause: .liquidation))
        keeper.note(equity: Notional(3_000), from: at(31), to: at(31))
        keeper.beginAnew(at: at(32))
        // the rest of it, told after
        keeper.note(Sample.signal(from: "1", to: "0", after: 30_000, cause: .liquidation))
        read(&keeper, "3000", 60, [LeaderMovement(time: at(30), amount: .zero, isLiquidation: true), withdrawal("6000", 31)])
        #expect(hygiene.verdict(keeper.record(at: at(60)), now: at(60)) == nil)
        // what is new is told
        read(&keeper, "1400", 120)
        #expect(hygiene.verdict(keeper.record(at: at(120)), now: at(120)) == "the leader's equity fell 5333 bps from its highest")
    }

    @Test("R-84: a latch's scope is read as it was written, names with colons too", arguments: [
        (LatchScope.everything, "everything"), (.influencer("l"), "influencer:l"), (.subscriber("s"), "subscriber:s"),
        (.subscription("s:l"), "subscription:s:l"), (.coin("xyz:CL"), "coin:xyz:CL"),
    ] as [(LatchScope, String)])
    func scope(scope: LatchScope, text: String) {
        #expect(scope.text == text)
        #expect(LatchScope(text) == scope)
    }

    @Test("R-84: what names no scope is none", arguments: ["", "everyone", "coin", "coin:", "leader:l"])
    func noScope(text: String) { #expect(LatchScope(text) == nil) }
}
