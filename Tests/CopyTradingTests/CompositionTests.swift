import CopyTrading
import JSON
import Testing

@Suite("Coalescing")
struct CompositionTests {
    /// Requests of a leader that moves through these positions, ten milliseconds apart.
    private static func requests(
        _ positions: [String], at prices: [String] = [], after first: Int64 = 0, causes: [Cause] = []
    ) -> [ExecutionRequest] {
        zip(positions, positions.dropFirst()).enumerated().map { index, move in
            Sample.request(
                Sample.signal(
                    from: move.0, to: move.1, at: prices.isEmpty ? "2000" : prices[index], tid: Int64(index + 1),
                    after: first + Int64(index) * 10, cause: causes.isEmpty ? .voluntary : causes[index]))
        }
    }

    private static func longest(
        _ requests: [ExecutionRequest], _ subscription: Subscription? = Sample.subscription(), lifecycle: Lifecycle? = nil,
        age: Int64 = 1_000
    ) -> Int? {
        Composition.longest(of: requests, lifecycle: lifecycle, subscription: subscription, now: Sample.t0 + age)?.requests.count
    }

    private static func life(_ status: Lifecycle.Status) -> Lifecycle { Lifecycle(id: "opened", k: .one, status: status, direction: .buy) }

    @Test("R-08: a composed signal is the whole move, under the last id, at the average price of all that was traded")
    func wholeMove() throws {
        var signals = Self.requests(["0", "10", "15", "12"], at: ["2000", "2100", "2050"]).map(\.signal)
        signals[1].tier = 2
        signals[2].leaderEquity = Notional(7)
        signals[2].leaderLeverage = 9
        let whole = try #require(Signal.composed(of: signals))
        var expected = signals[2]
        expected.start = .zero
        expected.legs = [Leg(action: .open, start: .zero, end: Size(12))]
        expected.averagePrice = money("2036.11111111")
        expected.size = Size(12)
        expected.fillCount = 3
        expected.firstFill = 1
        expected.firstFillTime = Sample.t0
        expected.tier = 2
        #expect(whole == expected)
        #expect(whole.lastFill == 3 && whole.lastFillTime == Sample.t0 + 20)
    }

    @Test("R-08: a gap, another coin and numbers out of range compose nothing")
    func breaks() {
        let (first, second) = (Sample.signal(from: "0", to: "10"), Sample.signal(from: "10", to: "15"))
        #expect(Signal.composed(of: [first, Sample.signal(from: "9", to: "15")]) == nil)
        #expect(Signal.composed(of: [second, first]) == nil)
        #expect(Signal.composed(of: [first, Sample.signal(from: "10", to: "15", coin: "BTC")]) == nil)
        var huge = [first, second]
        for index in huge.indices { (huge[index].averagePrice, huge[index].size) = (Price(e8: Price.limit), Size(e8: Size.limit)) }
        #expect(Signal.composed(of: huge + huge) == nil)
        #expect(Signal.composed(of: []) == nil)
        #expect(Signal.composed(of: [first, second]) != nil)
    }

    @Test("R-08: what the leader's positions compose to", arguments: [
        (["0", "10", "15"], [.open]), (["10", "15", "0"], [.close]), (["10", "15", "12"], [.increase]), (["10", "5", "8"], [.reduce]),
        (["10", "5", "-5"], [.close, .open]), (["0", "5", "-3"], [.open]), (["0", "5", "0", "3"], [.open]), (["10", "-5", "0"], [.close]),
        (["10", "-5", "5", "-3"], [.close, .open]), (["10", "15", "10"], []), (["0", "5", "0"], []), (["0", "5", "-5", "0"], []),
        // A flip whose last request has one answer only; and two lives on one side.
        (["10", "0", "-5"], nil), (["10", "-5", "-8"], nil), (["10", "0", "5"], nil), (["10", "0", "10"], nil), (["10", "-5", "4"], nil),
    ] as [([String], [Action]?)])
    func legs(positions: [String], actions: [Action]?) {
        let composition = Composition(of: Self.requests(positions))
        #expect(composition?.request.signal.legs.map(\.action) == actions)
        #expect(composition.map { $0.requests.count == positions.count - 1 } ?? true)
    }

    @Test("R-08: the longest composition goes up to the break, and is bounded")
    func bounds() {
        #expect(Self.longest(Self.requests(["0", "5", "8", "9"])) == 3)
        #expect(Self.longest(Self.requests(["10", "5", "0", "5", "6"]), lifecycle: Self.life(.copied)) == 2)
        #expect(Self.longest(Self.requests(["0", "5"])) == nil)
        let many = Self.requests((0...Composition.limit + 5).map(String.init))
        #expect(Self.longest(many) == Composition.limit)
        #expect(Composition(of: Array(many)) == nil)
        var other = Self.requests(["0", "5", "8"])
        other[1].account = "0xb0b"
        #expect(Composition(of: other) == nil)
    }

