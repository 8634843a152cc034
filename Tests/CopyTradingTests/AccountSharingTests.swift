import CopyTrading
import Testing

@Suite("Several leaders on one account")
struct AccountSharingTests {
    private func job(from start: String, to end: String, _ sharing: AccountSharing) throws -> ExecutionJob {
        try #require(Sample.plan(Sample.signal(from: start, to: end), account: AccountSettings(sharing: sharing)).jobs.first)
    }

    @Test("R-50: with lock the first to hold a coin owns it; with sleeves each has its own part", arguments: [
        (AccountSharing.lock, Outcome.coinLocked), (.isolated, .coinLocked), (.sleeves, nil),
    ] as [(AccountSharing, Outcome?)])
    func policies(sharing: AccountSharing, outcome: Outcome?) throws {
        let other: [SubscriptionID: Sleeve] = ["sub-2": Sleeve(position: money("-0.1"))]
        #expect(Sample.prepare(try job(from: "0", to: "10", sharing), .empty, others: other).outcome == outcome)
    }

    @Test("Golden 11, R-52: closing a sleeve against a larger one on the other side is no reduction of the account")
    func increasingClose() throws {
        let close = try job(from: "8", to: "0", .sleeves)
        let sleeve = Sleeve(position: money("0.2"), averageEntry: Price(2000), lifecycle: "life")
        let other: [SubscriptionID: Sleeve] = ["sub-2": Sleeve(position: money("-0.3"))]
        let intent = try #require(Sample.prepare(close, sleeve, others: other).intent)
        #expect(intent.size == money("0.2") && !intent.reduceOnly && intent.remainder.isZero)
        #expect(intent.detail == "not reduce-only: it makes the account's net position grow from -0.1")
        // Its guards are an entry's: the exchange's minimum, and never further than the first step of the ladder.
        let dust = Sleeve(position: money("0.004"), averageEntry: Price(2000), lifecycle: "life")
        let refused = Sample.prepare(close, dust, others: other)
        #expect(refused.outcome == .minimumNotional && refused.sleeve?.owed == money("0.004"))
        #expect(Sample.prepare(close, sleeve, others: other, attempt: 4).intent?.limit == Price(1980))
    }

    @Test("R-52: a close that would cross zero goes in two orders: reduce-only, then the rest")
    func splitClose() throws {
        let close = try job(from: "8", to: "0", .sleeves)
        let sleeve = Sleeve(position: money("0.3"), averageEntry: Price(2000), lifecycle: "life")
        let other: [SubscriptionID: Sleeve] = ["sub-2": Sleeve(position: money("-0.2"))]
        let first = try #require(Sample.prepare(close, sleeve, others: other).intent)
        #expect(first.size == money("0.1") && first.reduceOnly && first.remainder == money("0.2"))
        let after = sleeve.settling(first, job: close, filled: first.size, averagePrice: Price(2000))
        #expect(after.position == money("0.2") && after.owed == money("0.2"))
        let second = try #require(Sample.prepare(close, after, others: other).intent)
        #expect(second.size == money("0.2") && !second.reduceOnly)
        #expect(after.settling(second, job: close, filled: second.size, averagePrice: Price(2000)).isEmpty)
    }

