import CopyTrading
import JSON
import Testing

@Suite("What a decision was made on")
struct DecisionRecordTests {
    /// Every member other than by default.
    private static let full = PlanningFacts(
        instrument: Instrument(coin: "ETH", asset: 1, sizeDecimals: 4, maximumLeverage: 25, onlyIsolated: true, isDelisted: true),
        states: ScopeStates(global: .exitsOnly, influencer: .windDown, subscriber: .paused, coin: .stopped),
        safety: PlanningFacts.Safety(
            killLevel: .windDown, killReason: "asked by phone", losses: .entriesOff(.drawdown, "12 % below"), openBreakers: ["ETH", "leader-1"],
            isFrozen: true),
        market: PlanningFacts.Market(
            quote: Quote(reference: Price(2_000), bestBid: money("1999.5"), bestAsk: nil), mark: money("2000.25"),
            listedAt: 1_700_000_000_000, dailyVolatility: Ratio(e18: 31_000_000_000_000_001)),
        leader: PlanningFacts.Leader(leverage: 7, orderMargin: Notional(300), marginBalance: money("200000.5"), verifiedAt: Sample.t0 - 9),
        account: AccountFacts(
            equity: Notional(5_000), freeMargin: Notional(4_000), maintenanceMargin: Notional(10), grossNotional: Notional(900),
            netNotional: Notional(-900), coinNotional: .zero),
        mayBeSent: true)
    private static let lifecycle = Lifecycle(
        id: "opened", k: Ratio(e18: 25_000_000_000_000_001), status: .copied, direction: .sell, orderNotional: Notional(100))

    private static func record(_ facts: PlanningFacts, _ lifecycle: Lifecycle? = nil) -> DecisionRecord {
        DecisionRecord(decidedAt: Sample.t0 + 1_000, configVersion: 4, facts: facts, lifecycle: lifecycle)
    }

    private func reread(_ record: DecisionRecord) throws -> DecisionRecord { try DecisionRecord(json: JSON.parse(record.json.text())) }

    @Test("it survives JSON, whatever is known")
    func roundTrip() throws {
        #expect(try reread(Self.record(Self.full, Self.lifecycle)) == Self.record(Self.full, Self.lifecycle))
        var passed = Self.record(Self.full)
        passed.passedBy = "later"
        #expect(try reread(passed) == passed)
        for verdict in [LossLimits.Verdict.clear, .flatten(.dailyLoss, "−600"), .entriesOff(.dailyLoss, "")] {
            let facts = PlanningFacts(instrument: Sample.instrument, safety: PlanningFacts.Safety(losses: verdict))
            #expect(try reread(Self.record(facts)) == Self.record(facts))
        }
    }

