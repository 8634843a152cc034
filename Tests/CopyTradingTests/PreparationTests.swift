import CopyTrading
import Testing

@Suite("Preparing entries")
struct EntryPreparationTests {
    /// Buys 0.25 at 2010 or less; the position may reach 1,000.
    private func job(_ action: Action = .open, lifecycle: SignalID? = "life", cap: Notional? = Notional(1_000)) throws -> ExecutionJob {
        let limits = Subscription.Limits(maximumPositionNotional: cap)
        var job = try #require(Sample.plan(Sample.signal(from: "0", to: "10"), Sample.subscription(limits: limits)).jobs.first)
        job.action = action
        job.lifecycle = lifecycle
        return job
    }

    private let held = Sleeve(position: money("0.25"), averageEntry: Price(2000), lifecycle: "life")

    @Test("R-28: an entry expires one millisecond past its time, not at it", arguments: [(5_000, false), (5_001, true)])
    func expiry(age: Int64, isStale: Bool) throws {
        #expect(Sample.prepare(try job(), .empty, age: age).outcome == (isStale ? .stale : nil))
    }

    @Test("R-50: a coin that another subscription holds on the account is locked; a flat one and one's own are not")
    func lock() throws {
        let others: [SubscriptionID: Sleeve] = ["sub-2": .empty, "sub-9": Sleeve(position: money("-0.1"))]
        let locked = Sample.prepare(try job(), .empty, others: others)
        #expect(locked.outcome == .coinLocked)
        #expect(locked.detail == "subscription sub-9 holds -0.1 ETH on this account")
        #expect(Sample.prepare(try job(), .empty, others: ["sub-2": .empty]).intent != nil)
        #expect(Sample.prepare(try job(), .empty, others: ["sub-1": held]).intent != nil)
    }

    @Test("an entry does not trade against what is still held on the other side")
    func wrongSide() throws {
        let result = Sample.prepare(try job(), Sleeve(position: money("-0.05")))
        #expect(result.outcome == .coinLocked)
        #expect(result.detail == "still holds -0.05 on the other side")
    }

    @Test("R-26: an increase needs the position of its own life")
    func increaseBase() throws {
        #expect(Sample.prepare(try job(.increase), .empty).outcome == .uncopiedBase)
        #expect(Sample.prepare(try job(.increase), held).intent?.size == money("0.25"))
        #expect(Sample.prepare(try job(.increase, lifecycle: "other"), held).outcome == .uncopiedBase)
    }

    @Test("the position's cap leaves only its room, counted with what is held now")
    func positionCap() throws {
        let job = try job(.increase, cap: Notional(600))
        let result = Sample.prepare(job, held)
        #expect(result.intent?.size == money("0.05"))
        #expect(result.intent?.detail == "0.25 → 0.05 by max_position_notional")
        #expect(Sample.prepare(job, Sleeve(position: money("0.3"), lifecycle: "life")).outcome == .capSleeve)
        #expect(Sample.prepare(job, Sleeve(position: money("0.296"), lifecycle: "life")).outcome == .capSleeve)
        #expect(Sample.prepare(job, Sleeve(position: Size(5), lifecycle: "life")).outcome == .capSleeve)
    }

    @Test("R-27: an entry is not sent into a book that has left its limit", arguments: [
        (Quote(reference: Price(2000), bestBid: Price(2009), bestAsk: Price(2010)), false),
        (Quote(reference: Price(2000), bestBid: Price(2010), bestAsk: money("2010.1")), true),
        (Quote(reference: Price(2000)), false),
    ])
    func movedPrice(quote: Quote, isSkipped: Bool) throws {
        #expect(Sample.prepare(try job(), .empty, quote: quote).outcome == (isSkipped ? .priceMoved : nil))
    }

