import ConfigStore
import CopyTrading
import JSON
import Logging
import RedisStreams
import Safety

/// Request → jobs, or results that say why there is no job. The decision is the domain's ``Planner``; this drives it,
/// and puts on record what it was made on.
///
/// Requests of one (subscription, coin) are decided in stream order, each on the lifecycle that the one before left. Under lag those that
/// wait together are decided as one, and committed together: what one of them says holds only with the others.
public actor PlanStage: StageActor {
    private let config: ConfigStore
    private let instruments: Instruments
    private let journal: AttemptJournal
    private let latches: Latches?
    private let stage: Stage
    private let quotes: QuoteReader?
    private let coalesceAfter: Duration
    private let history: MarketHistory?
    private let recovered: RecoveredWork?
    private let logger: Logger
    /// By partition: what was decided before Redis was lost about requests that are delivered again.
    private var decided: [Int: RecoveredWork.Decisions] = [:]
    /// By partition: when Redis was last started anew, in its time, milliseconds.
    private var suspectedAt: [Int: Int64] = [:]
    private var lifecycles: [Int: [HoldingKey: Lifecycle]] = [:]
    /// What requests left that others have passed, for the next of these: it is not stored.
    private var passedLives: [Int: [HoldingKey: Lifecycle?]] = [:]
    /// Each group is committed as a whole.
    private var ready: [Int: [[Completion]]] = [:]
    private var draining: Set<Int> = []
    /// Entries left undecided because their partition is being given up.
    private var abandoned: [Int: [String]] = [:]

    /// - Parameters:
    ///   - latches: `nil` without a kill switch.
    ///   - quotes: run by the caller; without, limits keep to the leader's price alone.
    ///   - history: run by the caller; without, settings that need it refuse entries.
    ///   - recovered: `nil` for a cell that never lost its Redis.
    ///   - coalesceAfter: how long a request has waited when it may be composed with those behind it; zero composes none.
    public init(
        config: ConfigStore, instruments: Instruments, journal: AttemptJournal, latches: Latches?, stage: Stage, quotes: QuoteReader? = nil,
        history: MarketHistory? = nil, coalesceAfter: Duration = .zero, recovered: RecoveredWork? = nil, logger: Logger
    ) {
        self.config = config
        self.instruments = instruments
        self.journal = journal
        self.latches = latches
        self.stage = stage
        self.quotes = quotes
        self.coalesceAfter = coalesceAfter
        self.history = history
        self.recovered = recovered
        self.logger = logger
    }

    public func begin(_ partition: Int) async throws {
        var loaded: [HoldingKey: Lifecycle] = [:]
        for (field, value) in try await journal.state(partition) {
            guard let key = HoldingKey(field: field) else { throw JSONError(path: field, problem: "is not <subscription>|<coin>") }
            loaded[key] = try Lifecycle(json: JSON.parse(value))
        }
        if let recovered { decided[partition] = try await recovered.decisions(stage.inputs[partition].index) }
        suspectedAt[partition] = try await journal.suspicion().at
        lifecycles[partition] = loaded
        passedLives[partition] = nil
        ready[partition] = []
        draining.remove(partition)
        abandoned[partition] = nil
    }

    public func receive(_ entries: [StreamEntry], partition: Int) async {
        let requests = entries.map { entry in
            Result { () throws(JSONError) in Queued(entry: entry.id, request: try entry.record(ExecutionRequest.init(json:))) }
        }
        let queues = coalesceAfter > .zero ? Dictionary(grouping: requests.compactMap { try? $0.get() }, by: \.key) : [:]
        var handled: Set<String> = []
        for (index, entry) in entries.enumerated() where !handled.contains(entry.id) {
            do {
                let first = try requests[index].get()
                guard let snapshot = try await settings(for: first.request, partition) else {
                    abandoned[partition, default: []] += entries[index...].map(\.id).filter { !handled.contains($0) }
                    return
                }
                if let completion = try await decideAgain(first, under: snapshot, partition) {
                    handled.insert(entry.id)
                    ready[partition]?.append([completion])
                    continue
                }
                var group = [first]
                if let queue = queues[first.key], WallClock.milliseconds - entry.milliseconds > coalesceAfter.milliseconds {
                    group = composed(queue.drop { $0.entry != first.entry }, under: snapshot, partition)
                }
                let completions = try await decide(group, under: snapshot, partition)
                handled.formUnion(group.map(\.entry))
                ready[partition]?.append(completions)
            } catch is Going {
                abandoned[partition, default: []] += entries[index...].map(\.id).filter { !handled.contains($0) }
                return
            } catch {
                ready[partition]?.append([.handOff(HandOff(unreadable: entry, from: stage.inputs[partition], error: "\(error)", logger: logger))])
            }
        }
    }

    public func drain(_ partition: Int) -> [String] {
        draining.insert(partition)
        return abandoned.removeValue(forKey: partition) ?? []
    }

    public func completions(_ partition: Int, limit: Int) -> [Completion] {
        guard let groups = ready[partition], let first = groups.first else { return [] }
        var items = first
        var count = 1
        while count < groups.count, items.count + groups[count].count <= limit {
            items += groups[count]
            count += 1
        }
        ready[partition] = Array(groups.dropFirst(count))
        return items
    }

    public func end(_ partition: Int) {
        ready[partition] = nil
        lifecycles[partition] = nil
        passedLives[partition] = nil
        decided[partition] = nil
        suspectedAt[partition] = nil
    }

    /// The settings that matched the request, or newer ones; `nil` when the partition goes meanwhile.
    private func settings(for request: ExecutionRequest, _ partition: Int) async throws(ConfigStoreError) -> ConfigSnapshot? {
        do {
            return try await config.settings(from: request.configVersion, logger: logger) {
                ready[partition] != nil && !draining.contains(partition)
            }
        } catch ConfigStoreError.unknownVersion where !request.signal.legs.contains(where: \.action.isEntry) {
            // a database that lost its newest version keeps no exit back: what one gives up is what is held
            logger.critical("configuration.lost", metadata: ["request": "\(request.id)", "version": "\(request.configVersion)"])
            return config.current()
        }
    }

    /// A request with the id of its entry.
    private struct Queued {
        let entry: String
        let request: ExecutionRequest

        var key: HoldingKey { HoldingKey(request.subscription, request.signal.coin) }
    }

    /// The first request of those queued for a subscription and coin, and those behind it that it is composed with.
    private func composed(_ queue: ArraySlice<Queued>, under snapshot: ConfigSnapshot, _ partition: Int) -> [Queued] {
        guard let key = queue.first?.key else { return [] }
        let requests = queue.map(\.request).prefix {
            $0.configVersion <= snapshot.version && !isKnown($0, partition) && !isSuspect($0, partition)
        }
        let composition = Composition.longest(
            of: Array(requests), lifecycle: lifecycles[partition]?[key], subscription: snapshot.subscriptions[key.subscription],
            now: WallClock.milliseconds)
        return Array(queue.prefix(composition?.requests.count ?? 1))
    }

    /// - Parameter group: one request, or those of a composition.
    private func decide(_ group: [Queued], under snapshot: ConfigSnapshot, _ partition: Int) async throws(Going) -> [Completion] {
        guard let last = group.last else { return [] }
        let (request, key) = (last.request, last.key)
        let mayBeSent = isSuspect(request, partition)
        var snapshot = snapshot
        if mayBeSent, let own = try await settings(matching: request, partition) { snapshot = own }
        let instrument = await instruments.instrument(request.signal.coin)
        let undecided = undecided(request, partition)
        var record = DecisionRecord(
            // what may have been sent is asked for before it can be too old
            decidedAt: mayBeSent ? request.signal.lastFillTime : WallClock.milliseconds, configVersion: snapshot.version,
            facts: facts(request, snapshot, instrument, mayBeSent: mayBeSent), lifecycle: life(before: request, undecided, partition))
        let requests = (undecided?.parts ?? []) + group.map(\.request)
        guard let composition = Composition(of: requests) else {
            return [handOff(Planner.decide(request, under: snapshot, on: record), of: last, undecided, partition)]
        }
        var part = record
        part.facts = PlanningFacts(instrument: nil)
        part.composedInto = request.id
        record.composedOf = requests.dropLast().map(\.id)
        let plan = Planner.decide(composition, under: snapshot, on: record)
        logger.info(
            "requests.composed",
            metadata: ["subscription": "\(key.subscription)", "coin": "\(key.coin)", "count": "\(requests.count)", "into": "\(request.id)"])
        let parts = group.dropLast().map { item in
            handOff(Planner.decide(item.request, under: snapshot, on: part), of: item, self.undecided(item.request, partition), partition)
        }
        return parts + [handOff(plan, of: Queued(entry: last.entry, request: composition.request), undecided, partition)]
    }

    // MARK: - After a restart of Redis, and a recovery

    private func isSuspect(_ request: ExecutionRequest, _ partition: Int) -> Bool {
        BeforeRestart.covers(request.signal.lastFillTime, mayJoin: request.signal.join != nil, since: suspectedAt[partition] ?? 0)
    }

    private func isKnown(_ request: ExecutionRequest, _ partition: Int) -> Bool {
        guard let known = decided[partition], !known.legs.isEmpty || !known.records.isEmpty else { return false }
        return known.records[request.id.text] != nil
            || request.signal.legs.indices.contains { known.legs.contains(JobID(request: request.id, leg: $0).text) }
    }

    /// A request that was decided before Redis was lost, in part or in whole, is decided again on the record of that decision: what was
    /// emitted and what was not fit together then. `nil` when nothing is known of it.
    private func decideAgain(_ item: Queued, under snapshot: ConfigSnapshot, _ partition: Int) async throws(Going) -> Completion? {
        guard isKnown(item.request, partition), let known = decided[partition] else { return nil }
        guard let stored = known.records[item.request.id.text] else {
            // all that is on record is the answer of a worker: the lifecycle was rebuilt from it
            guard item.request.signal.legs.indices.allSatisfy({ known.legs.contains(JobID(request: item.request.id, leg: $0).text) }) else { return nil }
            return .handOff(HandOff(entry: item.entry, emissions: []))
        }
        let record: DecisionRecord
        do { record = try DecisionRecord(json: JSON.parse(stored)) } catch {
            logger.error("decision.unread", metadata: ["request": "\(item.request.id)", "error": "\(error)"])
            return nil
        }
        guard let settings = try await settings(of: record.configVersion, partition) else { return nil }
        // a later decision may be what the lifecycle was rebuilt from
        let keepsLife = lifecycles[partition]?[item.key] != record.lifecycle
        let undecided = undecided(item.request, partition)
        let parts = undecided?.parts ?? []
        if !record.composedOf.isEmpty, parts.map(\.id) == record.composedOf, let composition = Composition(of: parts + [item.request]) {
            let plan = Planner.decide(composition, under: settings, on: record)
            return handOff(plan, of: Queued(entry: item.entry, request: composition.request), undecided, keepsLife: keepsLife, partition)
        }
        return handOff(Planner.decide(item.request, under: settings, on: record), of: item, undecided, keepsLife: keepsLife, partition)
    }

    /// What a recovery found out about a request beside the decision; `nil` when that is nothing.
    private func undecided(_ request: ExecutionRequest, _ partition: Int) -> UndecidedRequest? {
        guard let stored = decided[partition]?.undecided[request.id.text] else { return nil }
        do { return try UndecidedRequest(json: JSON.parse(stored)) } catch {
            logger.error("decision.unread", metadata: ["request": "\(request.id)", "error": "\(error)"])
            return nil
        }
    }

    /// The lifecycle that a request without a decision is decided on.
    private func life(before request: ExecutionRequest, _ undecided: UndecidedRequest?, _ partition: Int) -> Lifecycle? {
        let key = HoldingKey(request.subscription, request.signal.coin)
        guard let undecided, undecided.isPassed else { return lifecycles[partition]?[key] }
        if let known = passedLives[partition]?[key] { return known }
        return undecided.lifecycle
    }

    /// Those that the request matched; `nil` for one that opens nothing, to which none matter. Newer ones may refuse an entry that was sent
    /// before they were in force: then nobody would ask for its order.
    private func settings(matching request: ExecutionRequest, _ partition: Int) async throws(Going) -> ConfigSnapshot? {
        guard request.signal.legs.contains(where: \.action.isEntry) else { return nil }
        return try await settings(of: request.configVersion, partition)
    }

    /// The partition is being given up: its successor decides.
    private struct Going: Error {}

    /// Exactly those of a version; waited for, as others would lead elsewhere. `nil` when there are none.
    private func settings(of version: Int64, _ partition: Int) async throws(Going) -> ConfigSnapshot? {
        let found: ConfigSnapshot?
        do {
            found = try await config.settings(from: version, exactly: true, logger: logger) {
                ready[partition] != nil && !draining.contains(partition)
            }
        } catch {
            logger.warning("configuration.unread", metadata: ["version": "\(version)", "error": "\(error)"])
            return nil
        }
        guard let found else { throw Going() }
        return found
    }

    /// Keeps and emits what was decided.
    /// - Parameter keepsLife: what is stored is what a later decision left, as it is for a request that others have passed.
    private func handOff(
        _ plan: Plan, of item: Queued, _ undecided: UndecidedRequest?, keepsLife: Bool = false, _ partition: Int
    ) -> Completion {
        let stored = lifecycles[partition]?[item.key]
        let isPassed = undecided?.isPassed ?? false
        if isPassed { passedLives[partition, default: [:]].updateValue(plan.lifecycle, forKey: item.key) }
        let next = isPassed || keepsLife ? stored : plan.lifecycle
        lifecycles[partition]?[item.key] = next
        let index = stage.inputs[partition].index
        let known = decided[partition]?.legs ?? []
        return .handOff(
            HandOff(
                entry: item.entry,
                emissions: plan.jobs.filter { !known.contains($0.id.text) }.map { Emission(job: $0, partition: index) }
                    + plan.results(for: item.request, at: WallClock.microseconds).filter { !known.contains($0.job.text) }
                    .map { Emission(result: $0, partition: index) },
                state: next == stored ? [] : [(item.key.field, next?.json.bytes())]))
    }

    /// - Parameter mayBeSent: the order of an entry may be at the exchange already. Kill switch and market may have been otherwise then, so they
    ///   are left to the worker, which looks at them before it sends one that the exchange does not know.
    private func facts(
        _ request: ExecutionRequest, _ snapshot: ConfigSnapshot, _ instrument: Instrument?, mayBeSent: Bool
    ) -> PlanningFacts {
        let states = snapshot.states(
            influencer: request.signal.influencer, subscriber: request.subscriber, coin: request.signal.coin)
        let needsHistory = snapshot.subscriptions[request.subscription].map { $0.historyDays > 0 } ?? false
        let past = needsHistory ? history?.history(of: request.signal.coin) : nil
        var facts = PlanningFacts(
            instrument: instrument, states: states, market: .init(listedAt: past?.listedAt, dailyVolatility: past?.dailyVolatility),
            mayBeSent: mayBeSent)
        guard !mayBeSent else { return facts }
        let latched = latches?.level(
            influencer: request.signal.influencer, subscriber: request.subscriber, subscription: request.subscription, coin: request.signal.coin)
        facts.safety = .init(killLevel: latched?.level ?? .none, killReason: latched?.latch?.text)
        let market = quotes?.quote(request.signal.coin)
        facts.market.quote = market?.quote
        facts.market.mark = market?.mark
        return facts
    }
}
