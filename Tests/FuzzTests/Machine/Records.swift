import CopyTrading
import JSON

@testable import Pipeline

/// One of each record, made by the domain itself.
enum Records {
    static let instrument = Instrument(coin: "ETH", asset: 1, sizeDecimals: 4, maximumLeverage: 25)
    private static let time: Int64 = 1_784_500_000_000

    static let subscription = Subscription(
        id: "sub-1", subscriber: "alice", influencer: "leader-1", account: "0xa11ce",
        sizing: .equityProportional(allocation: Notional(5_000), multiplier: .one), limits: Subscription.Limits(), filters: EntryFilters(),
        state: .active, inverse: false, belowMinimum: .automatic, leverage: .matching(maximum: 1))

    static func signal(from start: Size, to end: Size) -> Signal {
        let legs = Leg.legs(from: start, to: end)
        return Signal(
            id: SignalID(network: "mainnet", influencer: "leader-1", coin: "ETH", firstFill: 7, lastFill: 9, legs: legs), network: "mainnet",
            influencer: "leader-1", coin: "ETH", legs: legs, start: start, end: end, averagePrice: Price(2_000), size: (end - start).magnitude,
            fillCount: 2, firstFill: 7, lastFill: 9, firstFillTime: time, lastFillTime: time + 1, receivedAt: (time + 300) * 1_000,
            crossed: true, cause: .voluntary, leaderEquity: Notional(200_000), tier: 1)
    }

    static func request(_ signal: Signal) -> ExecutionRequest {
        ExecutionRequest(
            id: RequestID(signal: signal.id, subscription: "sub-1"), subscription: "sub-1", subscriber: "alice", account: "0xa11ce",
            configVersion: 3, signal: signal)
    }

    private static let signals = [signal(from: .zero, to: Size(10)), signal(from: Size(10), to: Size(-5)), signal(from: Size(-5), to: .zero)]

    private static let jobs: [ExecutionJob] = signals.flatMap { signal in
        Planner.decide(
            request: request(signal), subscription: subscription, facts: PlanningFacts(instrument: instrument), lifecycle: nil, now: time + 1_000
        ).legs.compactMap { if case .job(let job) = $0 { job } else { nil } }
    }

    static let job: ExecutionJob = {
        guard let job = jobs.first else { preconditionFailure("the first signal gives a job") }
        return job
    }()

    static let sleeve = Sleeve(
        position: Size(e8: -25_000_000), averageEntry: Price(e8: 200_012_345_678), lifecycle: "life", owed: Size(e8: 3_333), owedThrough: "job",
        k: Ratio(e18: 33_333_333_333_333_334), residue: Size(e8: 100_000), residueUntil: time, isManual: true, revision: 7)

    private static let intent = OrderIntent(
        side: .buy, size: Size(e8: 25_000_000), limit: Price(2_010), reduceOnly: false, owed: Size(1), remainder: Size(2), residue: Size(e8: 7),
        correctsK: true, detail: "x")

    private static let attempt = AttemptRecord(
        job: job.id, entry: "1784500000000-0", cloid: ClientOrderID(job: job.id, attempt: 2), attempt: 2, account: "0xa11ce", subscriber: "alice",
        subscription: "sub-1", coin: "ETH", nonce: time, expiresAfter: time + 5_000, payloadHash: "ab", epoch: "17", preparedAt: time * 1_000,
        intent: intent, sleeve: sleeve, filledBefore: Size(1), averageBefore: Price(2_000))

    private static let result: ExecutionResult = {
        var fills = OrderFills()
        fills.add(size: Size(e8: 25_000_000), price: Price(2_001), fee: Notional(e8: 10_000_000))
        var times = job.times(planned: 5)
        times.sent = 6
        return ExecutionResult(
            job: job, outcome: .filled, requestedSize: Size(1), fills: fills, position: Size(1), cloid: ClientOrderID(job: job.id, attempt: 1),
            attempts: 1, times: times)
    }()

    private static let account = AccountRecord(
        leverages: ["ETH": LeverageState(leverage: 5, mode: .cross)], frozen: ["BTC": AccountRecord.Frozen(rest: Size(-1), reason: "by hand")])

    private static let decision = DecisionRecord(
        decidedAt: time, configVersion: 4,
        facts: PlanningFacts(
            instrument: instrument,
            market: PlanningFacts.Market(quote: Quote(reference: Price(2_000), bestBid: Price(1_999), bestAsk: Price(2_001)), mark: Price(2_000))),
        lifecycle: Lifecycle(id: "opened", k: Ratio(e18: 25_000_000_000_000_001), status: .copied, direction: .sell))

    static let all: [JSON] =
        signals.map(\.json) + signals.map { request($0).json } + jobs.map(\.json)
        + [attempt.json, result.json, sleeve.json, Sleeve.empty.json, account.json, decision.json]
        + [Lifecycle(id: "s", k: .one, status: .uncopied, direction: .sell).json]
}