    @Test("R-08: each leg of each request is answered once: the move under the last one's ids, all others as coalesced")
    func answers() throws {
        let requests = Self.requests(["0", "5", "-3"])
        let composition = try #require(Composition(of: requests))
        let (subscription, last) = (Sample.subscription(.ratio(.one), inverse: true), requests[1])
        let plan = Planner.decide(
            composition, subscription: subscription, facts: PlanningFacts(instrument: Sample.instrument), lifecycle: nil,
            now: Sample.t0 + 1_000)
        #expect(plan.jobs.map(\.id) == [JobID(request: last.id, leg: 0)])
        #expect(plan.jobs.map(\.action) == [.open] && plan.jobs.map(\.side) == [.buy] && plan.jobs.map(\.quantity) == [.size(Size(3))])
        #expect(plan.jobs.map(\.request) == [last.id] && plan.jobs.map(\.signal) == [last.signal.id])
        #expect(plan.outcomes == [nil, .coalesced] && plan.details[1] == "composed with the 1 before it")
        #expect(plan.lifecycle == Lifecycle(id: last.signal.id, k: .one, status: .copied, direction: .buy))
        let rest = plan.results(for: composition.request, at: 5)
        #expect(rest.map(\.job) == [JobID(request: last.id, leg: 1)])

        let part = Planner.coalesced(requests[0], into: last.id, subscription: subscription, lifecycle: Self.life(.uncopied))
        let result = try #require(part.results(for: requests[0], at: 5).first)
        #expect(result.job == JobID(request: requests[0].id, leg: 0) && result.outcome == .coalesced && result.side == .sell)
        #expect(result.detail == "composed into request \(last.id)" && part.legs.count == 1)
        #expect(part.lifecycle == Self.life(.uncopied))
    }

    @Test("R-08: nothing is planned of what was taken back, and the life is as before")
    func takenBack() throws {
        let cases = [(["0", "5", "0"], nil), (["10", "15", "10"], Self.life(.copied)), (["10", "5", "10"], Self.life(.uncopied))]
        for (positions, life) in cases {
            let requests = Self.requests(positions)
            #expect(Self.longest(requests, lifecycle: life) == 2)
            let plan = Planner.decide(
                try #require(Composition(of: requests)), subscription: Sample.subscription(),
                facts: PlanningFacts(instrument: Sample.instrument), lifecycle: life, now: Sample.t0)
            #expect(plan.outcomes == [.coalesced] && plan.lifecycle == life)
        }
        // What is left of an earlier life is ended by the CLOSE of this one.
        #expect(Self.longest(Self.requests(["0", "5", "0"]), lifecycle: Self.life(.copied)) == nil)
    }

    @Test("R-28: a later fill makes no entry fresh, and the order expires with the oldest; an exit is as late as it is")
    func age() throws {
        let opened = Self.requests(["0", "10"]) + Self.requests(["10", "12"], after: 4_000)
        #expect(Self.longest(opened, age: 5_000) == 2)
        #expect(Self.longest(opened, age: 5_001) == nil)
        let plan = Planner.decide(
            try #require(Composition(of: opened)), subscription: Sample.subscription(), facts: PlanningFacts(instrument: Sample.instrument),
            lifecycle: nil, now: Sample.t0 + 4_500)
        #expect(plan.jobs.map(\.expiresAt) == [Sample.t0 + 5_000])
        let closed = Self.requests(["10", "15"]) + Self.requests(["15", "0"], after: 4_000)
        #expect(Self.longest(closed, lifecycle: Self.life(.copied), age: 60_000) == 2)
        // Only entries of the life that is opened count.
        let reopened = Self.requests(["0", "5", "0"]) + Self.requests(["0", "3"], after: 4_000)
        #expect(Self.longest(reopened, age: 6_000) == 3)
    }

    @Test("R-08: what was taken from the leader is no entry, whatever follows")
    func liquidated() throws {
        let requests = Self.requests(["0", "10", "4", "5"], causes: [.voluntary, .liquidation, .voluntary])
        let composition = try #require(Composition(of: requests))
        #expect(composition.request.signal.cause == .liquidation)
        let plan = Planner.decide(
            composition, subscription: Sample.subscription(), facts: PlanningFacts(instrument: Sample.instrument), lifecycle: nil,
            now: Sample.t0 + 100)
        #expect(plan.outcomes == [.windDown])
    }

    @Test("R-26: a move that would have joined on its way is not composed to one that does not")
    func joining() {
        let joins = Sample.subscription { $0.joinsOnIncrease = true }
        for life in [nil, Self.life(.uncopied)] {
            #expect(Self.longest(Self.requests(["10", "15", "8"]), joins, lifecycle: life) == nil)
            #expect(Self.longest(Self.requests(["10", "15", "10"]), joins, lifecycle: life) == nil)
            #expect(Self.longest(Self.requests(["10", "15", "12"]), joins, lifecycle: life) == 2)
            #expect(Self.longest(Self.requests(["10", "15", "0"]), joins, lifecycle: life) == 2)
            #expect(Self.longest(Self.requests(["10", "15", "8"]), lifecycle: life) == 2)
        }
        #expect(Self.longest(Self.requests(["10", "15", "8"]), joins, lifecycle: Self.life(.copied)) == 2)
    }