    @Test("R-51, R-52: over random trades the sleeves add up to the account, and no reduce-only order ever crosses zero", arguments: 0..<20 as Range<UInt64>)
    func sumOfSleeves(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let names: [SubscriptionID] = ["a", "b", "c"]
        var sleeves: [SubscriptionID: Sleeve] = [:]
        var net = Size.zero
        for tid in 0..<200 as Range<Int64> {
            let name = names.randomElement(using: &generator)!
            let sleeve = sleeves[name] ?? .empty
            let others = sleeves.filter { $0.key != name }
            let isShort = sleeve.position.isZero ? Bool.random(using: &generator) : sleeve.position < .zero
            let isExit = !sleeve.position.isZero && Bool.random(using: &generator)
            let end = isExit ? (Bool.random(using: &generator) ? "0" : "\(Int.random(in: 1...9, using: &generator))") : "10"
            func signed(_ text: String) -> String { isShort && text != "0" ? "-" + text : text }
            let signal = Sample.signal(from: signed(isExit ? "10" : "0"), to: signed(end), tid: tid)
            guard var job = Sample.plan(signal, account: AccountSettings(sharing: .sleeves)).jobs.first else { continue }
            job.subscription = name
            job.lifecycle = sleeve.lifecycle ?? job.lifecycle
            var current = sleeve
            for attempt in 1...2 {
                guard case .send(let intent) = Sample.prepare(job, current, others: others, attempt: attempt) else { break }
                let change = Size(e8: intent.side.sign * intent.size.e8)
                if intent.reduceOnly { #expect((net + change).magnitude < net.magnitude && (net + change).sign * net.sign >= 0) }
                #expect(intent.size <= max(current.position.magnitude, money("0.25")))
                net += change
                current = current.settling(intent, job: job, filled: intent.size, averagePrice: job.referencePrice)
                if intent.remainder.isZero { break }
            }
            sleeves[name] = current
            #expect(SleeveReconciliation.unattributed(net: net, sleeves: sleeves.values).isZero)
            if end == "0" { #expect(current.position.isZero) }
        }
    }

    @Test("R-80: sleeves on both sides are left whatever the account's setting is by then", arguments: [AccountSharing.lock, .isolated])
    func settingChanged(sharing: AccountSharing) throws {
        let close = try job(from: "8", to: "0", sharing)
        let sleeve = Sleeve(position: money("0.3"), averageEntry: Price(2000), lifecycle: "life")
        let first = try #require(Sample.prepare(close, sleeve, others: ["sub-2": Sleeve(position: money("-0.2"))]).intent)
        #expect(first.size == money("0.1") && first.reduceOnly && first.remainder == money("0.2"))
        let same = try #require(Sample.prepare(close, sleeve, others: ["sub-2": Sleeve(position: money("0.2"))]).intent)
        #expect(same.size == money("0.3") && same.reduceOnly && same.remainder.isZero)
    }

    @Test(
        "R-51: when the account holds something else than its sleeves add up to, a sleeve keeps what the others leave it",
        arguments: [
            // position, others, net → kept
            ("1", "0", "1", "1"), ("1", "0", "0.4", "0.4"), ("1", "0", "0", "0"), ("1", "0", "-0.5", "0"), ("1", "0", "3", "1"),
            ("1", "-0.6", "0.4", "1"), ("1", "-0.6", "0", "0.6"), ("1", "-0.6", "-0.2", "0.4"), ("1", "-0.6", "-0.6", "0"), ("1", "-0.6", "-2", "0"),
            ("1", "1", "1", "0"), ("1", "1", "1.5", "0.5"), ("-1", "0.6", "0.2", "-0.4"), ("-1", "0", "-2", "-1"), ("-1", "0", "1", "0"),
        ])
    func corrected(position: String, others: String, net: String, kept: String) {
        let sleeve = Sleeve(position: money(position), averageEntry: Price(2000), lifecycle: "life", owed: money("0.5"))
        let corrected = sleeve.corrected(net: money(net), others: money(others))
        let expected: Size = money(kept)
        #expect(corrected.position == expected)
        #expect(corrected.owed == min(money("0.5"), expected.magnitude))
        #expect(corrected.isEmpty == (kept == "0"))
    }

    @Test("R-54: allocations fit into equity less its buffer")
    func allocations() throws {
        #expect(AllocationCheck.excess(of: [Notional(5_000), Notional(4_500)], equity: Notional(10_000), bufferBasisPoints: 500) == nil)
        let excess = try #require(AllocationCheck.excess(of: [Notional(5_000), money("4500.01")], equity: Notional(10_000), bufferBasisPoints: 500))
        #expect(excess.allocated == money("9500.01") && excess.available == Notional(9_500))
    }
}