    /// Fails for a new member until it is in ``full``, and ``roundTrip()`` then fails until it is in the record.
    @Test("every member of the facts is tried")
    func members() {
        let usual = leaves(PlanningFacts(instrument: nil))
        let tried = leaves(Self.full)
        #expect(usual.keys == tried.keys && usual.count > 15)
        for (path, value) in usual { #expect(tried[path] != value, "\(path)") }
    }

    private func leaves(_ value: Any, _ path: String = "") -> [String: String] {
        switch value {
        case is PlanningFacts, is ScopeStates, is PlanningFacts.Safety, is PlanningFacts.Market, is PlanningFacts.Leader:
            Mirror(reflecting: value).children.reduce(into: [:]) { found, child in
                found.merge(leaves(child.value, path + "." + (child.label ?? "?"))) { first, _ in first }
            }
        default: [path: "\(value)"]
        }
    }

    @Test("what is not known, or by default, takes no room")
    func compact() {
        #expect(
            Self.record(PlanningFacts(instrument: Sample.instrument)).json.text() == """
                {"decidedMs":1784500001000,"configVersion":4,\
                "facts":{"instrument":{"coin":"ETH","asset":1,"szDecimals":4,"maxLeverage":25}}}
                """)
        let copied = Lifecycle(id: "opened", k: .one, status: .copied, direction: .buy)
        #expect(
            Self.record(PlanningFacts(instrument: nil), copied).json.text() == """
                {"decidedMs":1784500001000,"configVersion":4,\
                "lifecycle":{"id":"opened","k":"1","status":"copied","direction":"buy"}}
                """)
    }

    @Test("what is not understood is refused, naming it", arguments: [
        (#"{"configVersion":4}"#, "decidedMs: missing"), (#"{"decidedMs":-1,"configVersion":4}"#, "decidedMs: not a time since 1970"),
        (#"{"decidedMs":5,"configVersion":4,"facts":{"moon":"full"}}"#, "facts.moon: no such fact is known to this program"),
        (#"{"decidedMs":5,"configVersion":4,"facts":{"coinState":"asleep"}}"#, #"facts.coinState: "asleep" is no state"#),
        (#"{"decidedMs":5,"configVersion":4,"facts":{"killLevel":9}}"#, "facts.killLevel: 9 is no level of the kill switch"),
        (#"{"decidedMs":5,"configVersion":4,"facts":{"markPx":"2e3"}}"#, #"facts.markPx: "2e3" is not a decimal number"#),
        (
            #"{"decidedMs":5,"configVersion":4,"facts":{"instrument":{"coin":"ETH","asset":1,"szDecimals":99,"maxLeverage":25}}}"#,
            "facts.instrument.szDecimals: 99 is not within 0…8"
        ),
        (#"{"decidedMs":5,"configVersion":4,"lifecycle":{"id":"a","k":"1","status":"copied"}}"#, "lifecycle.direction: missing"),
    ])
    func refused(text: String, problem: String) throws {
        let json = try JSON.parse(text)
        #expect { try DecisionRecord(json: json) } throws: { "\($0)" == problem }
    }

    @Test("a member that this program would not have written is refused", arguments: [
        #"{"decidedMs":5,"configVersion":4,"more":1}"#, #"{"decidedMs":5,"configVersion":4,"facts":{"isFrozen":false}}"#,
        #"{"configVersion":4,"decidedMs":5}"#, #"{"decidedMs":5,"configVersion":4,"facts":{"markPx":"2000.0"}}"#,
    ])
    func foreign(text: String) throws {
        let json = try JSON.parse(text)
        #expect { try DecisionRecord(json: json) } throws: { "\($0)".contains("is not as this program writes it") }
    }

    @Test("jobs and the planner's results carry it; a worker passes on none, and takes one that it cannot read")
    func carried() throws {
        let flip = Sample.signal(from: "10", to: "-5")
        let request = Sample.request(flip)
        var plan = Sample.plan(flip, lifecycle: Lifecycle(id: "opened", k: .one, status: .copied, direction: .buy), age: 6_000)
        #expect(plan.jobs.map(\.decision) == [nil] && plan.results(for: request, at: 7).map(\.decision) == [nil])
        #expect(plan.jobs[0].json["decision"] == nil)
        plan.decision = Self.record(Self.full, Self.lifecycle)
        let job = try ExecutionJob(json: JSON.parse(plan.jobs[0].json.text()))
        #expect(job == plan.jobs[0])
        #expect(try DecisionRecord(json: #require(job.decision)) == plan.decision)
        let skip = plan.results(for: request, at: 7)[0]
        #expect(try ExecutionResult(json: JSON.parse(skip.json.text())) == skip)
        #expect(try DecisionRecord(json: #require(skip.decision)) == plan.decision)
        #expect(ExecutionResult(job: job, outcome: .filled, requestedSize: Size(1), times: job.times()).decision == nil)
        var later = job
        later.decision = ["decidedMs": "tomorrow"]
        #expect(try ExecutionJob(json: JSON.parse(later.json.text())) == later)
    }
}

@Suite("Deciding again")
struct DecidingAgainTests {
    @Test("the same record decides the same, byte for byte", arguments: 1...20 as ClosedRange<UInt64>)
    func same(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var (jobs, skips, otherwise) = (0, 0, 0)
        for _ in 0..<100 {
            let scene = Scene(&random)
            let plan = scene.decide(scene.record)
            let again = scene.decide(try DecisionRecord(json: JSON.parse(scene.record.json.text())))
            #expect(again == plan)
            #expect(again.jobs.map { $0.json.text() } == plan.jobs.map { $0.json.text() })
            let request = scene.request
            #expect(again.results(for: request, at: 0).map { $0.json.text() } == plan.results(for: request, at: 0).map { $0.json.text() })
            jobs += plan.jobs.count
            skips += plan.legs.count - plan.jobs.count
            var bare = scene.record
            bare.facts = PlanningFacts(instrument: Sample.instrument)
            bare.lifecycle = nil
            if scene.decide(bare).legs != plan.legs { otherwise += 1 }
        }
        // Both kinds occurred, and the record decided on was no formality.
        #expect(jobs > 10 && skips > 10 && otherwise > 10)
    }

    /// A request, the settings it is decided under, and what it is decided on.
    private struct Scene {
        let request: ExecutionRequest
        let subscription: Subscription?
        let account: AccountSettings
        let record: DecisionRecord

        func decide(_ record: DecisionRecord) -> Plan {
            var plan = Planner.decide(
                request: request, subscription: subscription, account: account, facts: record.facts, lifecycle: record.lifecycle,
                now: record.decidedAt)
            plan.decision = record
            return plan
        }

        init(_ random: inout SeededGenerator) {
            func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
            func notional(_ range: ClosedRange<Int>) -> Notional { Notional(Int.random(in: range, using: &random)) }
            func size() -> Size { Size(e8: Int64.random(in: -20...20, using: &random) * 50_000_000) }
            var (start, end) = (size(), size())
            if start == end { (start, end) = (.zero, Size(10)) }
            if chance(30) { start = .zero }
            if start == end { end = Size(3) }
            let price = Price(e8: Int64.random(in: 150_000_000_000...250_000_000_000, using: &random))
            let signal = Sample.signal(
                from: "\(start)", to: "\(end)", at: "\(price)", tid: Int64.random(in: 1...1_000_000, using: &random),
                equity: chance(90) ? notional(1_000...500_000) : nil, crossed: chance(70))
            request = Sample.request(signal)
            let sizings: [SizingMode] = [
                .fixedNotional(notional(5...500)), .fixedNotional(notional(5...500), perOrder: true), .ratio(Ratio(basisPoints: 37)),
                .equityProportional(allocation: notional(100...9_000), multiplier: Ratio(basisPoints: 15_000)),
                .marginProportional(allocation: notional(100...9_000), multiplier: .one), .fixedMargin(notional(10...200)),
            ]
            subscription = chance(95)
                ? Sample.subscription(
                    sizings.randomElement(using: &random)!,
                    limits: Subscription.Limits(
                        maximumOrderNotional: chance(40) ? notional(20...300) : nil,
                        maximumPositionNotional: chance(30) ? notional(20...900) : nil),
                    filters: EntryFilters(
                        maximumLeaderLeverage: chance(20) ? 10 : nil, newListingDays: chance(20) ? 10 : 0),
                    inverse: chance(20)) { $0.joinsOnIncrease = chance(30) }
                : nil
            account = AccountSettings(
                state: chance(95) ? .active : .paused, sharing: AccountSharing.allCases.randomElement(using: &random)!,
                losses: LossLimits(dailyLoss: chance(20) ? Notional(500) : nil))
            let facts = PlanningFacts(
                instrument: chance(95) ? Sample.instrument : nil,
                states: ScopeStates(coin: chance(95) ? .active : CopyState.allCases.randomElement(using: &random)!),
                safety: PlanningFacts.Safety(
                    killLevel: chance(95) ? .none : .pauseEntries, losses: chance(70) ? .clear : .entriesOff(.dailyLoss, "−501"),
                    openBreakers: chance(5) ? ["ETH"] : [], isFrozen: chance(5)),
                market: PlanningFacts.Market(
                    quote: chance(50) ? Quote(reference: price, bestBid: price - Price(1), bestAsk: price + Price(1)) : nil,
                    mark: chance(50) ? price : nil,
                    listedAt: chance(70) ? Sample.t0 - Int64.random(in: 0...20, using: &random) * 86_400_000 : nil),
                leader: PlanningFacts.Leader(
                    leverage: chance(70) ? Int.random(in: 1...25, using: &random) : nil,
                    orderMargin: chance(70) ? notional(10...9_000) : nil,
                    marginBalance: chance(70) ? notional(9_000...90_000) : nil,
                    verifiedAt: chance(50) ? Sample.t0 - Int64.random(in: 0...130_000, using: &random) : nil))
            let lifecycle = chance(60)
                ? Lifecycle(
                    id: "opened", k: Ratio(e18: Int128.random(in: 1...2_000_000_000_000_000_000, using: &random)),
                    status: chance(80) ? .copied : .uncopied, direction: chance(50) ? .buy : .sell,
                    orderNotional: chance(20) ? notional(5...500) : nil)
                : nil
            record = DecisionRecord(
                decidedAt: Sample.t0 + Int64.random(in: 0...6_000, using: &random), configVersion: 3, facts: facts, lifecycle: lifecycle)
        }
    }
}