    @Test("an entry without a market, a size or a limit is refused, not sent")
    func malformed() throws {
        #expect(Sample.prepare(try job(), .empty, instrument: nil).outcome == .unsupported)
        var share = try job()
        share.quantity = .share(.one)
        #expect(Sample.prepare(share, .empty).outcome == .unsupported)
        var unlimited = try job()
        unlimited.limit = nil
        #expect(Sample.prepare(unlimited, .empty).outcome == .unsupported)
    }

    @Test("a skipped entry leaves the sleeve as it was")
    func untouched() throws {
        #expect(Sample.prepare(try job(.increase, lifecycle: "other"), held).sleeve == held)
    }
}

@Suite("Preparing exits")
struct ExitPreparationTests {
    private func job(from start: String, to end: String, tid: Int64 = 7) throws -> ExecutionJob {
        try #require(Sample.plan(Sample.signal(from: start, to: end, tid: tid)).jobs.first)
    }

    private func held(_ size: String, owed: Size = .zero) -> Sleeve {
        Sleeve(position: money(size), averageEntry: Price(2000), lifecycle: "life", owed: owed)
    }

    @Test("R-23: with nothing held, or only the other side, nothing is sent")
    func nothingToExit() throws {
        let job = try job(from: "10", to: "0")
        #expect(Sample.prepare(job, .empty).outcome == .noPosition)
        #expect(Sample.prepare(job, held("-1")).outcome == .noPosition)
        #expect(Sample.prepare(try self.job(from: "-10", to: "0"), held("-1")).intent?.side == .buy)
    }

    @Test("R-27: each attempt of an exit pays further: 100, 200, 300, then 500 bps", arguments: [
        (1, "1980", "2020"), (2, "1960", "2040"), (3, "1940", "2060"), (4, "1900", "2100"), (9, "1900", "2100"),
    ])
    func ladder(attempt: Int, sell: String, buy: String) throws {
        let long = Sample.prepare(try job(from: "10", to: "0"), held("1"), attempt: attempt)
        let short = Sample.prepare(try job(from: "-10", to: "0"), held("-1"), attempt: attempt)
        #expect(long.intent?.limit.description == sell)
        #expect(short.intent?.limit.description == buy)
    }

    @Test("an exit's ladder starts at the side of the book it trades against")
    func bookSide() throws {
        let quote = Quote(reference: Price(2000), bestBid: Price(1990), bestAsk: Price(2010))
        #expect(Sample.prepare(try job(from: "10", to: "0"), held("1"), quote: quote).intent?.limit == money("1970.1"))
        #expect(Sample.prepare(try job(from: "-10", to: "0"), held("-1"), quote: quote).intent?.limit == money("2030.1"))
    }

    @Test("an exit ignores staleness, locks and caps, and is always reduce-only")
    func ungated() throws {
        var job = try job(from: "10", to: "5")
        job.maximumPositionNotional = Notional(1)
        let intent = Sample.prepare(job, held("1"), others: ["sub-2": held("1")], age: 86_400_000).intent
        #expect(intent?.size == money("0.5"))
        #expect(intent?.reduceOnly == true)
    }

    @Test("R-34: a whole position is closed whatever it is worth")
    func dustClose() throws {
        let intent = Sample.prepare(try job(from: "10", to: "0"), held("0.0003")).intent
        #expect(intent?.size == money("0.0003"))
        #expect(intent?.isSnapClose == false)
    }

    @Test("R-33: a remainder of 10.30 stays, a smaller one is closed with the rest", arguments: [
        ("2000", false, "0.99485"), ("1999", true, "1"),
    ])
    func snapBoundary(price: String, isSnap: Bool, size: String) throws {
        let instrument = Instrument(coin: "ETH", asset: 1, sizeDecimals: 5, maximumLeverage: 25)
        var job = try job(from: "10", to: "5")
        job.quantity = .share(try Ratio(parsing: "0.99485"))
        let intent = Sample.prepare(job, held("1"), instrument: instrument, quote: Quote(reference: money(price))).intent
        #expect(intent?.isSnapClose == isSnap)
        #expect(intent?.size == money(size))
    }

