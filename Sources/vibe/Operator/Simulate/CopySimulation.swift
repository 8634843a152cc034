import ConfigStore
import CopyTrading
import JSON

/// Runs recorded signals through the same decisions as the fleet: plan, prepare, settle. Deterministic: its clock is the recording's.
///
/// The fill model: an order whose limit reaches the price it would meet (the book's, where one is given, else the leader's own) is
/// filled completely at that price.
struct CopySimulation {
    /// One leg of one signal for one subscription.
    struct Line: Sendable, Equatable {
        var signal: SignalID
        var time: Int64
        var subscription: SubscriptionID
        var influencer: InfluencerID
        var coin: Coin
        var leg: Int
        var action: Action
        var outcome: Outcome
        var side: Side
        /// Coins sent, unsigned; of all orders of the leg.
        var size: Size = .zero
        var limit: Price?
        var reduceOnly = false
        var clips: [Clip] = []
        var detail: String?
        /// Signed, after it.
        var position: Size
        /// Worth of the leader's leg, USDC, and whether its position began within the recording, or is joined later.
        var leaderNotional: Notional
        var isCopyable: Bool
    }

    /// Orders of one exit: on a shared account it may take two.
    private static let mostOrders = 2

    private struct Holding: Hashable {
        let subscription: SubscriptionID
        let coin: Coin
    }

    private struct Track: Hashable {
        let influencer: InfluencerID
        let coin: Coin
    }

    let input: SimulationInput
    private var lifecycles: [Holding: Lifecycle] = [:]
    private var sleeves: [Holding: Sleeve] = [:]
    private var begun: Set<Track> = []
    private var prices: [Coin: Price] = [:]
    private var leverages: [Holding: Int] = [:]
    private(set) var lines: [Line] = []
    /// Pairs whose follower still held something when the leader was flat.
    private(set) var notFlat: [String] = []
    private(set) var expectedPairs = 0

    init(_ input: SimulationInput) { self.input = input }

    /// - Parameter only: leave all other subscriptions out.
    mutating func run(_ signals: RecordedSignals, only: SubscriptionID? = nil) {
        for item in signals.items {
            let followers = input.config.subscriptions(of: item.signal.influencer).filter { only == nil || $0.id == only }
            prices[item.signal.coin] = item.signal.averagePrice
            let track = Track(influencer: item.signal.influencer, coin: item.signal.coin)
            let wasBegun = begun.contains(track)
            if item.signal.legs.contains(where: { $0.action == .open }) { begun.insert(track) }
            for subscription in followers { copy(item, subscription, wasBegun: wasBegun) }
        }
    }

    private mutating func copy(_ item: RecordedSignals.Item, _ subscription: Subscription, wasBegun: Bool) {
        let signal = item.signal
        let holding = Holding(subscription: subscription.id, coin: signal.coin)
        let request = ExecutionRequest(
            id: RequestID(signal: signal.id, subscription: subscription.id), subscription: subscription.id,
            subscriber: subscription.subscriber, account: subscription.account, configVersion: input.config.version, signal: signal)
        let account = input.config.subscribers[subscription.subscriber]?.settings ?? AccountSettings()
        let plan = Planner.decide(
            request: request, subscription: subscription, account: account, facts: facts(subscription, account, signal),
            lifecycle: lifecycles[holding], now: item.time)
        lifecycles[holding] = plan.lifecycle
        expectedPairs += signal.legs.count
        for (index, (leg, planned)) in zip(signal.legs, plan.legs).enumerated() {
            var line = Line(
                signal: signal.id, time: item.time, subscription: subscription.id, influencer: signal.influencer, coin: signal.coin,
                leg: index, action: leg.action, outcome: .unsupported, side: .buy, position: .zero,
                leaderNotional: (try? signal.averagePrice * leg.change.magnitude) ?? .zero, 
                isCopyable: wasBegun || leg.action == .open || subscription.joinsOnIncrease)
            switch planned {
            case .skip(let skipped):
                line.outcome = skipped.outcome
                line.side = skipped.side
                line.clips = skipped.clips
                line.detail = skipped.detail
            case .job(let job):
                let view = AccountView(limits: account.limits, facts: accountFacts(subscription, account, signal.coin))
                carryOut(job, holding, view, at: item.time, &line)
            }
            line.position = sleeves[holding]?.position ?? .zero
            lines.append(line)
        }
        if signal.end.isZero, let position = sleeves[holding]?.position, !position.isZero {
            notFlat.append("\(subscription.id) \(signal.coin) \(position) after \(signal.id)")
        }
    }

