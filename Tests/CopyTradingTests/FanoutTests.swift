import CopyTrading
import JSON
import Testing

/// What all copies of one signal share: the order they go in, and the book they trade against.
@Suite("Fan-out")
struct FanoutTests {
    /// Opens 10 ETH at 2,000 of an equity of 200,000.
    private let opening = Sample.signal(from: "0", to: "10")

    private func follower(_ id: SubscriptionID, _ sizing: SizingMode, _ change: (inout Subscription) -> Void = { _ in }) -> Subscription {
        Sample.subscription(sizing) { subscription in
            subscription.id = id
            change(&subscription)
        }
    }

    private func allocation(_ id: SubscriptionID, _ allocation: Int, _ change: (inout Subscription) -> Void = { _ in }) -> Subscription {
        follower(id, .equityProportional(allocation: Notional(allocation), multiplier: .one), change)
    }

    private func places(_ followers: [Subscription], _ signal: Signal? = nil, states: ScopeStates = ScopeStates()) -> [FanoutPlace] {
        FanoutPlace.places(of: followers, copying: signal ?? opening) { _ in states }
    }

    /// Levels of one coin each from 2,000 up and from 1,999 down.
    private func book(levels: Int = 5, size: String = "1") -> MarketDepth {
        func level(_ price: Int) -> MarketDepth.Level { .init(price: Price(price), size: money(size)) }
        return MarketDepth(bids: (0..<levels).map { level(1_999 - $0) }, asks: (0..<levels).map { level(2_000 + $0) }, heardAt: Sample.t0)
    }

    private func quote(_ bid: Int = 1_999, _ ask: Int = 2_000) -> Quote { Quote(bestBid: Price(bid), bestAsk: Price(ask))! }

    // MARK: - Places

    @Test("R-74: ranks are 1…n in the order given, and the parts are as the orders that the settings ask for")
    func parts() {
        let places = places([allocation("a", 5_000), allocation("b", 10_000), follower("c", .fixedNotional(Notional(500)))])
        #expect(places.map(\.rank) == [1, 2, 3])
        #expect(places.map(\.followers) == [3, 3, 3])
        // 500, 1,000 and 500 USDC
        #expect(places.map(\.part) == [250_000_000, 500_000_000, 250_000_000])
    }

    @Test("R-74: each mode counts with what it asks for, the caps of its own settings included", arguments: [
        (.fixedNotional(Notional(1_000)), 1_000), (.fixedMargin(Notional(200)), 200), (.fixedSize(Size(1)), 2_000),
        (.ratio(Ratio(basisPoints: 1_000)), 2_000), (.equityProportional(allocation: Notional(5_000), multiplier: .one), 500),
        (.marginProportional(allocation: Notional(5_000), multiplier: .one), 500),
        (.tiered([SizingBracket(upTo: nil, multiplier: Ratio(basisPoints: 500))]), 1_000),
        (.volatilityScaled(.fixedNotional(Notional(700)), target: .one, maximumWeight: .one), 700),
    ] as [(SizingMode, Int64)])
    func weights(mode: SizingMode, worth: Int64) {
        var signal = opening
        signal.leaderLeverage = 1
        let other = follower("other", .fixedNotional(Notional(1_000)))
        #expect(places([follower("own", mode), other], signal)[0].part == worth * FanoutPlace.whole / (worth + 1_000))
        let capped = follower("own", mode) { $0.limits.maximumOrderNotional = Notional(100) }
        #expect(places([capped, other], signal)[0].part == 100 * FanoutPlace.whole / 1_100)
    }

    @Test("R-74: of an increase each asks for its share of the leader's step, one with orders of one size for one")
    func increases() {
        let signal = Sample.signal(from: "10", to: "20")
        let anchored = follower("anchored", .fixedNotional(Notional(1_000)))
        let perOrder = follower("each", .fixedNotional(Notional(1_000), perOrder: true))
        // 500 and 1,000 USDC
        #expect(places([anchored, perOrder], signal).map(\.part) == [333_333_333, 666_666_666])
    }

    @Test("R-74: without the leader's equity the parts are as the allocations; nobody that may still add is left without")
    func unknownEquity() {
        for equity in [nil, Notional.zero, Notional(-5)] {
            let signal = Sample.signal(from: "5", to: "10", equity: equity)
            #expect(places([allocation("a", 1_000), allocation("b", 3_000)], signal).map(\.part) == [250_000_000, 750_000_000])
        }
    }