    @Test("R-08: a decision tells what it was composed of, or into")
    func record() throws {
        var record = DecisionRecord(decidedAt: Sample.t0, configVersion: 4, facts: PlanningFacts(instrument: nil), lifecycle: nil)
        record.composedOf = ["a", "b"]
        #expect(record.json.text() == #"{"decidedMs":1784500000000,"configVersion":4,"composedOf":["a","b"]}"#)
        #expect(try DecisionRecord(json: record.json) == record)
        record.composedOf = []
        record.composedInto = "c"
        #expect(record.json.text() == #"{"decidedMs":1784500000000,"configVersion":4,"composedInto":"c"}"#)
        #expect(try DecisionRecord(json: record.json) == record)
        let empty = try JSON.parse(#"{"decidedMs":5,"configVersion":4,"composedOf":[]}"#)
        #expect(throws: JSONError.self) { try DecisionRecord(json: empty) }
    }

    // MARK: - Against planning one by one

    /// A subscription that fills whatever it sends.
    private struct Follower {
        let subscription: Subscription
        var lifecycle: Lifecycle?
        var sleeve = Sleeve.empty
        var answered: [JobID] = []

        mutating func plan(_ request: ExecutionRequest) {
            carryOut(
                Planner.decide(
                    request: request, subscription: subscription, facts: PlanningFacts(instrument: Sample.instrument), lifecycle: lifecycle,
                    now: Sample.t0 + 1_000))
        }

        mutating func plan(_ composition: Composition) {
            for part in composition.requests.dropLast() {
                carryOut(Planner.coalesced(part, into: composition.request.id, subscription: subscription, lifecycle: lifecycle))
            }
            carryOut(
                Planner.decide(
                    composition, subscription: subscription, facts: PlanningFacts(instrument: Sample.instrument), lifecycle: lifecycle,
                    now: Sample.t0 + 1_000))
        }

        private mutating func carryOut(_ plan: Plan) {
            lifecycle = plan.lifecycle
            for leg in plan.legs {
                switch leg {
                case .skip(let skipped): answered.append(skipped.job)
                case .job(let job):
                    answered.append(job.id)
                    fill(job)
                }
            }
        }

        private mutating func fill(_ job: ExecutionJob) {
            for _ in 0..<4 {
                switch Sample.prepare(job, sleeve) {
                case .skip(_, _, let changed):
                    sleeve = changed
                    return
                case .send(let intent):
                    sleeve = sleeve.settling(intent, job: job, filled: intent.size, averagePrice: job.referencePrice)
                    if intent.remainder.isZero { return }
                }
            }
        }
    }

    @Test(
        "R-08: under any grouping the life and the position end as when each request is planned by itself",
        arguments: 1...20 as ClosedRange<UInt64>)
    func sameEnd(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var (compositions, copied) = (0, 0)
        for _ in 0..<100 {
            var positions = [Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: -20...20, using: &random) : 0]
            while positions.count < 14 {
                let next = Int.random(in: 0..<4, using: &random) == 0 ? 0 : Int.random(in: -20...20, using: &random)
                if next != positions.last { positions.append(next) }
            }
            let requests = Self.requests(positions.map(String.init))
            let joins = Int.random(in: 0..<4, using: &random) == 0
            let subscription = Sample.subscription(.ratio(Ratio(basisPoints: 5_000)), inverse: Bool.random(using: &random)) {
                $0.joinsOnIncrease = joins
            }
            var (single, grouped) = (Follower(subscription: subscription), Follower(subscription: subscription))
            for request in requests { single.plan(request) }
            var rest = requests[...]
            while !rest.isEmpty {
                var batch = rest.prefix(Int.random(in: 1...6, using: &random))
                rest = rest.dropFirst(batch.count)
                while let first = batch.first {
                    let composition = Composition.longest(
                        of: Array(batch), lifecycle: grouped.lifecycle, subscription: subscription, now: Sample.t0 + 1_000)
                    if let composition { grouped.plan(composition) } else { grouped.plan(first) }
                    batch = batch.dropFirst(composition?.requests.count ?? 1)
                    if composition != nil { compositions += 1 }
                }
            }
            let story = Comment(rawValue: "\(positions) joins \(joins) inverse \(subscription.inverse)")
            #expect(grouped.lifecycle?.status == single.lifecycle?.status, story)
            #expect(grouped.lifecycle?.direction == single.lifecycle?.direction, story)
            #expect(grouped.sleeve.position.sign == single.sleeve.position.sign, story)
            #expect(grouped.answered == single.answered, story)
            guard grouped.lifecycle?.status == .copied, !joins else { continue }
            copied += 1
            let target = try Ratio(basisPoints: 5_000) * Size(subscription.inverse ? -positions[14 - 1] : positions[14 - 1])
            for follower in [single, grouped] { #expect((follower.sleeve.position - target).magnitude <= Size(e8: 10_000), story) }
        }
        #expect(compositions > 100 && copied > 20)
    }
}
