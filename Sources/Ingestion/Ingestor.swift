import ConfigStore
import CopyTrading
import Health
import Hyperliquid
import Logging
import RawFrames
import Redis
import RedisStreams

/// Leaders' fills → signals on the streams.
///
/// What it owes others: every fill since the stored cursor becomes part of exactly one signal, in the order of execution, across
/// restarts, reconnects, moves between tiers and a change of owner, or is part of a gap that is declared; signals and cursor are stored
/// together; nothing is published without the lease. Leaders are spread over processes by partition.
///
/// | file | part |
/// |---|---|
/// | `Ingestor+Following` | whom to follow, and on which channels |
/// | `Ingestor+Feed` | what the sockets deliver |
/// | `Ingestor+Signals` | fills → signals → streams |
/// | `Ingestor+CatchingUp` | from the cursor to now |
/// | `Ingestor+Verifying` | rebuilt positions against the exchange's |
/// | `Ingestor+Tiers` | places for own fills, moves between tiers |
/// | `Ingestor+Reading` | positions and history, within the weight |
/// | `Ingestor+Hygiene` | leaders that are no longer ones to copy |
/// | `Ingestor+Joining` | who begins to copy a leader that is in a position |
/// | `Ingestor+Orders` | what leaders have resting at the exchange |
/// | `Ingestor+Admission` | what is shed under load |
public actor Ingestor: LeaseHolder {
    public struct Configuration: Sendable {
        /// Users that the exchange allows one address of ours.
        public var usersPerEgress: Int
        public var signals: SignalBuilder.Configuration
        public var equityEvery: Duration
        /// Signals waiting to be published before the feed is made to wait.
        public var outboxLimit: Int
        /// From when on entries are shed.
        public var admission = Admission.Limits(backlog: 200_000)
        /// How often the load is looked at.
        public var admissionEvery: Duration = .seconds(1)
        /// How often positions rebuilt from public trades are compared with the exchange's.
        public var verifyEvery: Duration = .seconds(90)
        /// How often the orders of leaders are read whose triggers are mirrored.
        public var ordersEvery: Duration = .seconds(5)
        /// Without a check for so long a leader's entries are not traded.
        public var verificationLife: Duration = .seconds(120)
        /// How long a trade may be on its way when a position read from the exchange contains it already.
        public var flightTime: Duration = .seconds(2)
        /// How often it is stored how far a leader that does nothing was verified.
        public var storeEvery: Duration = .seconds(600)
        /// How far back a leader's fills are read; beyond, the gap is declared.
        public var historyLimit: Duration = .seconds(86_400)
        /// Units of request weight a minute.
        public var weightPerMinute: Int = 600
        /// How long own fills are compared with trades before a leader's own fills are no longer followed; begins ``flightTime`` after both
        /// are received.
        public var moveOverlap: Duration = .seconds(3)
        /// How long a public trade waits for one that happened before it: they carry no position that would show that one is missing.
        public var marketHold: Duration = .zero
        /// A move that is not through by then is given up.
        public var moveLimit: Duration = .seconds(30)
        /// Waited for the last of many markets to be subscribed; then following begins without it.
        public var marketWait: Duration = .seconds(20)
        /// Leaders whose own fills are not delivered for so long, though a socket is up, are followed by public trades.
        public var ownWait: Duration = .seconds(5)
        /// For so long the fills that a later one showed to be missing are asked for, again when the exchange does not answer, before the
        /// position is taken as found.
        public var backfillLimit: Duration = .seconds(8)
        /// How often leaders are judged; nor is one's ledger asked for sooner again.
        public var hygieneEvery: Duration = .seconds(60)
        /// How often a leader's ledger is read while nothing hints at a movement of money.
        public var ledgerEvery: Duration = .seconds(600)
        public var tiers = TierPlanner.Configuration()

        /// - Parameter signals: its hold for a backfill follows from ``backfillLimit``.
        public init(usersPerEgress: Int, signals: SignalBuilder.Configuration = SignalBuilder.Configuration(), equityEvery: Duration = .seconds(60), outboxLimit: Int = 10_000) {
            self.usersPerEgress = usersPerEgress
            self.signals = signals
            self.equityEvery = equityEvery
            self.outboxLimit = outboxLimit
        }
    }

    let config: ConfigStore
    /// `nil` when fills come from a recording.
    let client: ExchangeClient?
    let feeds: [ExchangeFeed]
    let slots: UserSlots?
    let recorder: FrameRecorder?
    /// `nil`: leaders are not judged.
    let latches: (any LatchSetter)?
    let redis: RedisConnection
    let publisher: SignalPublisher
    let keys: Keys
    let partitioning: Partitioning
    public nonisolated let leases: PartitionLeases
    let configuration: Configuration
    let network: String
    let now: @Sendable () -> Int64
    let logger: Logger

    var owned: Set<Int> = []
    /// By lower-case address.
    var tracks: [String: LeaderTrack] = [:]
    /// Addresses of leaders that fall to us and are not followed, as their cursors could not be read.
    var unread: Set<String> = []
    /// Addresses of leaders for whom something comes due without a new fill.
    var timed: Set<String> = []
    let ticking = Wake()
    var generations = 0

    // The exchange's markets.
    var dexs: [String] = [""]
    var marketCoins: Set<String> = []
    var marketsReadAt: ContinuousClock.Instant?
    var marketWantedSince: ContinuousClock.Instant?
    /// Since when the markets were wanted of which those that are not covered were named.
    var marketReportedSince: ContinuousClock.Instant?
    /// Since when every market is covered without a break.
    var marketCoveredAt: ContinuousClock.Instant?
    var connected: Set<Int> = []
    /// Since when at least one socket is up.
    var connectedSince: ContinuousClock.Instant?
    /// Since when no socket is up; `nil` while one is.
    public internal(set) var disconnectedSince: ContinuousClock.Instant? = .now
    var coverage = Coverage()
    /// What each socket was told last.
    var told: [(addresses: Set<String>?, subscriptions: Set<FeedSubscription>)]
    var merge: SocketMerge
    var weight: WeightBudget
    /// The part of it that is for lists of open orders.
    var ordersWeight: WeightBudget

    // Places for leaders' own fills.
    var planner: TierPlanner
    var held: Set<String> = []
    var slotsInUse = 0
    var slotsValidUntil: ContinuousClock.Instant?
    /// Addresses whose subscription is being ended.
    var leaving: [String: Leaving] = [:]
    var reportedOverLimit: Set<String> = []
    let tierWake = Wake()
    let hygieneWake = Wake()
    let joinWake = Wake()

    var admission: Admission
    /// Signals shed since the start.
    public internal(set) var shed = 0
    // Signals on their way out.
    var outbox: [Publication] = []
    var outboxSignals = 0
    let publishing = Wake()

    /// Rung when ``stop()`` is through.
    private let left = Wake()
    let errands: AsyncStream<Errand>
    let errandSink: AsyncStream<Errand>.Continuation
    /// The builder gives up waiting only after the errand that it waits for.
    private static let backfillMargin = Duration.seconds(2)
    /// Errands at a time: more would only wait for the weight budget.
    private static let errandsAtOnce = 8

    /// Times a followed leader's positions and equity were read again since the start.
    public internal(set) var equityReadings = 0
    /// Whether entries are let in now.
    public var admissionLevel: Admission.Level { admission.level }
    /// Signals published since the start.
    public internal(set) var published = 0
    /// Moves between tiers that were completed since the start.
    public internal(set) var moves = 0
    /// Trades that were delivered again on subscribing, long after they happened.
    public internal(set) var replayed = 0

    enum Errand: Sendable {
        case catchUp(address: String, generation: Int)
        case backfill(address: String, generation: Int)
        case verify(address: String, generation: Int)
        case join(address: String, generation: Int)
        case readLedger(address: String, generation: Int)
        case readOrders(address: String, generation: Int)

        /// A leader is not copied before these have ended; the others are looks from time to time.
        var urgency: ReadUrgency {
            switch self {
            case .catchUp, .backfill: .awaited
            case .verify, .join, .readLedger, .readOrders: .routine
            }
        }
    }

    /// - Parameters:
    ///   - feeds: connections that follow the same; none for a recording.
    ///   - slots: `nil` for a recording.
    ///   - recorder: keeps frames and declared gaps, run by the caller.
    ///   - latches: where leaders that are no longer ones to copy are latched; `nil` for a recording.
    ///   - now: microseconds since 1970.
    public init(
        config: ConfigStore, client: ExchangeClient?, feeds: [ExchangeFeed], slots: UserSlots?, recorder: FrameRecorder?,
        latches: (any LatchSetter)?, redis: RedisConnection, keys: Keys, partitioning: Partitioning, leases: PartitionLeases, configuration: Configuration, network: String,
        now: @escaping @Sendable () -> Int64, logger: Logger
    ) {
        self.config = config
        self.client = client
        self.feeds = feeds
        self.slots = slots
        self.recorder = recorder
        self.latches = latches
        self.redis = redis
        publisher = SignalPublisher(redis: redis, keys: keys)
        self.keys = keys
        self.partitioning = partitioning
        self.leases = leases
        var configuration = configuration
        configuration.signals.backfillHold = (configuration.backfillLimit + Self.backfillMargin).microseconds
        self.configuration = configuration
        self.network = network
        self.now = now
        self.logger = logger
        told = Array(repeating: (nil, []), count: feeds.count)
        merge = SocketMerge(sockets: feeds.count)
        weight = WeightBudget(perMinute: configuration.weightPerMinute, now: .now)
        ordersWeight = WeightBudget(perMinute: max(1, configuration.weightPerMinute / Self.weightShare), now: .now)
        planner = TierPlanner(configuration.tiers)
        admission = Admission(configuration.admission)
        // bounded by one errand of each kind per leader
        (errands, errandSink) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Runs until ``stop()`` has handed everything over, or until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.leases.run(holder: self) }
            group.addTask { await self.publishLoop() }
            group.addTask { await self.admissionLoop() }
            group.addTask { await self.tickLoop() }
            group.addTask { await self.refreshLoop() }
            group.addTask { await self.tierLoop() }
            group.addTask { await self.hygieneLoop() }
            group.addTask { await self.joinLoop() }
            group.addTask { await self.publishChecks() }
            group.addTask { await self.errandLoop() }
            for (socket, feed) in feeds.enumerated() {
                group.addTask {
                    do { try await feed.run { event in await self.receive(event, from: socket) } } catch is CancellationError {} catch {
                        self.logger.critical("feed.ended", metadata: ["error": "\(error)"])
                    }
                }
            }
            var rings = left.rings()
            _ = await rings.next()
            group.cancelAll()
        }
        reportSockets()
    }

    /// Publishes what is complete, hands the partitions over, and ends ``run()``.
    public func stop() async {
        await leases.leave(holder: self)
        await giveBackSlots()
        left.signal()
    }

    /// Whether it hears the exchange.
    public func currentFeed() -> FeedStanding {
        FeedStanding(leaders: tracks.count, sockets: connected.count, disconnectedSince: disconnectedSince, unread: unread.count)
    }

    /// What each socket contributed since the start.
    public var socketStatistics: [SocketStatistics] { merge.statistics }

    private nonisolated func errandLoop() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await errand in errands {
                if running == Self.errandsAtOnce {
                    await group.next()
                    running -= 1
                }
                group.addTask { await self.perform(errand) }
                running += 1
            }
        }
    }

    private func perform(_ errand: Errand) async {
        await ReadUrgency.$current.withValue(errand.urgency) { await carryOut(errand) }
    }

    private func carryOut(_ errand: Errand) async {
        switch errand {
        case .catchUp(let address, let generation): await catchUp(address, generation)
        case .backfill(let address, let generation): await backfill(address, generation)
        case .verify(let address, let generation): await verify(address, generation)
        case .join(let address, let generation): await join(address, generation)
        case .readLedger(let address, let generation): await readLedger(address, generation)
        case .readOrders(let address, let generation): await readOrders(address, generation)
        }
    }

    // MARK: - Leases

    public func granted(_ partition: Int) async {
        owned.insert(partition)
        await followOwned()
    }

    public func surrender(_ partition: Int) async {
        await drop(partition)
        while outbox.contains(where: { $0.partition == partition }), !Task.isCancelled {
            publishing.signal()
            Heart.current?.beat()
            try? await Task.sleep(for: .milliseconds(5))  // ends early only when cancelled
        }
        await leases.release(partition)
    }

    public func lost(_ partition: Int) async { await drop(partition) }
}