    @Test("R-74: one that entries are off for keeps its rank and leaves its part to the others; exits have no parts")
    func inactive() {
        let paused = allocation("a", 5_000) { $0.state = .paused }
        let denied = allocation("b", 5_000) { $0.limits.deniedCoins = [CoinPattern("ETH")] }
        let places = places([paused, denied, allocation("c", 5_000)])
        #expect(places.map(\.rank) == [1, 2, 3])
        #expect(places.map(\.part) == [0, 0, FanoutPlace.whole])
        #expect(self.places([allocation("c", 5_000)], states: ScopeStates(coin: .paused)).map(\.part) == [0])
        #expect(self.places([allocation("c", 5_000)], Sample.signal(from: "10", to: "0")).map(\.part) == [0])
        #expect(self.places([]).isEmpty)
    }

    // MARK: - The book

    @Test("R-74: what is visible to an order is what lies on the other side at its limit or better")
    func visible() {
        let book = book()
        #expect(book.visible(to: .buy, within: Price(2_002)) == Size(3))
        #expect(book.visible(to: .buy, within: Price(1_999)) == .zero)
        #expect(book.visible(to: .buy, within: Price(9_999)) == Size(5))
        #expect(book.visible(to: .sell, within: Price(1_998)) == Size(2))
        #expect(book.visible(to: .sell, within: Price(2_000)) == .zero)
        #expect(MarketDepth(bids: [], asks: [], heardAt: 1).visible(to: .buy, within: Price(2_000)) == .zero)
    }

    @Test("R-74: where the market has moved since, a level counts as far behind the best price as it was")
    func moved() {
        let book = book()
        // 1 % up: the levels are at 2020, 2021.01, 2022.02, … now
        #expect(book.visible(to: .buy, within: Price(2_022), best: Price(2_020)) == Size(2))
        #expect(book.visible(to: .buy, within: Price(2_003), best: Price(2_020)) == .zero)
        // 10 % down: every level is within a limit of before
        #expect(book.visible(to: .buy, within: Price(2_000), best: Price(1_800)) == Size(5))
        #expect(book.visible(to: .sell, within: Price(1_790), best: Price(1_799)) == Size(5))
    }

    @Test("R-74: a copy has its part of the share, truncated")
    func room() {
        let cap = FanoutCap(depth: book(), percent: 50)
        func room(_ part: Int64) -> Size { cap.room(for: FanoutPlace(rank: 1, followers: 2, part: part), side: .buy, limit: Price(2_002)) }
        #expect(room(FanoutPlace.whole) == money("1.5"))
        #expect(room(333_333_333) == money("0.49999999"))
        #expect(room(0) == .zero)
    }

    @Test("a book is read as it was written, and nonsense is refused", arguments: [
        "", "1 2", "1 - - -", "0 - -", "-1 - -", "x - -", "1 10:1,:2 -", "1 10:0 -", "1 0:1 -", "1 10 -", "1 10:1:1 -", "1 10:1, -",
    ])
    func text(malformed: String) throws {
        let book = MarketDepth(
            bids: [.init(price: money("49990.5"), size: money("1.2")), .init(price: Price(49_989), size: Size(3))],
            asks: [.init(price: Price(50_010), size: money("0.00001"))], heardAt: 1_795_240_482_390)
        #expect(book.text == "1795240482390 49990.5:1.2,49989:3 50010:0.00001")
        #expect(try MarketDepth(text: book.text) == book)
        let empty = MarketDepth(bids: [], asks: [], heardAt: 7)
        #expect(try MarketDepth(text: empty.text) == empty)
        #expect(throws: MoneyError.self) { try MarketDepth(text: malformed) }
    }

    // MARK: - Orders

    /// An entry of 0.25 ETH with a limit of 2010, or what else the signal gives.
    private func job(_ signal: Signal? = nil, part: Int64 = FanoutPlace.whole, belowMinimum: BelowMinimum = .skip) throws -> ExecutionJob {
        let request = Sample.request(signal ?? opening, place: FanoutPlace(rank: 2, followers: 3, part: part))
        let plan = Planner.decide(
            request: request, subscription: Sample.subscription(belowMinimum: belowMinimum), facts: PlanningFacts(instrument: Sample.instrument),
            lifecycle: nil, now: Sample.t0 + 1_000)
        return try #require(plan.jobs.first)
    }