    private mutating func carryOut(_ job: ExecutionJob, _ holding: Holding, _ account: AccountView, at time: Int64, _ line: inout Line) {
        guard let market = input.markets[job.coin] else { preconditionFailure("every recorded coin has a market") }
        let quote = market.facts.quote ?? Quote(reference: job.referencePrice)
        line.side = job.side
        line.clips = job.clips
        var sleeve = sleeves[holding] ?? .empty
        var asked = Size.zero
        var filled = Size.zero
        var isSnap = false
        orders: for order in 1...Self.mostOrders {
            switch Preparation.decide(
                job: job, sleeve: sleeve, otherSleevesOnCoin: others(job, holding), instrument: market.instrument, quote: quote, account: account,
                now: time, attempt: 1)
            {
            case .skip(let outcome, let detail, let changed):
                sleeve = changed
                line.outcome = filled.isZero ? outcome : .partial
                line.detail = detail
                return store(sleeve, holding, job)
            case .send(let intent):
                let price = quote.bestPrice(for: job.side) ?? job.referencePrice
                let isReached = job.side == .buy ? price <= intent.limit : price >= intent.limit
                let fill = isReached ? intent.size : .zero
                if order == 1 {
                    asked = intent.size + intent.remainder
                    line.limit = intent.limit
                    line.reduceOnly = intent.reduceOnly
                }
                filled += fill
                isSnap = isSnap || intent.isSnapClose
                line.clips += intent.clips
                line.detail = intent.detail ?? job.detail
                sleeve = sleeve.settling(intent, job: job, filled: fill, averagePrice: price)
                // The next order of the same job is decided on what this one left.
                store(sleeve, holding, job)
                line.size = filled
                if intent.remainder.isZero || fill < intent.size { break orders }
            }
        }
        line.outcome = Outcome.settled(asked: asked, filled: filled, isSnapClose: isSnap)
    }

    private mutating func store(_ sleeve: Sleeve, _ holding: Holding, _ job: ExecutionJob) {
        sleeves[holding] = sleeve.isEmpty ? nil : sleeve
        if let terms = job.terms { leverages[holding] = terms.leverage ?? 1 }
    }

    private func others(_ job: ExecutionJob, _ holding: Holding) -> [SubscriptionID: Sleeve] {
        var others: [SubscriptionID: Sleeve] = [:]
        for (other, sleeve) in sleeves where other.coin == job.coin && other != holding {
            if input.config.subscriptions[other.subscription]?.account == job.account { others[other.subscription] = sleeve }
        }
        return others
    }

    private func facts(_ subscription: Subscription, _ account: AccountSettings, _ signal: Signal) -> PlanningFacts {
        let market = input.markets[signal.coin]
        return PlanningFacts(
            instrument: market?.instrument,
            states: input.config.states(influencer: signal.influencer, subscriber: subscription.subscriber, coin: signal.coin),
            safety: PlanningFacts.Safety(losses: .clear), market: market?.facts ?? PlanningFacts.Market(), account: accountFacts(subscription, account, signal.coin))
    }

    /// Of accounts that say what they are funded with: at the leaders' last prices, gains and losses left out.
    private func accountFacts(_ subscription: Subscription, _ account: AccountSettings, _ coin: Coin) -> AccountFacts? {
        guard let equity = account.limits.declaredEquity else { return nil }
        var facts = AccountFacts(equity: equity, freeMargin: equity)
        for (holding, sleeve) in sleeves where input.config.subscriptions[holding.subscription]?.account == subscription.account {
            guard let price = prices[holding.coin], let worth = try? price * sleeve.position else { continue }
            facts.grossNotional += worth
            facts.netNotional += sleeve.position > .zero ? worth : -worth
            if holding.coin == coin { facts.coinNotional += worth }
            facts.freeMargin -= Notional(e8: worth.e8 / Int64(leverages[holding] ?? 1))
        }
        return facts
    }
}

extension Quote {
    fileprivate func bestPrice(for side: Side) -> Price? { side == .buy ? bestAsk : bestBid }
}

extension CopySimulation.Line {
    var json: JSON {
        [
            "signal": .string(signal.text), "timeMs": .integer(time), "subscription": .string(subscription.text),
            "influencer": .string(influencer.text), "coin": .string(coin.text), "leg": .integer(leg), "action": .string(action.rawValue),
            "outcome": .string(outcome.rawValue), "side": .string(side.rawValue), "sz": .string("\(size)"),
            "limitPx": .string(orNull: limit?.description), "reduceOnly": .bool(reduceOnly), "clips": clips.json,
            "detail": .string(orNull: detail), "position": .string("\(position)"),
        ]
    }
}
