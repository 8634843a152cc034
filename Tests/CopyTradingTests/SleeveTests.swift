import CopyTrading
import JSON
import Testing

@Suite("Sleeves")
struct SleeveTests {
    @Test("fills move the position, and the average entry by what they add")
    func fills() {
        var sleeve = Sleeve.empty.applying(side: .buy, size: Size(1), price: Price(100), lifecycle: "a")
        #expect(sleeve == Sleeve(position: Size(1), averageEntry: Price(100), lifecycle: "a", revision: 1))
        sleeve = sleeve.applying(side: .buy, size: Size(3), price: Price(200), lifecycle: "a")
        #expect(sleeve.averageEntry == Price(175) && sleeve.position == Size(4))
        sleeve = sleeve.applying(side: .sell, size: Size(1), price: Price(500), lifecycle: "a")
        #expect(sleeve.averageEntry == Price(175) && sleeve.position == Size(3))
        sleeve = sleeve.applying(side: .sell, size: Size(5), price: Price(90), lifecycle: "b")
        #expect(sleeve == Sleeve(position: Size(-2), averageEntry: Price(90), lifecycle: "b", revision: 4))
        sleeve = sleeve.applying(side: .buy, size: Size(2), price: Price(80), lifecycle: "b")
        #expect(sleeve == Sleeve(revision: 5))
    }

    @Test("a fill of nothing changes nothing")
    func emptyFill() {
        let sleeve = Sleeve(position: Size(1), averageEntry: Price(100), revision: 4)
        #expect(sleeve.applying(side: .sell, size: .zero, price: Price(1), lifecycle: nil) == sleeve)
    }

    @Test("no more is owed than is held")
    func owedIsBounded() {
        let sleeve = Sleeve(position: Size(3), averageEntry: Price(100), owed: Size(2))
        #expect(sleeve.applying(side: .sell, size: Size(2), price: Price(1), lifecycle: nil).owed == Size(1))
        #expect(sleeve.applying(side: .sell, size: Size(3), price: Price(1), lifecycle: nil).owed.isZero)
    }

    @Test("a sleeve and a lifecycle survive JSON, all decimals of k included")
    func json() throws {
        let sleeve = Sleeve(
            position: money("-0.25"), averageEntry: money("2000.12345678"), lifecycle: "life", owed: money("0.00003333"),
            owedThrough: "job", k: Ratio(e18: 33_333_333_333_333_334), residue: money("0.001"), residueUntil: 5, isManual: true, revision: 7)
        #expect(try Sleeve(json: JSON.parse(sleeve.json.text())) == sleeve)
        #expect(try Sleeve(json: JSON.parse(Sleeve.empty.json.text())) == .empty)
        let life = Lifecycle(id: "s", k: Ratio(e18: 33_333_333_333_333_334), status: .uncopied, direction: .sell)
        #expect(life.json.text() == #"{"id":"s","k":"0.033333333333333334","status":"uncopied","direction":"sell","orderNtl":null}"#)
        #expect(try Lifecycle(json: JSON.parse(life.json.text())) == life)
    }

    @Test("an entry's partial fill is what is held, and gives the position its life")
    func settledEntry() throws {
        let job = try #require(Sample.plan(Sample.signal(from: "0", to: "10")).jobs.first)
        let intent = try #require(Sample.prepare(job, .empty).intent)
        let after = Sleeve.empty.settling(intent, job: job, filled: money("0.1"), averagePrice: money("2003.5"))
        #expect(
            after == Sleeve(
                position: money("0.1"), averageEntry: money("2003.5"), lifecycle: job.lifecycle, k: try Ratio(exactly: "0.01"), revision: 1,
                isInverse: false))
        #expect(Sleeve.empty.settling(intent, job: job, filled: .zero, averagePrice: nil) == .empty)
    }
}

@Suite("Results")
struct ResultTests {
    @Test("what was filled decides the outcome", arguments: [
        ("1", "1", false, Outcome.filled), ("1", "1", true, .snapClose), ("1", "0.5", false, .partial), ("1", "0.5", true, .partial),
        ("1", "0", false, .noLiquidity), ("1", "1.5", false, .filled),
    ])
    func settled(asked: String, filled: String, isSnap: Bool, outcome: Outcome) {
        #expect(Outcome.settled(asked: money(asked), filled: money(filled), isSnapClose: isSnap) == outcome)
    }

    @Test("R-46: the fills of several attempts add up to one size, average and fee")
    func fills() {
        var first = OrderFills()
        #expect(first.averagePrice == nil)
        first.add(size: Size(1), price: Price(100), fee: money("0.05"))
        var all = OrderFills()
        all.add(size: Size(3), price: Price(200), fee: money("-0.01"))
        all.add(first)
        #expect(all.filled == Size(4) && all.averagePrice == Price(175) && all.fee == money("0.04"))
    }

    @Test("a job's result carries the job's names and survives JSON")
    func result() throws {
        let job = try #require(Sample.plan(Sample.signal(from: "0", to: "10")).jobs.first)
        var fills = OrderFills()
        fills.add(size: money("0.25"), price: Price(2001), fee: money("0.1"))
        var times = job.times(planned: 5)
        times.sent = 6
        let result = ExecutionResult(
            job: job, outcome: .filled, requestedSize: money("0.25"), fills: fills, position: money("0.25"),
            cloid: ClientOrderID(job: job.id, attempt: 1), attempts: 1, times: times)
        #expect(result.averagePrice == Price(2001) && result.fee == money("0.1") && result.filledSize == money("0.25"))
        #expect(result.times.leaderFillMilliseconds == Sample.t0 && result.times.received == Sample.received)
        #expect(try ExecutionResult(json: JSON.parse(result.json.text())) == result)
        let skipped = ExecutionResult(job: job, outcome: .stale, requestedSize: .zero, times: times)
        #expect(skipped.averagePrice == nil && skipped.fee == nil)
        #expect(try ExecutionResult(json: JSON.parse(skipped.json.text())) == skipped)
    }

    @Test("every outcome has its own stable code")
    func codes() {
        #expect(Set(Outcome.allCases.map(\.rawValue)).count == Outcome.allCases.count)
        #expect(Outcome.allCases.filter(\.isExecuted) == [.filled, .partial, .snapClose])
    }

    @Test("what is put on record of a sleeve is read back as it was, and an empty one is null")
    func record() throws {
        let full = Sleeve(
            position: Size(-2), averageEntry: Price(90), lifecycle: "b", owed: Size(1), owedThrough: "j", k: try Ratio(exactly: "0.25"), residue: Size(3),
            residueUntil: 7, ahead: Size(1), boughtAhead: Size(2), isManual: true, revision: 4)
        #expect(try Sleeve(json: JSON.parse(full.record.bytes())) == full)
        let plain = Sleeve(position: Size(1), averageEntry: Price(100), lifecycle: "a", revision: 1)
        #expect(try Sleeve(json: JSON.parse(plain.record.bytes())) == plain)
        #expect(plain.record.bytes().count < plain.json.bytes().count)
        #expect(Sleeve(revision: 5).record == .null)
    }
}