    @Test("R-74, R-81: an entry above its part is cut to it, on record after the caps and before the lot; what is held then is the measure")
    func clipped() throws {
        // 11 levels within the limit, of 0.02222222 each; half of that is 0.12222221
        let cap = FanoutCap(depth: book(levels: 20, size: "0.02222222"), percent: 50)
        let account = AccountView(
            limits: AccountSettings.Limits(maximumGrossNotional: Notional(1_000)),
            facts: AccountFacts(equity: Notional(5_000), freeMargin: Notional(5_000), grossNotional: Notional(600)))
        let intent = try #require(Sample.prepare(try job(), .empty, quote: quote(), account: account, fanout: cap).intent)
        #expect(intent.clips.map(\.gate) == [.grossCap, .depth, .lot])
        #expect(intent.clips[1].after == money("0.12222221") && intent.size == money("0.1222"))
        #expect(intent.correctsK)
        #expect(intent.detail?.hasSuffix("→ 0.12222221 by depth") == true)
        #expect(Gate.depth.appliesTo == .entries)
    }

    @Test("R-74: an entry within its part goes as it is, and so does one whose book, or place, is not known")
    func untouched() throws {
        let thin = FanoutCap(depth: book(size: "0.01"), percent: 50)
        let deep = FanoutCap(depth: book(size: "100"), percent: 50)
        #expect(Sample.prepare(try job(), .empty, quote: quote(), fanout: deep).intent?.clips == [])
        #expect(Sample.prepare(try job(), .empty, quote: quote()).intent?.size == money("0.25"))
        var placeless = try job()
        placeless.place = nil
        #expect(Sample.prepare(placeless, .empty, quote: quote(), fanout: thin).intent?.size == money("0.25"))
    }

    @Test("R-74: what is left below the exchange's minimum ends for want of a book, whatever is done with small entries", arguments: BelowMinimum.allCases)
    func tooSmall(policy: BelowMinimum) throws {
        // 0.0025 ETH are worth 5 USDC
        let cap = FanoutCap(depth: book(size: "0.001"), percent: 50)
        let skip = Sample.prepare(try job(belowMinimum: policy), .empty, quote: quote(), fanout: cap)
        #expect(skip.outcome == .noBook)
        #expect(skip.detail?.contains("0.25 → 0.0025 by depth") == true)
        #expect(skip.sleeve == .empty)
        #expect(Sample.prepare(try job(part: 0, belowMinimum: policy), .empty, quote: quote(), fanout: cap).outcome == .noBook)
    }

    @Test("R-74, R-27: a book past the limit is for the price to answer, which waits for it")
    func pastLimit() throws {
        let cap = FanoutCap(depth: book(size: "0.001"), percent: 50)
        #expect(Sample.prepare(try job(), .empty, quote: quote(2_019, 2_020), fanout: cap).outcome == .priceMoved)
    }

    @Test("R-74, R-80: an exit is as large as without a book", arguments: ["5", "0"])
    func exits(end: String) throws {
        let exit = try job(Sample.signal(from: "10", to: end))
        let held = Sleeve(position: money("0.25"), averageEntry: Price(2_000))
        let cap = FanoutCap(depth: MarketDepth(bids: [], asks: [], heardAt: 1), percent: 1)
        let free = Sample.prepare(exit, held, quote: quote())
        #expect(free.intent != nil && Sample.prepare(exit, held, quote: quote(), fanout: cap) == free)
    }

    @Test(
        "R-74: all copies together keep to the share, each has the same in whatever order they come, and without need none is cut",
        arguments: 0..<20 as Range<UInt64>)
    func together(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let side: Side = Bool.random(using: &random) ? .buy : .sell
            let signal = Sample.signal(from: "0", to: side == .buy ? "10" : "-10")
            let followers = (0..<Int.random(in: 1...12, using: &random)).map { index in
                allocation(SubscriptionID("sub-\(index)"), Int.random(in: 200...200_000, using: &random)) {
                    if Int.random(in: 0..<8, using: &random) == 0 { $0.state = .exitsOnly }
                }
            }
            func levels(_ step: Int) -> [MarketDepth.Level] {
                (0..<Int.random(in: 1...20, using: &random)).map {
                    .init(price: Price(2_000 + step * $0), size: Size(e8: Int64.random(in: 1...300_000_000, using: &random)))
                }
            }
            let depth = MarketDepth(bids: levels(-1), asks: levels(1), heardAt: Sample.t0)
            let cap = FanoutCap(depth: depth, percent: Int.random(in: 1...100, using: &random))
            func sizes(_ order: [Subscription]) throws -> [SubscriptionID: (planned: Size, sent: Size)] {
                var sizes: [SubscriptionID: (planned: Size, sent: Size)] = [:]
                for (follower, place) in zip(order, places(order, signal)) {
                    let request = Sample.request(signal, subscription: follower.id, place: place)
                    let plan = Planner.decide(
                        request: request, subscription: follower, facts: PlanningFacts(instrument: Sample.instrument), lifecycle: nil, now: Sample.t0)
                    guard let job = plan.jobs.first, case .size(let planned) = job.quantity else { continue }
                    let quote = Quote(bestBid: Price(2_000), bestAsk: Price(2_000))
                    sizes[follower.id] = (planned, Sample.prepare(job, .empty, quote: quote, fanout: cap).intent?.size ?? .zero)
                }
                return sizes
            }
            let first = try sizes(followers)
            let again = try sizes(followers.shuffled(using: &random))
            #expect(first.mapValues { $0.sent } == again.mapValues { $0.sent })
            let limit = side == .buy ? Price(2_010) : Price(1_990)
            let (planned, sent) = first.values.reduce((Size.zero, Size.zero)) { ($0.0 + $1.planned, $0.1 + $1.sent) }
            let allowed = Int128(depth.visible(to: side, within: limit).e8) * Int128(cap.percent)
            #expect(Int128(sent.e8) * 100 <= allowed)
            // A lot for each and the truncated parts may be missing where it fits exactly.
            if Int128((planned + Size(followers.count)).e8) * 100 <= allowed { #expect(sent == planned) }
        }
    }