    @Test("R-33: a reduction that is too small is owed, and the next one includes it")
    func owedReduction() throws {
        let first = try job(from: "1000", to: "996")
        let skipped = Sample.prepare(first, held("1"))
        #expect(skipped.outcome == .accumulated)
        let owing = try #require(skipped.sleeve)
        #expect(owing.owed == money("0.004") && owing.owedThrough == first.id && owing.revision == 1)
        #expect(owing.position == Size(1))

        // 996 → 498 halves what is not owed: 0.996 / 2 + 0.004.
        let second = try job(from: "996", to: "498", tid: 8)
        let intent = try #require(Sample.prepare(second, owing).intent)
        #expect(intent.size == money("0.502"))
        let after = owing.settling(intent, job: second, filled: intent.size, averagePrice: Price(2000))
        #expect(after.position == money("0.498"))
        #expect(after.owed.isZero && after.owedThrough == second.id)
    }

    @Test("R-24: a reduction below the lot is owed too")
    func belowLot() throws {
        let skipped = Sample.prepare(try job(from: "100000", to: "99999"), held("1"))
        #expect(skipped.outcome == .accumulated)
        #expect(skipped.sleeve?.owed == money("0.00001"))
    }

    @Test("preparing the same job again does not apply its share again")
    func idempotentShare() throws {
        let job = try job(from: "1000", to: "996")
        let once = try #require(Sample.prepare(job, held("1")).sleeve)
        #expect(Sample.prepare(job, once).sleeve == once)
    }

    @Test("an exit that was filled in part asks next for the rest only, and what stays undone is owed")
    func partialExit() throws {
        let job = try job(from: "10", to: "5")
        let first = try #require(Sample.prepare(job, held("1")).intent)
        #expect(first.size == money("0.5"))
        let partly = held("1").settling(first, job: job, filled: money("0.2"), averagePrice: Price(1999))
        #expect(partly.position == money("0.8") && partly.owed == money("0.3"))
        let second = try #require(Sample.prepare(job, partly, attempt: 2).intent)
        #expect(second.size == money("0.3") && second.limit == Price(1960))
        let unfilled = partly.settling(second, job: job, filled: .zero, averagePrice: nil)
        #expect(unfilled.position == money("0.8") && unfilled.owed == money("0.3"))
        // The leader halves again: what is not owed (0.5) halves, and the owed part goes with it.
        #expect(Sample.prepare(try self.job(from: "5", to: "2.5", tid: 8), unfilled).intent?.size == money("0.55"))
    }

    @Test("a finished reduction has nothing left, even when the rest of the position is dust")
    func finishedReduction() throws {
        let job = try job(from: "10", to: "5")
        let done = Sleeve(position: money("0.004"), averageEntry: Price(2000), owed: .zero, owedThrough: job.id)
        #expect(Sample.prepare(job, done).outcome == .roundedToZero)
    }

    @Test("a close that was filled in part asks for all that is left")
    func partialClose() throws {
        let job = try job(from: "10", to: "0")
        let first = try #require(Sample.prepare(job, held("1")).intent)
        let partly = held("1").settling(first, job: job, filled: money("0.999"), averagePrice: Price(1999))
        #expect(Sample.prepare(job, partly, attempt: 2).intent?.size == money("0.001"))
    }

    @Test("what rounding leaves of a reduction is carried to the next one")
    func roundingResidue() throws {
        let job = try job(from: "3", to: "2")
        let intent = try #require(Sample.prepare(job, held("1")).intent)
        #expect(intent.size == money("0.3333"))
        let after = held("1").settling(intent, job: job, filled: intent.size, averagePrice: Price(2000))
        #expect(after.owed == money("0.00003333"))
    }

    @Test("a coin that the exchange does not list keeps its reduction owed")
    func unlisted() throws {
        let result = Sample.prepare(try job(from: "10", to: "5"), held("1"), instrument: nil)
        #expect(result.outcome == .unsupported)
        #expect(result.sleeve?.owed == money("0.5"))
    }
}
