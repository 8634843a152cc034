import CopyTrading
import JSON
import Redis
import Testing

@testable import vibe

/// Stories as the planner and the records make them. The numbers are those of the rules' golden vectors: ETH at about 2,000, a leader's
/// equity of 200,000, an allocation of 5,000.
@Suite("The story of one copy")
struct ExplainTests {
    /// Exchange time of the leader's last fill, milliseconds.
    private static let t0: Int64 = 1_784_500_000_000
    /// Frame received, microseconds: late in its millisecond, in which the signal is published as well.
    private static let received = (t0 + 400) * 1_000 + 700

    // MARK: - Clips

    @Test("each gate that changed the size is told once and in order, those of the plan before those made at sending")
    func clips() throws {
        let leg = try executed().onlyLeg()
        #expect(leg.clips.map(\.description) == [
            "0.25 → 0.14996813 by max_order_notional", "0.14996813 → 0.1499 by lot", "0.1499 → 0.1 by max_coin_notional",
        ])
        // the numbers of the clips are in their list, so they are not told again
        #expect(leg.detail == "attempt 1 was found at the exchange")
        let text = StoryText(story: try executed(), terminal: Terminal(width: 120)).rendered()
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let heading = try #require(lines.firstIndex(of: ["GATE", "BEFORE", "AFTER"]))
        #expect(lines[heading + 1] == ["max_order_notional", "0.25", "0.14996813"])
        #expect(lines[heading + 2] == ["lot", "0.14996813", "0.1499"])
        #expect(lines[heading + 3] == ["max_coin_notional", "0.1499", "0.1"])
        #expect(text.components("max_coin_notional") == 1)
    }

    @Test("while a leg is open, what its attempt changed comes from the journal")
    func openAttempt() throws {
        let leg = try open().onlyLeg()
        #expect(leg.clips.map(\.gate) == [.orderCap, .lot, .coinCap])
        let card = try leg.subscriber()
        #expect(card.asked == Size(e8: 10_000_000))
        #expect(card.filled == nil && card.slippageBasisPoints == nil)
        #expect(rows(card.rows)["limit"] == "2008.1")
        #expect(rows(card.rows)["reduce-only"] == "no")
        #expect(StoryTimes(leg).hops.map(\.step) == [.leaderFill, .received, .signal, .request, .job, .prepared])
        let text = StoryText(story: try open(), terminal: Terminal(width: 120)).rendered()
        #expect(text.contains("open buy queued"))
        #expect(text.contains("attempt 1 is open, as order 0x5b1f"))
    }

    // MARK: - Cards

    @Test("an executed entry: what the leader did and what the subscriber got for it")
    func cards() throws {
        let leg = try executed().onlyLeg()
        let leader = rows(try leg.leader().rows)
        #expect(leader["position"] == "0 → 10")
        #expect(leader["size"] == "10")
        #expect(leader["average price"] == "2000.425")
        #expect(leader["notional"] == "20004.25")
        #expect(leader["equity"] == "200000")
        #expect(leader["cause"] == "voluntary")
        #expect(leader["liquidity"] == "taker")
        let subscriber = rows(try leg.subscriber().rows)
        #expect(subscriber["side"] == "buy")
        #expect(subscriber["asked"] == "0.1499")
        #expect(subscriber["filled"] == "0.1")
        #expect(subscriber["average price"] == "2001")
        #expect(subscriber["notional"] == "200.1")
        #expect(subscriber["fee"] == "0.09")
        #expect(subscriber["position after"] == "0.1")
        #expect(subscriber["planned limit"] == "2010.4")
        #expect(subscriber["reduce-only"] == "no")
        #expect(subscriber["leverage"] == "5")
        #expect(subscriber["slippage"] == "2.87 bps")
        #expect(subscriber["copy ratio"] == "0.01")
    }

    @Test("slippage is what was paid more, on either side", arguments: [("1999", "-7.12"), ("2002", "7.87")])
    func slippage(price: String, basisPoints: String) throws {
        let bought = try executed(at: price).onlyLeg().subscriber()
        #expect(bought.slippageBasisPoints?.description == basisPoints)
        let sold = try executed(at: price, inverse: true).onlyLeg().subscriber()
        #expect(sold.side == .sell)
        #expect(sold.slippageBasisPoints?.description == (basisPoints.hasPrefix("-") ? String(basisPoints.dropFirst()) : "-" + basisPoints))
    }

    @Test("a fee that is not known is not left out")
    func unknownFee() throws {
        let story = try executed(fee: nil)
        #expect(rows(try story.onlyLeg().subscriber().rows)["fee"] == "not known")
    }

    @Test("cards stand beside each other where there is room, else below, never beyond the terminal", arguments: [40, 52, 60, 120])
    func layout(width: Int) throws {
        let leg = try executed().onlyLeg()
        let lines = StoryCards(leg).rendered(for: Terminal(width: width), indent: 4).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
        let leader = try #require(lines.firstIndex { $0.contains("LEADER") })
        let subscriber = try #require(lines.firstIndex { $0.contains("SUBSCRIBER") })
        #expect(width >= 60 ? leader == subscriber : leader < subscriber)
        // whatever the width, no figure is shortened
        let text = lines.joined(separator: "\n")
        for value in ["0 → 10", "20004.25", "voluntary", "2.87 bps", "0.09"] { #expect(text.contains(value)) }
    }

    // MARK: - Hops

    @Test("each hop has its own time and the sum so far")
    func hops() throws {
        let times = StoryTimes(try executed().onlyLeg())
        #expect(times.hops.map(\.step) == [.leaderFill, .received, .signal, .request, .job, .prepared, .sent, .acknowledged, .result])
        // the signal's id says the millisecond in which the frame came, and it cannot have been published before
        #expect(times.hops.map(\.time) == [0, 400_700, 0, 2_300, 3_000, 4_250, 1_000, 788_750, 3_000])
        #expect(times.hops.map(\.sum) == [0, 400_700, 400_700, 403_000, 406_000, 410_250, 411_250, 1_200_000, 1_203_000])
        #expect(times.engine == 10_550)
        #expect(times.tokenWait == StoryTimes.TokenWait(microseconds: 3_500, bucket: "subscriber:alice"))
        let lines = times.rendered(for: Terminal(width: 120), indent: 4).split(separator: "\n").map(String.init)
        #expect(lines[0].split(separator: " ") == ["HOP", "AT", "TIME", "SUM"])
        #expect(lines[7].contains("sent") && lines[7].contains("2026-07-19T22:26:40.411250Z"))
        #expect(lines[7].hasSuffix("1.0 ms  411 ms"))
        #expect(lines.contains("    engine 10 ms, frame received → sent"))
        #expect(lines.last == "    token wait 3.5 ms, limited by subscriber:alice")
    }

    @Test("a narrow terminal shows the times without the clock")
    func narrowHops() throws {
        let lines = StoryTimes(try executed().onlyLeg()).rendered(for: Terminal(width: 52), indent: 4).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 52 })
        #expect(lines[0].split(separator: " ") == ["HOP", "TIME", "SUM"])
        #expect(lines[7].split(separator: " ") == ["sent", "1.0", "ms", "411", "ms"])
    }

    @Test("fills of different times: the frame is the first one's, and what followed it is no time running backwards")
    func slowFills() throws {
        let story = try executed(firstFill: Self.t0 - 900)
        let leg = try story.onlyLeg()
        let early = StoryTimes(leg)
        #expect(early.hops.prefix(3).map(\.step) == [.firstFill, .leaderFill, .received])
        #expect(early.hops.prefix(3).map(\.sum) == [0, 900_000, 1_300_700])
        let late = StoryTimes(try executed(firstFill: Self.t0 - 900, received: (Self.t0 - 500) * 1_000).onlyLeg())
        #expect(late.hops.prefix(4).map(\.step) == [.firstFill, .received, .leaderFill, .signal])
        #expect(late.hops.prefix(4).map(\.time) == [0, 400_000, 500_000, 400_000])
    }

    @Test("clocks that disagree are not hidden")
    func clocks() throws {
        let hops = StoryTimes(try executed(received: (Self.t0 - 20) * 1_000).onlyLeg()).hops
        #expect(hops[1].step == .received)
        #expect(hops[1].time == -20_000)
    }

    // MARK: - Skips and flips

    @Test("a skipped copy: the reason, what was asked, the hops until then")
    func skipped() throws {
        let story = try story(of: signal(from: "0", to: "0.1"), age: 1_000)
        let leg = try story.onlyLeg()
        #expect(leg.result?.outcome == .minimumNotional)
        let card = try leg.subscriber()
        #expect(card.asked == Size(e8: 250_000))
        #expect(card.filled == .zero)
        #expect(card.notional == nil && card.copyRatio == nil && card.slippageBasisPoints == nil && card.reduceOnly == nil)
        #expect(StoryTimes(leg).hops.map(\.step) == [.leaderFill, .received, .signal, .request, .planned, .result])
        #expect(StoryTimes(leg).engine == nil)
        let text = StoryText(story: story, terminal: Terminal(width: 120)).rendered()
        #expect(text.contains("open buy SKIP_MIN_NOTIONAL"))
        #expect(text.contains("is worth less than 10.3"))
        #expect(text.contains("no gate changed the size"))
        #expect(!text.contains("engine"))
    }

    @Test("a flip has two legs, each with its own cards and outcome, in the signal's order however the results came", arguments: [40, 120])
    func flip(width: Int) throws {
        let story = try flip()
        let legs = story.legs(of: try story.onlyCopy())
        #expect(legs.map(\.index) == [0, 1])
        #expect(legs.map(\.result?.outcome) == [.filled, .stale])
        #expect(legs.map { $0.leg?.start } == [Size(10), .zero])
        let close = rows(try legs[0].subscriber().rows)
        #expect(close["asked"] == "0.25")
        #expect(close["copy ratio"] == "0.025")
        #expect(close["reduce-only"] == nil)
        #expect(rows(try legs[1].leader().rows)["position"] == "0 → -5")
        #expect(rows(try legs[1].leader().rows)["notional"] == "10000")
        let lines = StoryText(story: story, terminal: Terminal(width: width)).rendered().split(separator: "\n").map(String.init)
        let first = try #require(lines.firstIndex(of: "  leg 1 of 2: close sell OK_FILLED"))
        let second = try #require(lines.firstIndex(of: "  leg 2 of 2: open sell SKIP_STALE"))
        #expect(first < second)
        #expect(lines.filter { $0.contains("LEADER") }.count == 2)
        #expect(lines.filter { $0.contains("SUBSCRIBER") }.count == 2)
        #expect(lines.filter { $0.contains("LEADER") && $0.contains("SUBSCRIBER") }.count == (width == 120 ? 2 : 0))
    }

    @Test("a leg that nothing decided yet is there, and so is what cannot be read")
    func incomplete() throws {
        let requested = try story(of: signal(from: "10", to: "-5"), age: nil)
        #expect(requested.legs(of: try requested.onlyCopy()).map(\.action) == [.close, .open])
        let undecided = StoryText(story: requested, terminal: Terminal(width: 120)).rendered()
        #expect(undecided.contains("leg 2 of 2: open requested") && undecided.contains("not decided yet"))
        #expect(!undecided.contains("gate") && !undecided.contains("attempt"))

        var unsent = try open()
        unsent.attempts = [:]
        #expect(StoryText(story: unsent, terminal: Terminal(width: 120)).rendered().contains("no attempt yet"))
        let request = try #require(unsent.requests.first?.text("id"))
        unsent.signal = entry("influencer_signals", Self.t0, ["id": "x"])
        let known = try unsent.onlyLeg()
        #expect(known.jobID == JobID(request: RequestID(request), leg: 0).text && known.leg?.action == .open)
        #expect(known.faults.count == 1)

        var story = try executed()
        let job = try #require(story.jobs[0].text("id"))
        story.results = [entry("execution_results", Self.t0, ["subscription": "sub-1", "job": .string(job), "signal": "x"])]
        let leg = try story.onlyLeg()
        #expect(leg.index == 0 && leg.result == nil)
        #expect(leg.faults.count == 1 && leg.faults[0].contains("cannot be read: request: missing"))
        #expect(StoryText(story: story, terminal: Terminal(width: 120)).rendered().contains("unreadable"))

        story.results = [entry("execution_results", Self.t0, .null)]
        #expect(story.strays.count == 1)
        let text = StoryText(story: story, terminal: Terminal(width: 120)).rendered()
        #expect(text.contains("other entries\n  vibe:{c0}:execution_results:03"))
    }

    @Test("two results of one leg are both told")
    func twice() throws {
        var story = try executed()
        story.results.append(entry("execution_results", Self.t0 + 2_000, try #require(story.results[0].data)))
        #expect(story.legs(of: try story.onlyCopy()).map(\.index) == [0, 0])
    }

    @Test("a signal's copies have a line a leg, with the outcome of each")
    func manyCopies() throws {
        var story = try flip()
        let other = try self.story(of: signal(from: "10", to: "-5"), subscription: "sub-2", age: 1_000)
        story.requests += other.requests
        story.jobs += other.jobs
        let lines = StoryText(story: story, terminal: Terminal(width: 140)).rendered().split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("sub-1") }.map { $0.split(separator: " ")[3] } == ["OK_FILLED", "SKIP_STALE"])
        #expect(lines.filter { $0.hasPrefix("sub-2") }.map { $0.split(separator: " ")[3] } == ["queued", "queued"])
    }

    // MARK: - Rank and lag

    @Test("R-74: each copy has its rank and its lag: in the table, in its own story and in --json")
    func rankAndLag() throws {
        let place = FanoutPlace(rank: 2, followers: 3, part: 333_333_333)
        var story = try executed(place: place)
        let single = StoryText(story: story, terminal: Terminal(width: 120)).rendered()
        #expect(single.contains("rank 2 of 3 in the order of the signal's copies"))
        #expect(single.contains("lag 1.2 s, leader's fill → filled"))
        let leg = try Self.firstLeg(story)
        #expect(try leg.integer("rank") == 2)
        #expect(try leg.integer("of") == 3)
        #expect(try leg.integer("lagUs") == 1_200_000)

        let late = try self.story(
            of: signal(from: "0", to: "10", at: "2000.425"), subscription: "sub-2", age: 6_000, place: FanoutPlace(rank: 3, followers: 3))
        let early = try self.story(of: signal(from: "0", to: "10", at: "2000.425"), subscription: "sub-3", age: nil)
        story.requests += late.requests + early.requests
        story.results += late.results
        for width in [100, 140] {
            let lines = StoryText(story: story, terminal: Terminal(width: width)).rendered().split(separator: "\n")
            let heading = try #require(lines.first { $0.contains("SUBSCRIPTION") }).split(separator: " ")
            #expect(heading.contains("RANK") && heading.contains("LAG"))
            #expect(heading.contains("WRITTEN") == (width == 140))
            let executed = try #require(lines.first { $0.hasPrefix("sub-1") }).split(separator: " ")
            #expect(executed[4] == "2/3")
            let lag = try #require(executed.firstIndex(of: "1.2"))
            #expect(executed[lag + 1] == "s")
            let (late, early) = (lines.first { $0.hasPrefix("sub-2") }, lines.first { $0.hasPrefix("sub-3") })
            #expect(late?.split(separator: " ").contains("3/3") == true)
            // a request that knows no places
            #expect(early?.contains("/") == false)
        }
        let bare = try Self.firstLeg(try executed())
        #expect(bare["rank"] == Optional<JSON>.none && bare["of"] == Optional<JSON>.none)
    }

    private static func firstLeg(_ story: Story) throws -> JSON {
        let copy = try #require(try story.json.array("copies").first)
        return try #require(try copy.array("legs").first)
    }

    // MARK: - JSON

    @Test("--json has clips, cards and hops of each leg")
    func json() throws {
        let copy = try #require(try executed().json.array("copies").first)
        #expect(try copy.string("subscription") == "sub-1")
        let leg = try #require(try copy.array("legs").first)
        #expect(try leg.integer("leg") == 0)
        #expect(try leg.string("outcome") == "OK_PARTIAL")
        #expect(try leg.list("clips", Clip.init(json:)).map(\.gate) == [.orderCap, .lot, .coinCap])
        let leader = try leg.field("leader")
        #expect(try ["start", "end", "ntl", "liquidity"].map { try leader.string($0) } == ["0", "10", "20004.25", "taker"])
        let subscriber = try leg.field("subscriber")
        #expect(try subscriber.string("slippageBps") == "2.87")
        #expect(try subscriber.string("copyRatio") == "0.01")
        #expect(try subscriber.bool("reduceOnly") == false)
        let hops = try leg.array("hops")
        #expect(try hops.map { try $0.string("hop") }.last == "result")
        #expect(try hops.map { try $0.integer("sumUs") }.last == 1_203_000)
        #expect(try leg.integer("engineUs") == 10_550)
        #expect(try leg.field("tokenWait").string("bucket") == "subscriber:alice")
    }
}