    // MARK: - Records

    @Test("R-74: rank, number and part go from the request to its jobs and results, and entries without them are read")
    func records() throws {
        let place = FanoutPlace(rank: 7, followers: 120, part: 8_333_333)
        let request = Sample.request(Sample.signal(from: "10", to: "-5"), place: place)
        #expect(try ExecutionRequest(json: JSON.parse(request.json.text())) == request)
        #expect(try request.json.integer("rank") == 7 && request.json.integer("of") == 120 && request.json.integer("part") == 8_333_333)
        let plan = Planner.decide(
            request: request, subscription: Sample.subscription(), facts: PlanningFacts(instrument: Sample.instrument), lifecycle: nil,
            now: Sample.t0 + 60_000)
        let job = try #require(plan.jobs.first)
        #expect(job.action == .close && job.place == place)
        #expect(try ExecutionJob(json: JSON.parse(job.json.text())) == job)
        let skipped = try #require(plan.results(for: request, at: 1).first)
        let result = ExecutionResult(job: job, outcome: .noPosition, requestedSize: .zero, times: job.times())
        for result in [skipped, result] {
            #expect(result.place == place)
            #expect(try ExecutionResult(json: JSON.parse(result.json.text())) == result)
        }
        let bare = Sample.request(opening)
        #expect(bare.json["rank"] == nil)
        #expect(try ExecutionRequest(json: bare.json).place == nil)
        let last = Sample.request(opening, place: FanoutPlace(rank: 3, followers: 3))
        #expect(last.json["part"] == nil)
        #expect(try ExecutionRequest(json: JSON.parse(last.json.text())) == last)
    }

    @Test("R-74: an impossible place is refused, naming the field", arguments: [
        (0, 3, 1, "rank: 0 is not within 1…3"), (4, 3, 1, "rank: 4 is not within 1…3"), (1, 0, 1, "of: 0 is not within 1…2147483647"),
        (1, 1, 1_000_000_001, "part: 1000000001 is not within 0…1000000000"), (1, 1, -1, "part: -1 is not within 0…1000000000"),
    ])
    func refused(rank: Int, of followers: Int, part: Int64, problem: String) {
        let request = Sample.request(opening, place: FanoutPlace(rank: rank, followers: followers, part: part))
        #expect { try ExecutionRequest(json: request.json) } throws: { "\($0)" == problem }
    }

    @Test("R-74: the lag of a copy runs from the leader's fill to the answer that ours was filled")
    func lag() throws {
        let job = try job()
        var fills = OrderFills()
        fills.add(size: money("0.25"), price: Price(2_000), fee: .zero)
        var times = job.times()
        times.acknowledged = Sample.t0 * 1_000 + 412_345
        func result(_ fills: OrderFills?, _ times: ExecutionResult.Times) -> ExecutionResult {
            ExecutionResult(job: job, outcome: fills == nil ? .stale : .filled, requestedSize: money("0.25"), fills: fills, times: times)
        }
        #expect(result(fills, times).copyLag == 412_345)
        #expect(result(nil, times).copyLag == nil)
        #expect(result(fills, job.times()).copyLag == nil)
        var own = result(fills, times)
        own.origin = .drift
        #expect(own.copyLag == nil)
    }
}
