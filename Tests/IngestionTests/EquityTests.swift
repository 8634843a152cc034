import CopyTrading
import Testing

@testable import Ingestion

@Suite struct EquityTests {
    @Test("R-17: another equity of the leader is adopted when it differs by a tenth, either way; the first at once", arguments: [
        (nil, 1_000, 1_000), (0, 5, 5), (1_000, 1_099, 1_000), (1_000, 1_100, 1_100), (1_000, 901, 1_000), (1_000, 900, 900),
    ] as [(Int?, Int, Int)])
    func hysteresis(old: Int?, new: Int, expected: Int) {
        #expect(EquityHysteresis.adopt(Notional(new), over: old.map { Notional($0) }) == Notional(expected))
    }
}