// MARK: - Stories

extension ExplainTests {
    /// One OPEN 0 → 10, sized 0.25, cut to 0.1499 when it was planned and to 0.1 when it was sent; 0.1 of it was filled.
    private func executed(
        at price: String = "2001", fee: Notional? = Notional(e8: 9_000_000), inverse: Bool = false, firstFill: Int64 = t0,
        received: Int64 = received, place: FanoutPlace? = nil
    ) throws -> Story {
        var story = try open(signal(from: "0", to: "10", at: "2000.425", firstFill: firstFill, received: received), inverse: inverse, place: place)
        let job = try ExecutionJob(json: try #require(story.jobs[0].data))
        var fills = OrderFills()
        fills.add(size: Size(e8: 10_000_000), price: try Price(parsing: price), fee: fee ?? .zero)
        var times = job.times(planned: (Self.t0 + 406) * 1_000)
        times.prepared = (Self.t0 + 410) * 1_000 + 250
        times.sent = times.prepared + 1_000
        times.acknowledged = (Self.t0 + 1_200) * 1_000
        times.limitedMicroseconds = 3_500
        times.limitedBy = "subscriber:alice"
        let made = Self.atSending
        var result = ExecutionResult(
            job: job, outcome: .partial,
            detail: "\(try #require(job.clips.text)); \(made); attempt 1 was found at the exchange",
            requestedSize: Size(e8: 14_990_000), fills: fills, position: Size(e8: job.side.sign * 10_000_000),
            cloid: ClientOrderID(job: job.id, attempt: 1), attempts: 1, times: times)
        result.clips = job.clips + [made]
        result.fee = fee
        story.attempts = [:]
        story.add(entry("execution_results", Self.t0 + 1_203, result.json))
        return story
    }

    private static let atSending = Clip(gate: .coinCap, before: Size(e8: 14_990_000), after: Size(e8: 10_000_000))

    /// The same before its result, with the order at the exchange.
    private func open(_ signal: Signal? = nil, inverse: Bool = false, place: FanoutPlace? = nil) throws -> Story {
        let limits = Subscription.Limits(maximumOrderNotional: Notional(300))
        var story = try story(
            of: signal ?? self.signal(from: "0", to: "10", at: "2000.425"), age: 1_000, limits: limits, inverse: inverse, place: place)
        let job = try #require(story.jobs.first?.text("id"))
        let record: JSON = [
            "attempt": 1, "cloid": "0x5b1f", "sz": "0.1", "limitPx": "2008.1", "reduceOnly": false, "clips": [Self.atSending].json,
            "preparedUs": .integer((Self.t0 + 410) * 1_000 + 250),
        ]
        story.attempts[job] = record.text()
        return story
    }

    /// A sell of 15 from +10, six seconds old: the position is closed, and none is opened. The skip is published first.
    private func flip() throws -> Story {
        var story = try story(of: signal(from: "10", to: "-5"), age: 6_000)
        let job = try ExecutionJob(json: try #require(story.jobs[0].data))
        var fills = OrderFills()
        fills.add(size: Size(e8: 25_000_000), price: Price(1_999), fee: Notional(e8: 20_000_000))
        let result = ExecutionResult(
            job: job, outcome: .filled, requestedSize: fills.filled, fills: fills, position: .zero,
            cloid: ClientOrderID(job: job.id, attempt: 1), attempts: 1, times: job.times(planned: (Self.t0 + 6_000) * 1_000))
        story.add(entry("execution_results", Self.t0 + 6_500, result.json))
        return story
    }

    /// Signal, request and what the planner decides on it with defaults.
    /// - Parameter age: of the leader's last fill when it is planned, milliseconds; `nil` when it is not planned yet.
    private func story(
        of signal: Signal, subscription: SubscriptionID = "sub-1", age: Int64?, limits: Subscription.Limits = Subscription.Limits(),
        inverse: Bool = false, place: FanoutPlace? = nil
    ) throws -> Story {
        let request = ExecutionRequest(
            id: RequestID(signal: signal.id, subscription: subscription), subscription: subscription, subscriber: "alice",
            account: "0xa11ce", configVersion: 3, place: place, signal: signal)
        var story = Story(signalID: signal.id.text)
        story.add(entry("influencer_signals", max(Self.t0 + 400, signal.receivedAt / 1_000), signal.json))
        story.add(entry("execution_requests", Self.t0 + 403, request.json))
        guard let age else { return story }
        let plan = Planner.decide(
            request: request,
            subscription: Subscription(
                id: subscription, subscriber: "alice", influencer: "leader-1", account: "0xa11ce",
                sizing: .equityProportional(allocation: Notional(5_000), multiplier: .one), limits: limits, inverse: inverse,
                leverage: .fixed(5)),
            facts: PlanningFacts(instrument: Instrument(coin: "ETH", asset: 1, sizeDecimals: 4, maximumLeverage: 25)),
            lifecycle: nil, now: Self.t0 + age)
        for (number, job) in plan.jobs.enumerated() { story.add(entry("execution_jobs", Self.t0 + 406, number: number, job.json)) }
        for result in plan.results(for: request, at: (Self.t0 + 405) * 1_000) {
            story.add(entry("execution_results", Self.t0 + 406, result.json))
        }
        return story
    }

    private func signal(
        from start: String, to end: String, at price: String = "2000", firstFill: Int64 = t0, received: Int64 = received
    ) throws -> Signal {
        let start = try Size(parsing: start)
        let end = try Size(parsing: end)
        let legs = Leg.legs(from: start, to: end)
        return Signal(
            id: SignalID(network: "mainnet", influencer: "leader-1", coin: "ETH", firstFill: 7, lastFill: 9, legs: legs),
            network: "mainnet", influencer: "leader-1", coin: "ETH", legs: legs, start: start, end: end, averagePrice: try Price(parsing: price),
            size: (end - start).magnitude, fillCount: 3, firstFill: 7, lastFill: 9, firstFillTime: firstFill, lastFillTime: Self.t0,
            receivedAt: received, crossed: true, cause: .voluntary, leaderEquity: Notional(200_000), tier: 1)
    }

    /// As it comes out of Redis.
    private func entry(_ stream: String, _ milliseconds: Int64, number: Int = 0, _ data: JSON) -> StoryEntry {
        func text(_ text: String) -> RedisValue { .string(Array(text.utf8)) }
        let fields: [RedisValue] = [text("seq"), text("17"), text("data"), text(data.text())]
        guard let entry = StoryEntry(stream: "vibe:{c0}:\(stream):03", .array([text("\(milliseconds)-\(number)"), .array(fields)])) else {
            preconditionFailure("an entry of the form that Redis gives")
        }
        return entry
    }

    private func rows(_ rows: [(String, String)]) -> [String: String] { Dictionary(uniqueKeysWithValues: rows) }
}

extension Story {
    fileprivate func onlyCopy() throws -> Copy {
        try #require(copies.count == 1)
        return copies[0]
    }

    fileprivate func onlyLeg() throws -> StoryLeg {
        let legs = legs(of: try onlyCopy())
        try #require(legs.count == 1)
        return legs[0]
    }
}

extension StoryLeg {
    fileprivate func leader() throws -> LeaderCard { try #require(LeaderCard(self)) }
    fileprivate func subscriber() throws -> SubscriberCard { try #require(SubscriberCard(self)) }
}

extension String {
    /// How often `part` is in it.
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}
