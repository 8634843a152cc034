import ConfigStore
import CopyTrading
import JSON
import Logging
import RedisStreams
import Safety

/// Request → jobs, or results that say why there is no job. The decision is the domain's ``Planner``; this drives it,
/// and puts on record what it was made on.
///
/// Requests of one (subscription, coin) are decided in stream order, each on the lifecycle that the one before left.
public actor PlanStage: StageHandler {
    private let config: ConfigStore
    private let instruments: Instruments
    private let journal: AttemptJournal
    private let latches: Latches?
    private let stage: Stage
    private let quotes: QuoteReader?
    private let history: MarketHistory?
    private let logger: Logger
    private var lifecycles: [Int: [HoldingKey: Lifecycle]] = [:]
    private var ready: [Int: [Completion]] = [:]
    private var draining: Set<Int> = []
    /// Entries left undecided because their partition is being given up.
    private var abandoned: [Int: [String]] = [:]

    /// - Parameters:
    ///   - latches: `nil` without a kill switch.
    ///   - quotes: run by the caller; without, limits keep to the leader's price alone.
    ///   - history: run by the caller; without, settings that need it refuse entries.
    public init(
        config: ConfigStore, instruments: Instruments, journal: AttemptJournal, latches: Latches?, stage: Stage, quotes: QuoteReader? = nil,
        history: MarketHistory? = nil, logger: Logger
    ) {
        self.config = config
        self.instruments = instruments
        self.journal = journal
        self.latches = latches
        self.stage = stage
        self.quotes = quotes
        self.history = history
        self.logger = logger
    }

    public func begin(_ partition: Int) async throws {
        var loaded: [HoldingKey: Lifecycle] = [:]
        for (field, value) in try await journal.state(partition) {
            guard let key = HoldingKey(field: field) else { throw JSONError(path: field, problem: "is not <subscription>|<coin>") }
            loaded[key] = try Lifecycle(json: JSON.parse(value))
        }
        lifecycles[partition] = loaded
        ready[partition] = []
        draining.remove(partition)
        abandoned[partition] = nil
    }

    public func receive(_ entries: [StreamEntry], partition: Int) async {
        for (index, entry) in entries.enumerated() {
            do {
                let request = try entry.record(ExecutionRequest.init(json:))
                guard let snapshot = try await settings(for: request, partition) else {
                    abandoned[partition, default: []] += entries[index...].map(\.id)
                    return
                }
                ready[partition]?.append(.handOff(await decide(request, under: snapshot, entry, partition)))
            } catch {
                logger.error("entry.dead_letter", metadata: ["stage": "plan", "entry": "\(entry.id)", "error": "\(error)"])
                let letter = Emission.deadLetter(entry, from: stage.inputs[partition], reason: "malformed", error: "\(error)")
                ready[partition]?.append(.handOff(HandOff(entry: entry.id, emissions: [letter])))
            }
        }
    }

    public func drain(_ partition: Int) -> [String] {
        draining.insert(partition)
        return abandoned.removeValue(forKey: partition) ?? []
    }

    public func completions(_ partition: Int, limit: Int) -> [Completion] {
        guard let items = ready[partition], !items.isEmpty else { return [] }
        ready[partition] = Array(items.dropFirst(limit))
        return Array(items.prefix(limit))
    }

    public func end(_ partition: Int) {
        ready[partition] = nil
        lifecycles[partition] = nil
    }

    /// The settings that matched the request, or newer ones, never older. Waits for them while the database is away: a request is not
    /// given up for that. `nil` when the partition goes meanwhile.
    /// - Throws: `.unknownVersion`: a version is there for all before anyone matches under it, so no wait would bring this one.
    private func settings(for request: ExecutionRequest, _ partition: Int) async throws(ConfigStoreError) -> ConfigSnapshot? {
        let known = await config.current()
        if known.version >= request.configVersion { return known }
        while !Task.isCancelled, ready[partition] != nil, !draining.contains(partition) {
            do { return try await config.waitFor(version: request.configVersion) } catch {
                if case .unknownVersion = error { throw error }
                logger.warning("configuration.unread", metadata: ["version": "\(request.configVersion)", "error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(200))  // ends early only when cancelled
            }
        }
        return nil
    }

    private func decide(
        _ request: ExecutionRequest, under snapshot: ConfigSnapshot, _ entry: StreamEntry, _ partition: Int
    ) async -> HandOff {
        let key = HoldingKey(request.subscription, request.signal.coin)
        let instrument = await instruments.instrument(request.signal.coin)
        let before = lifecycles[partition]?[key]
        let decision = DecisionRecord(
            decidedAt: WallClock.milliseconds, configVersion: snapshot.version, facts: facts(request, snapshot, instrument),
            lifecycle: before)
        let plan = Planner.decide(request, under: snapshot, on: decision)
        lifecycles[partition]?[key] = plan.lifecycle
        let index = stage.inputs[partition].index
        return HandOff(
            entry: entry.id,
            emissions: plan.jobs.map { Emission(job: $0, partition: index) }
                + plan.results(for: request, at: WallClock.microseconds).map { Emission(result: $0, partition: index) },
            state: plan.lifecycle == before ? [] : [(key.field, plan.lifecycle?.json.bytes())])
    }

    private func facts(_ request: ExecutionRequest, _ snapshot: ConfigSnapshot, _ instrument: Instrument?) -> PlanningFacts {
        let states = snapshot.states(
            influencer: request.signal.influencer, subscriber: request.subscriber, coin: request.signal.coin)
        let latched = latches?.level(
            influencer: request.signal.influencer, subscriber: request.subscriber, subscription: request.subscription, coin: request.signal.coin)
        let market = quotes?.quote(request.signal.coin)
        let needsHistory = snapshot.subscriptions[request.subscription].map { $0.historyDays > 0 } ?? false
        let past = needsHistory ? history?.history(of: request.signal.coin) : nil
        return PlanningFacts(
            instrument: instrument, states: states, safety: .init(killLevel: latched?.level ?? .none, killReason: latched?.latch?.text),
            market: .init(quote: market?.quote, mark: market?.mark, listedAt: past?.listedAt, dailyVolatility: past?.dailyVolatility))
    }
}
