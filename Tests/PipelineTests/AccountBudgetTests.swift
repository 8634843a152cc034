import CopyTrading
import Testing

@testable import Pipeline

/// the account's own budget at the exchange, exits first.
@Suite struct AccountBudgetTests {
    private let start = ContinuousClock.now

    @Test("R-73: nothing is held back before the budget was read, and it is wanted once")
    func unread() {
        var budget = AccountBudget()
        #expect(budget.allows(.open) && budget.allows(.increase) && budget.allows(.exit))
        #expect(budget.needsReading(at: start))
        budget.begin(reading: start)
        #expect(!budget.needsReading(at: start + .seconds(3_600)))
        budget.readFailed()
        #expect(!budget.needsReading(at: start + .seconds(59)))
        #expect(budget.needsReading(at: start + .seconds(60)))
    }

    @Test("R-73: increases go first, then opens, exits never", arguments: [
        (Int64(3_001), true, true), (3_000, true, false), (2_001, true, false), (2_000, false, false), (0, false, false), (-5, false, false),
    ])
    func order(_ remaining: Int64, _ opens: Bool, _ increases: Bool) {
        var budget = AccountBudget()
        budget.read(used: 10_000 - remaining, cap: 10_000)
        #expect(budget.allows(.open) == opens)
        #expect(budget.allows(.increase) == increases)
        #expect(budget.allows(.exit))
    }

    @Test("R-73: each order costs one, each whole USDC traded earns one, and halves add up")
    func carriedOn() throws {
        var budget = AccountBudget()
        budget.spend(7)
        #expect(budget.remaining == nil)
        budget.read(used: 231, cap: 10_357)
        budget.spend(26)
        budget.traded(try Notional(parsing: "1.5"))
        budget.traded(try Notional(parsing: "1.5"))
        #expect(budget.remaining == Int64(10_103))
        budget.exhausted()
        #expect(budget.remaining == 0)
        #expect(!budget.allows(.open) && budget.allows(.exit))
    }

    @Test("R-73: it is read seldom while there is plenty, and every minute near the reserve")
    func reading() {
        var budget = AccountBudget()
        budget.begin(reading: start)
        budget.read(used: 0, cap: 10_000)
        #expect(!budget.needsReading(at: start + .seconds(3_600)))
        #expect(budget.needsReading(at: start + .seconds(6 * 3_600)))
        budget.spend(4_001)
        #expect(!budget.needsReading(at: start + .seconds(59)))
        #expect(budget.needsReading(at: start + .seconds(60)))
    }
}
