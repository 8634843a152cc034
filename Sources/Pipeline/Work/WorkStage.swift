import ConfigStore
import CopyTrading
import Hyperliquid
import JSON
import Logging
import RedisStreams
import Safety

/// Job → orders at the exchange → result.
///
/// What it owes others: an order is written at most once, because its attempt is journalled first, under the partition's epoch, and an
/// unknown outcome is settled with the exchange before anything new goes out for that account; orders of one (account, coin) never
/// overtake; a waiting account delays no other.
public actor WorkStage: StageActor {
    public struct Configuration: Sendable {
        /// Orders of one account in one signed action.
        public var ordersPerAction: Int
        /// Actions of one account at the exchange at a time.
        public var actionsPerAccount: Int
        /// Actions of this worker at the exchange at a time.
        public var maximumInFlight: Int
        /// Actions that the way to the exchange takes at once when it knows no priorities; more wait in it in the order of asking.
        public var transportWidth: Int
        /// Jobs of one lane; an entry beyond is answered with `SKIP_BUDGET` instead of waiting.
        public var laneLimit: Int
        /// Jobs of one partition that wait here; an entry beyond is answered with `SKIP_BUDGET`, so that an exit behind it is read. Fewer
        /// than the runner takes at a time.
        public var partitionLimit: Int
        /// How long an entry has waited in its lane when a close that comes to stand behind it ends it; zero ends none.
        public var coalesceAfter: Duration
        /// Added to an entry's expiry for the exchange's own check.
        public var expiryMargin: Duration
        /// An entry that would expire within this time is not sent any more.
        public var entryMargin: Duration
        /// How long an entry may wait for the tokens of one order. Exits wait as long as they must.
        public var maximumWait: Duration
        /// Entries that may wait for the audit trail before entries are no longer traded; exits always are.
        public var maximumAuditLag: Int64
        /// Per cent of the visible book that all copies of one signal may take together; 0 does not look at it.
        public var fanoutDepthShare: Int
        /// So long after Redis was started anew an order that was written before may still arrive at the exchange.
        public var suspectWait: Duration
        public var rates: Rates
        public var accounts: Accounts
        public var breakers: CircuitBreaker.Limits

        /// How accounts are looked after beside their orders.
        public struct Accounts: Sendable {
            /// Request weight a minute for reading them.
            public var weightPerMinute = 400
            /// Between two readings of one account.
            public var readEvery = Duration.seconds(30)
            /// A difference is looked at again after so long before it counts.
            public var confirmAfter = Duration.seconds(3)
            /// So long after a leader's last trade in a coin its copies may still be on their way.
            public var leaderGrace = Duration.seconds(15)
            /// Between two looks at the triggers of an account.
            public var sweepEvery = Duration.seconds(120)
            /// Between two looks whether an account's agent may sign for it. A younger answer is taken from Postgres at the start.
            public var agentEvery = Duration.seconds(4 * 3_600)
            /// So long before an agent expires people are told.
            public var agentNotice = Duration.seconds(14 * 86_400)
            /// So long before its agent expires an account's entries stop.
            public var agentMargin = Duration.seconds(3_600)
            /// So long an agent that was replaced keeps its key: in that time every worker learns of the new one.
            public var agentGrace = Duration.seconds(15)
            /// How often leaders' resting orders are looked at that subscriptions mirror.
            public var mirrorEvery = Duration.seconds(2)
            /// How often the kill switch is looked at for what is to be closed.
            public var latchEvery = Duration.milliseconds(250)

            public init() {}
        }

        public struct Rates: Sendable {
            public var subscriber: @Sendable (String) -> TokenRate
            public var account: @Sendable (String) -> TokenRate
            /// Name of the address this process sends from, and its rate.
            public var egress: (id: String, rate: TokenRate)

            public init(
                subscriber: @escaping @Sendable (String) -> TokenRate, account: @escaping @Sendable (String) -> TokenRate,
                egress: (id: String, rate: TokenRate)
            ) {
                self.subscriber = subscriber
                self.account = account
                self.egress = egress
            }
        }

        public init(
            ordersPerAction: Int, actionsPerAccount: Int, maximumInFlight: Int, transportWidth: Int = .max, laneLimit: Int,
            partitionLimit: Int = .max, coalesceAfter: Duration = .zero, expiryMargin: Duration, entryMargin: Duration = .zero,
            maximumWait: Duration = .seconds(60), maximumAuditLag: Int64 = .max, fanoutDepthShare: Int = 0,
            suspectWait: Duration = .seconds(13), rates: Rates,
            accounts: Accounts = Accounts(), breakers: CircuitBreaker.Limits = CircuitBreaker.Limits()
        ) {
            precondition(ordersPerAction >= 1 && actionsPerAccount >= 1 && maximumInFlight >= 1 && laneLimit >= 1)
            self.ordersPerAction = ordersPerAction
            self.actionsPerAccount = actionsPerAccount
            self.maximumInFlight = maximumInFlight
            self.transportWidth = transportWidth
            self.laneLimit = laneLimit
            self.partitionLimit = partitionLimit
            self.coalesceAfter = coalesceAfter
            self.expiryMargin = expiryMargin
            self.entryMargin = entryMargin
            self.maximumWait = maximumWait
            self.maximumAuditLag = maximumAuditLag
            self.fanoutDepthShare = fanoutDepthShare
            self.suspectWait = suspectWait
            self.rates = rates
            self.accounts = accounts
            self.breakers = breakers
        }
    }

    struct AccountKey: Hashable {
        let partition: Int
        let account: AccountID
    }

    /// A class: whoever looks into it while it is changed sees what it is now, and no part of it is copied for that.
    final class PartitionState {
        /// Tells this ownership from an earlier one of the same partition.
        let generation: Int
        let epoch: String
        /// Milliseconds since 1970: fills before that are in the sleeves.
        let begunAt: Int64
        /// The same moment, by a clock that nobody sets.
        let begun = ContinuousClock.now
        /// Redis time, milliseconds: attempts of before may be missing in the journal; 0: none are.
        var suspectedAt: Int64 = 0
        /// The same moment, by a clock that nobody sets.
        var suspectedSince = ContinuousClock.now
        /// Of accounts whose jobs are asked for: the orders that traded from some time on, none of which is under way any more.
        var tradedBefore: [AccountID: (from: Int64, orders: Set<ClientOrderID>)] = [:]
        /// Sleeves for which lost jobs of our own were looked for in vain, each as it stood then.
        var searched: [HoldingKey: String] = [:]
        /// Since when lost jobs that are on record once more are waited for.
        var awaited: [JobID: ContinuousClock.Instant] = [:]
        /// Jobs that were answered before Redis was lost, and are on record since by their results.
        var answered: Set<String> = []
        var sleeves: [HoldingKey: Sleeve] = [:]
        /// By (account, coin): which subscriptions' sleeves share it.
        var holders: [LaneKey: Set<SubscriptionID>] = [:]
        var nonces: [String: Int64] = [:]
        var lanes: [LaneKey: Lane] = [:]
        var accounts: [AccountID: AccountState] = [:]
        var books: [AccountID: AccountBook] = [:]
        var recentOrders = RecentOrders()
        /// What a predecessor was told of the accounts' agents is read.
        var hasReadAgentChecks = false
        /// The configuration whose accounts all have a book.
        var agentsOf: Int64 = 0
        /// What sleeves were asked to be closed by.
        var flattened: [HoldingKey: Flattening] = [:]
        /// Sent perhaps; nothing new for their accounts until each is settled.
        var unsettled: [JobID: AttemptRecord] = [:]
        /// Settled before their job was delivered here.
        var settled: [JobID: (record: AttemptRecord, settlement: Settlement)] = [:]
        var ready: [Completion] = []
        /// Jobs in lanes, as counted when entries came last, with those that were added then.
        var queued = 0
        var draining = false

        init(generation: Int, epoch: String, begunAt: Int64) {
            self.generation = generation
            self.epoch = epoch
            self.begunAt = begunAt
        }
    }

    /// So long after a take-over the jobs of settled attempts may still be on their way to us.
    static let deliveryWait = Duration.seconds(5)
    /// How long what has ended waits for what ends next, to be committed by one call.
    private static let gathering = Duration.milliseconds(3)

    let config: ConfigStore
    /// For reads.
    let client: ExchangeClient
    /// For orders.
    let transport: any ExchangeTransport
    let network: Network
    let instruments: Instruments
    let journal: AttemptJournal
    let leases: LeaseTable
    let keys: Keys
    let stage: Stage
    let partitioning: Partitioning
    let configuration: Configuration
    let signers: Signers
    let auditLag: AuditLag
    let accountLog: AccountLog
    /// `nil` without a kill switch.
    let latches: Latches?
    let quotes: QuoteReader?
    let logger: Logger
    /// Rings the runner when there is something to commit.
    let committing: Wake
    /// Rings the dispatcher.
    let dispatching = Wake()

    var partitions: [Int: PartitionState] = [:]
    var generations = 0
    var attention = Attention()
    /// Accounts that wait for a moment.
    var waiting: [AccountKey: ContinuousClock.Instant] = [:]
    /// Lanes whose head waits for a better price.
    var priceWaits: Set<PriceWait> = []
    var inFlight = 0
    var breakers: BreakerBoard
    /// As last seen.
    var knownInstruments: [Coin: Instrument] = [:]
    /// Entries waiting for the audit trail, as of the last look.
    var unaudited: Int64 = 0
    /// Orders being settled, so that none is settled twice at a time.
    var settling: Set<ClientOrderID> = []
    /// Subscribers whose entries are being paused.
    var pausing: Set<SubscriberID> = []
    /// Subscribers whose agent keys are being opened.
    var keysOpening: Set<SubscriberID> = []
    /// A commit is on its way.
    private var isGathering = false
    /// Why a key that an order waits for cannot be used; taken by that order.
    var keyFaults: [SubscriberID: any Error] = [:]
    let errands: AsyncStream<Errand>
    let errandSink: AsyncStream<Errand>.Continuation

    /// Work at the exchange, done outside the actor.
    enum Errand: Sendable {
        case launch(Launch)
        case settle(SettleErrand)
        case ask(partition: Int, generation: Int, LaneKey)
        case quote(partition: Int, generation: Int, LaneKey, reference: Price)
        case reconcile(partition: Int, generation: Int, LaneKey, reason: String)
        case openKey(Subscriber)
        case commit
        case readBudget(AccountKey, generation: Int)
        case readAccount(AccountKey, generation: Int)
        case checkAgent(AccountKey, generation: Int)
        case readAgentChecks(partition: Int, generation: Int)
        case setLeverage(partition: Int, generation: Int, LaneKey, LeverageState, asset: Int)
        case protect(AccountKey, generation: Int)
        case pause(SubscriberID, reason: String)
        case withdrawTriggers(partition: Int, generation: Int, LaneKey)
        case withdrawEntries(partition: Int, generation: Int, LaneKey)
    }

    /// - Parameters:
    ///   - client: for reads.
    ///   - transport: for orders; may be the client.
    ///   - quotes: run by the caller; without, entries keep to their planned limit alone.
    public init(
        config: ConfigStore, client: ExchangeClient, transport: any ExchangeTransport, instruments: Instruments, journal: AttemptJournal,
        leases: LeaseTable, keys: Keys, stage: Stage, partitioning: Partitioning, auditLag: AuditLag, accountLog: AccountLog,
        latches: Latches?, sealingKeys: SealingKeys, configuration: Configuration, committing: Wake, quotes: QuoteReader? = nil, logger: Logger
    ) {
        self.config = config
        self.client = client
        self.transport = transport
        network = client.endpoint.network
        self.instruments = instruments
        self.journal = journal
        self.leases = leases
        self.keys = keys
        self.stage = stage
        self.partitioning = partitioning
        self.configuration = configuration
        signers = Signers(config: config, sealingKeys: sealingKeys)
        self.auditLag = auditLag
        self.accountLog = accountLog
        self.latches = latches
        breakers = BreakerBoard(limits: configuration.breakers)
        self.quotes = quotes
        self.committing = committing
        self.logger = logger
        // bounded: maximumInFlight launches, one errand a lane (its head waits for it), a reading, a budget and a protection an account
        // (each flagged until it is through), the keys and the journal of a partition once
        (errands, errandSink) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Dispatches and runs errands until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.dispatchLoop() }
            group.addTask { await self.watchWaiting() }
            group.addTask { await self.watchAuditLag() }
            group.addTask { await self.watchKeys() }
            group.addTask { await self.watchAccounts() }
            group.addTask { await self.watchAgents() }
            group.addTask { await self.publishChecks() }
            group.addTask { await self.watchLatches() }
            group.addTask { await self.watchLeaderOrders() }
            group.addTask {
                await withDiscardingTaskGroup { errandGroup in
                    for await errand in self.errands { errandGroup.addTask { await self.run(errand) } }
                }
            }
            await group.waitForAll()
        }
    }

    private func run(_ errand: Errand) async {
        await ReadUrgency.$current.withValue(urgency(of: errand)) { await carryOut(errand) }
    }

    /// By what may wait for what it reads.
    private func urgency(of errand: Errand) -> ReadUrgency {
        switch errand {
        case .settle, .quote, .reconcile, .withdrawTriggers: .exit
        case .ask(let partition, _, let lane): partitions[partition]?.lanes[lane]?.jobs.first?.job.action.isEntry == false ? .exit : .awaited
        case .readAccount(let key, _), .checkAgent(let key, _): isAwaited(key) ? .awaited : .routine
        case .withdrawEntries: .awaited
        default: .routine
        }
    }

    /// Whether an entry waits for the account's figures, or its agent's standing.
    private func isAwaited(_ key: AccountKey) -> Bool {
        guard let state = partitions[key.partition], let account = state.accounts[key.account] else { return false }
        return account.coins.contains { state.lanes[LaneKey(account: key.account, coin: $0)]?.head == .reading }
    }

    private func carryOut(_ errand: Errand) async {
        switch errand {
        case .launch(let launch): await perform(launch)
        case .settle(let errand): await perform(errand)
        case .ask(let partition, let generation, let lane): await ask(partition, generation, lane)
        case .quote(let partition, let generation, let lane, let reference): await quote(partition, generation, lane, reference)
        case .reconcile(let partition, let generation, let lane, let reason): await reconcile(partition, generation, lane, reason)
        case .openKey(let subscriber): await open(subscriber)
        case .commit: await commit()
        case .readBudget(let key, let generation): await readBudget(key, generation)
        case .readAccount(let key, let generation): await readAccount(key, generation)
        case .checkAgent(let key, let generation): await checkAgent(key, generation)
        case .readAgentChecks(let partition, let generation): await readAgentChecks(partition, generation)
        case .setLeverage(let partition, let generation, let lane, let state, let asset): await setLeverage(partition, generation, lane, state, asset: asset)
        case .protect(let key, let generation): await protect(key, generation)
        case .pause(let subscriber, let reason): await pause(subscriber, reason)
        case .withdrawTriggers(let partition, let generation, let lane): await withdrawTriggers(partition, generation, lane)
        case .withdrawEntries(let partition, let generation, let lane): await withdrawEntries(partition, generation, lane)
        }
    }

    // MARK: - Partitions

    public func begin(_ partition: Int) async throws {
        guard let lease = leases.lease(partition) else { return }
        generations += 1
        let state = PartitionState(generation: generations, epoch: lease.epoch, begunAt: WallClock.milliseconds)
        for (field, value) in try await journal.state(partition) {
            guard let key = HoldingKey(field: field) else { throw JSONError(path: field, problem: "is not <subscription>|<coin>") }
            state.sleeves[key] = try Sleeve(json: JSON.parse(value))
        }
        state.nonces = try await journal.nonces(partition)
        (state.suspectedAt, state.suspectedSince) = try await journal.suspicion()
        state.answered = try await journal.answered(partition)
        for (job, value) in try await journal.records(partition) { state.unsettled[JobID(job)] = try AttemptRecord(json: JSON.parse(value)) }
        // the sleeve as it stood before the first order that may have traded
        for record in state.unsettled.values.sorted(by: { $0.nonce > $1.nonce }) {
            state.sleeves[HoldingKey(record.subscription, record.coin)] = record.sleeve
        }
        for (account, value) in try await accountLog.records(partition) {
            var book = AccountBook()
            book.record = try AccountRecord(json: JSON.parse(value))
            // Triggers of a predecessor are looked for at once.
            state.books[AccountID(account)] = book
        }
        let snapshot = config.current()
        for subscriber in snapshot.subscribers.values where partitioning.account(subscriber.account.text) == stage.inputs[partition].index {
            state.books[subscriber.account] = state.books[subscriber.account] ?? AccountBook()
        }
        for key in state.sleeves.keys {
            guard let account = snapshot.subscriptions[key.subscription]?.account else { continue }
            state.holders[LaneKey(account: account, coin: key.coin), default: []].insert(key.subscription)
        }
        partitions[partition] = state
        settleJournal(partition)
        // what traded while a predecessor handed over is protected by nobody yet
        if !isDoubtful(state) { protectAll(partition) }
        errandSink.yield(.readAgentChecks(partition: partition, generation: state.generation))
    }

    public func receive(_ entries: [StreamEntry], partition: Int) {
        let queued = partitions[partition]?.lanes.values.reduce(0) { $0 + $1.jobs.count } ?? 0
        partitions[partition]?.queued = queued
        for entry in entries {
            do {
                let job = try entry.record(ExecutionJob.init(json:))
                if partitions[partition]?.answered.contains(job.id.text) == true {
                    complete(.acknowledge(entry: entry.id), partition)
                    continue
                }
                if let opened = breakers.trade(of: job, at: WallClock.milliseconds) { report([opened]) }
                enqueue(LaneJob(entry: entry.id, job: job, plannedAt: entry.milliseconds * 1_000), partition)
            } catch {
                let handOff = HandOff(unreadable: entry, from: stage.inputs[partition], error: error.description, logger: logger)
                complete(.handOff(handOff), partition)
            }
        }
        dispatching.signal()
    }

    private func enqueue(_ job: LaneJob, _ partition: Int) {
        guard partitions[partition] != nil else { return }
        let key = LaneKey(account: job.job.account, coin: job.job.coin)
        partitions[partition]?.holders[key, default: []].insert(job.job.subscription)
        let waitingJobs = partitions[partition]?.lanes[key]?.jobs.count ?? 0
        let isJournalled = isJournalled(job.job.id, partition)
        if job.job.action.isEntry, !isJournalled, !isSuspect(job, partition), let full = fullness(lane: waitingJobs, partition) {
            emit(job.result(.budget, full, position: nil), entry: job.entry, settled: [], sleeve: nil, partition)
            return
        }
        partitions[partition]?.queued += 1
        if isJournalled {
            passAhead(job, key, partition)
        } else {
            partitions[partition]?.lanes[key, default: Lane()].jobs.append(job)
            yieldToExit(key, partition)
        }
        if partitions[partition]?.accounts[key.account] == nil {
            partitions[partition]?.accounts[key.account] = AccountState(batchLimit: configuration.ordersPerAction)
        }
        if partitions[partition]?.accounts[key.account]?.coins.contains(key.coin) == false {
            partitions[partition]?.accounts[key.account]?.coins.append(key.coin)
        }
        if !job.job.action.isEntry, partitions[partition]?.accounts[key.account]?.isHeldForEntry == true {
            partitions[partition]?.accounts[key.account]?.notBefore = nil
        }
        takeUpHead(key, partition)
        attend(AccountKey(partition: partition, account: key.account))
    }

    /// A predecessor journalled an order of the job, and what that did is not applied yet.
    func isJournalled(_ job: JobID, _ partition: Int) -> Bool {
        partitions[partition]?.settled[job] != nil || partitions[partition]?.unsettled[job] != nil
    }

    /// The job at the head of a lane goes on from what a predecessor journalled of it, if it did.
    func takeUpHead(_ key: LaneKey, _ partition: Int) {
        guard let job = partitions[partition]?.lanes[key]?.jobs.first?.job.id else { return }
        if let (record, settlement) = partitions[partition]?.settled.removeValue(forKey: job) {
            apply(settlement, of: record, partition)
        } else if partitions[partition]?.unsettled[job] != nil {
            partitions[partition]?.lanes[key]?.head = .unsettled
        }
    }

    /// Why one more entry must not wait here; `nil` when it may.
    private func fullness(lane waiting: Int, _ partition: Int) -> String? {
        if waiting >= configuration.laneLimit { return "the lane already holds \(waiting) orders" }
        guard let total = partitions[partition]?.queued, total >= configuration.partitionLimit else { return nil }
        return "the partition already holds \(total) orders"
    }

    private static let passed = "an order behind it was sent before its end was on record"

    /// A predecessor sent this job's order when those before it in the lane had ended: it goes on before all whose end is not on record and
    /// that sent nothing. Entries that it passes end, as their turn is over; exits follow it and are decided on what it did. Whose order is
    /// in the journal as well keeps its turn: their ends were on their way to Redis when the predecessor went.
    private func passAhead(_ job: LaneJob, _ key: LaneKey, _ partition: Int) {
        let lane = partitions[partition]?.lanes[key] ?? Lane()
        let kept = lane.jobs.enumerated().prefix { index, before in
            isJournalled(before.job.id, partition) || (index == 0 && lane.head == .underWay)
        }.map(\.element)
        let passed = lane.jobs.dropFirst(kept.count)
        for entry in passed where entry.job.action.isEntry {
            breakers.withdraw(entry.trials)
            emit(entry.result(.superseded, Self.passed, position: nil), entry: entry.entry, settled: [], sleeve: nil, partition)
        }
        partitions[partition]?.lanes[key, default: Lane()].jobs = kept + [job] + passed.filter { !$0.job.action.isEntry }
        if kept.isEmpty { partitions[partition]?.lanes[key]?.head = .idle }
    }

    /// The order of the job at the head of a lane never arrived, and the predecessor sent another of the lane after it: it had ended this
    /// job. An entry ends again; an exit is decided after those that were sent.
    func standBack(_ key: LaneKey, _ partition: Int) {
        guard let lane = partitions[partition]?.lanes[key], let job = lane.jobs.first else { return }
        if job.job.action.isEntry { return finish(key, .superseded, Self.passed, partition) }
        guard let last = lane.jobs.dropFirst().lastIndex(where: { isJournalled($0.job.id, partition) }) else { return }
        partitions[partition]?.lanes[key]?.jobs = Array(lane.jobs[1...last]) + [job] + lane.jobs[(last + 1)...]
        takeUpHead(key, partition)
    }

    public func completions(_ partition: Int, limit: Int) -> [Completion] {
        guard let ready = partitions[partition]?.ready, !ready.isEmpty else { return [] }
        partitions[partition]?.ready = Array(ready.dropFirst(limit))
        return Array(ready.prefix(limit))
    }

    /// Orders at the exchange are waited for; everything else is left for the successor, journalled attempts included.
    public func drain(_ partition: Int) -> [String] {
        guard let state = partitions[partition] else { return [] }
        state.draining = true
        var left: [String] = []
        for (key, lane) in state.lanes {
            let keep = lane.head == .underWay ? 1 : 0
            breakers.withdraw(lane.jobs.dropFirst(keep).flatMap(\.trials))
            left += lane.jobs.dropFirst(keep).map(\.entry)
            state.lanes[key]?.jobs = Array(lane.jobs.prefix(keep))
        }
        return left
    }

    public func end(_ partition: Int) {
        breakers.withdraw(partitions[partition]?.lanes.values.flatMap { $0.jobs.flatMap(\.trials) } ?? [])
        partitions[partition] = nil
        attention.removeAll(of: partition)
        waiting = waiting.filter { $0.key.partition != partition }
    }

    // MARK: - Ending a job

    /// The job at the head of its lane is done; the next one may follow.
    func finish(_ key: LaneKey, _ outcome: Outcome, _ detail: String?, _ partition: Int) {
        guard var lane = partitions[partition]?.lanes[key], let job = lane.jobs.first else { return }
        // an exit that traded in an earlier attempt has executed, whatever stops it now
        let outcome = outcome.isExecuted || job.fills.filled.isZero ? outcome : .partial
        lane.jobs.removeFirst()
        lane.head = .idle
        breakers.withdraw(job.trials)
        if job.cloid != nil { partitions[partition]?.books[key.account]?.lastOrder = (WallClock.milliseconds, .now) }
        partitions[partition]?.books[key.account]?.reservations.settle(job.job.id, filled: job.fills.value, at: WallClock.microseconds)
        let holding = HoldingKey(job.job.subscription, key.coin)
        var sleeve = partitions[partition]?.sleeves[holding] ?? .empty
        if !job.job.action.isEntry, job.fills.filled.isZero, !sleeve.position.isZero, job.cloid != nil || outcome.isFailure || job.job.origin != nil {
            sleeve.fruitlessExits += 1
        }
        emit(
            job.result(outcome, detail, position: sleeve.position), entry: job.entry, settled: [job.job.id.text],
            sleeve: (holding, sleeve), partition)
        if job.hasWithdrawn || isProtected(job.job, partition) {
            partitions[partition]?.books[key.account, default: AccountBook()].needsProtection = true
        }
        if lane.jobs.isEmpty {
            partitions[partition]?.lanes[key] = nil
            partitions[partition]?.accounts[key.account]?.coins.removeAll { $0 == key.coin }
            let account = AccountKey(partition: partition, account: key.account)
            if hasEntries(account) { protect(account) } else { beginProtecting(account) }
        } else {
            partitions[partition]?.lanes[key] = lane
            takeUpHead(key, partition)
        }
        attend(AccountKey(partition: partition, account: key.account))
    }

    func emit(
        _ result: ExecutionResult, entry: String, settled: [String], sleeve: (key: HoldingKey, sleeve: Sleeve)?, _ partition: Int
    ) {
        var state: [(field: String, value: [UInt8]?)] = []
        var result = result
        if let (key, sleeve) = sleeve {
            let isEmpty = sleeve.isEmpty
            partitions[partition]?.sleeves[key] = isEmpty ? nil : sleeve
            state = [(key.field, isEmpty ? nil : sleeve.json.bytes())]
            result.sleeve = sleeve.record
        }
        let index = stage.inputs[partition].index
        complete(.handOff(HandOff(entry: entry, emissions: [Emission(result: result, partition: index)], state: state, settled: settled)), partition)
    }

    /// To be committed, together with what ends in the next few milliseconds: no order waits for it.
    private func complete(_ completion: Completion, _ partition: Int) {
        partitions[partition]?.ready.append(completion)
        guard !isGathering else { return }
        isGathering = true
        errandSink.yield(.commit)
    }

    private func commit() async {
        try? await Task.sleep(for: Self.gathering)  // ends early only when cancelled
        isGathering = false
        committing.signal()
    }
}
