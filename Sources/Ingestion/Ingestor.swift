import ConfigStore
import CopyTrading
import Hyperliquid
import JSON
import Logging
import Redis
import RedisStreams

/// Leaders' fills → signals on the streams.
///
/// What it owes others: every fill since the stored cursor becomes part of exactly one signal, in the order of execution, across
/// restarts, reconnects and a change of owner; signals and cursor are stored together; nothing is published without the lease.
/// Leaders are spread over processes by partition.
public actor Ingestor: LeaseHolder {
    public struct Configuration: Sendable {
        /// Users followed by one egress address; the exchange refuses more.
        public var usersPerEgress: Int
        public var signals: SignalBuilder.Configuration
        public var equityEvery: Duration
        /// Signals waiting to be published before the feed is made to wait.
        public var outboxLimit: Int

        public init(usersPerEgress: Int, signals: SignalBuilder.Configuration, equityEvery: Duration = .seconds(60), outboxLimit: Int = 10_000) {
            self.usersPerEgress = usersPerEgress
            self.signals = signals
            self.equityEvery = equityEvery
            self.outboxLimit = outboxLimit
        }
    }

    private let config: ConfigStore
    /// `nil` when fills come from a recording.
    let client: ExchangeClient?
    private let feed: ExchangeFeed?
    private let redis: RedisConnection
    private let publisher: SignalPublisher
    private let keys: Keys
    private let partitioning: Partitioning
    public nonisolated let leases: PartitionLeases
    let configuration: Configuration
    let network: String
    let now: @Sendable () -> Int64
    let logger: Logger

    private var owned: Set<Int> = []
    /// By lower-case address.
    var tracks: [String: LeaderTrack] = [:]
    private var outbox: [Publication] = []
    private var outboxSignals = 0
    private var generations = 0
    var dexs: [String?] = [nil]
    private var refused: Set<String> = []
    private let publishing = Wake()
    /// Rung when ``stop()`` is through.
    private let left = Wake()
    private let errands: AsyncStream<Errand>
    private let errandSink: AsyncStream<Errand>.Continuation
    /// Times a followed leader's equity was read again since the start.
    public private(set) var equityReadings = 0
    var hasUnpublished: Bool { !outbox.isEmpty }
    /// Signals published since the start.
    public private(set) var published = 0

    enum Errand: Sendable {
        case catchUp(address: String, generation: Int)
        case backfill(address: String, generation: Int, since: Int64)
    }

    /// - Parameter now: microseconds since 1970.
    public init(
        config: ConfigStore, client: ExchangeClient?, feed: ExchangeFeed?, redis: RedisConnection, keys: Keys, partitioning: Partitioning,
        leases: PartitionLeases, configuration: Configuration, network: String, now: @escaping @Sendable () -> Int64, logger: Logger
    ) {
        self.config = config
        self.client = client
        self.feed = feed
        self.redis = redis
        publisher = SignalPublisher(redis: redis, keys: keys)
        self.keys = keys
        self.partitioning = partitioning
        self.leases = leases
        self.configuration = configuration
        self.network = network
        self.now = now
        self.logger = logger
        // bounded by one errand per leader and phase
        (errands, errandSink) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Runs until ``stop()`` has handed everything over, or until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.leases.run(holder: self) }
            group.addTask { await self.publishLoop() }
            group.addTask { await self.tickLoop() }
            group.addTask { await self.refreshLoop() }
            group.addTask {
                await withDiscardingTaskGroup { errandGroup in
                    for await errand in self.errands { errandGroup.addTask { await self.perform(errand) } }
                }
            }
            if let feed {
                group.addTask {
                    do { try await feed.run { event in await self.receive(event) } } catch is CancellationError {} catch {
                        self.logger.critical("feed.ended", metadata: ["error": "\(error)"])
                    }
                }
            }
            var rings = left.rings()
            _ = await rings.next()
            group.cancelAll()
        }
    }

    /// Publishes what is complete, hands the partitions over, and ends ``run()``.
    public func stop() async {
        await leases.leave(holder: self)
        left.signal()
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
            try? await Task.sleep(for: .milliseconds(5))  // ends early only when cancelled
        }
        await leases.release(partition)
    }

    public func lost(_ partition: Int) async { await drop(partition) }

    private func drop(_ partition: Int) async {
        owned.remove(partition)
        tracks = tracks.filter { $0.value.partition != partition }
        await feed?.want(Set(tracks.keys.map { .userFills(user: $0) }))
    }

    /// Begins with leaders that are ours and not followed yet; ends those that are no longer configured.
    private func followOwned() async {
        let snapshot = await config.current()
        var wanted: [String: (influencer: InfluencerID, partition: Int)] = [:]
        for influencer in snapshot.influencers.values.sorted(by: { $0.id < $1.id }) where influencer.isActive {
            let partition = partitioning.signal(influencer.id.text)
            guard owned.contains(partition) else { continue }
            guard wanted.count < configuration.usersPerEgress || client == nil else {
                if refused.insert(influencer.id.text).inserted {
                    logger.error(
                        "leader.not_followed",
                        metadata: ["influencer": "\(influencer.id)", "reason": "this address already follows \(configuration.usersPerEgress)"])
                }
                continue
            }
            wanted[influencer.address.lowercased()] = (influencer.id, partition)
        }
        tracks = tracks.filter { wanted[$0.key] != nil }
        for (address, (influencer, partition)) in wanted where tracks[address] == nil {
            await begin(influencer, address, partition)
        }
        await feed?.want(Set(tracks.keys.map { .userFills(user: $0) }))
    }

    private func begin(_ influencer: InfluencerID, _ address: String, _ partition: Int) async {
        let cursor: LeaderCursor
        do {
            let stored = try await redis.send(RedisCommand("HGET", keys.cursors(partition), influencer.text)).checked()
            cursor = try stored.bytes.map { bytes in try LeaderCursor(json: JSON.parse(bytes)) } ?? LeaderCursor()
        } catch {
            return logger.error("cursor.unread", metadata: ["influencer": "\(influencer)", "error": "\(error)"])
        }
        guard owned.contains(partition), tracks[address] == nil else { return }
        generations += 1
        tracks[address] = LeaderTrack(
            influencer: influencer, address: address, partition: partition,
            builder: SignalBuilder(influencer: influencer, network: network, cursor: cursor, configuration: configuration.signals),
            phase: client == nil ? .live : .catchingUp, generation: generations)
        logger.info("leader.followed", metadata: ["influencer": "\(influencer)", "partition": "\(partition)", "resume": "\(cursor.resumeFrom.map(String.init) ?? "new")"])
    }

    // MARK: - The feed

    /// One event of the feed.
    public func receive(_ event: FeedEvent) async {
        switch event {
        case .connected: logger.info("feed.connected")
        case .disconnected(let reason): logger.warning("feed.disconnected", metadata: ["reason": "\(reason)"])
        case .problem(let text): logger.error("feed.problem", metadata: ["text": "\(text)"])
        case .refused(let subscriptions, let refusal):
            let users = Set(subscriptions.compactMap(\.user)).sorted().joined(separator: " ")
            logger.error("feed.refused", metadata: ["text": "\(refusal)", "users": "\(users)"])
        case .silent(let kind, let duration): logger.error("feed.silent", metadata: ["kind": "\(kind)", "for": "\(duration)"])
        case .subscribed, .unsubscribed: break
        case .message(.userFills(let address, _, isSnapshot: true), _, _):
            // The snapshot is history. What a gap left out is read from the cursor on, page by page.
            guard let track = tracks[address], client != nil else { return }
            tracks[address]?.phase = .catchingUp
            errandSink.yield(.catchUp(address: address, generation: track.generation))
        case .message(.userFills(let address, let fills, isSnapshot: false), _, let receivedAt):
            await receive(fills, of: address, receivedAt: receivedAt)
        case .message: break
        }
    }

    /// New fills of a leader, of the feed or of a recording.
    func receive(_ fills: [UserFill], of address: String, receivedAt: Int64) async {
        guard let track = tracks[address] else { return }
        if track.phase == .catchingUp {
            if track.waiting.count < LeaderTrack.waitingLimit { tracks[address]?.waiting.append((fills, receivedAt)) }
        } else {
            take(address) { $0.receive(message: fills.map { $0.leaderFill(of: address) }, at: receivedAt) }
        }
        while outboxSignals > configuration.outboxLimit, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(2))  // the bound: the socket is not read meanwhile
        }
    }

    /// Ends a recording: what still waits for more fills is emitted.
    public func finishRecording() {
        for address in tracks.keys { take(address) { $0.finish(at: self.now()) } }
    }

    /// Applies a step of the builder and queues what it emitted.
    func take(_ address: String, _ step: (inout SignalBuilder) -> [SignalEvent]) {
        guard var track = tracks[address] else { return }
        let events = step(&track.builder)
        tracks[address] = track
        var signals: [Signal] = []
        for event in events {
            switch event {
            case .signal(let signal): signals.append(signal)
            case .gap(_, _, _, let since):
                report(event, track)
                guard client != nil, !track.isBackfilling else { continue }
                tracks[address]?.isBackfilling = true
                errandSink.yield(.backfill(address: address, generation: track.generation, since: since))
            default: report(event, track)
            }
        }
        guard !signals.isEmpty else { return }
        outbox.append(Publication(partition: track.partition, influencer: track.influencer, signals: signals, cursor: track.builder.cursor))
        outboxSignals += signals.count
        publishing.signal()
    }

    private func report(_ event: SignalEvent, _ track: LeaderTrack) {
        let metadata: Logger.Metadata = ["influencer": "\(track.influencer)", "event": "\(event)"]
        switch event {
        case .signal, .baseline, .ignored: logger.debug("leader.event", metadata: metadata)
        case .late, .gap: logger.warning("leader.event", metadata: metadata)
        case .resync, .quarantine: logger.error("leader.event", metadata: metadata)
        }
    }

    // MARK: - Loops

    /// Drips and holds come due without a new fill.
    private func tickLoop() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(10))  // ends early only when cancelled
            let moment = now()
            for (address, track) in tracks {
                if let deadline = track.builder.nextDeadline, deadline <= moment { take(address) { $0.flush(at: moment) } }
            }
        }
    }

    /// New configuration and fresh equities.
    private func refreshLoop() async {
        var equityAt = ContinuousClock.now + configuration.equityEvery
        var version: Int64 = -1
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))  // ends early only when cancelled
            let current = await config.current().version
            if current != version {
                version = current
                await followOwned()
            }
            guard let client, ContinuousClock.now >= equityAt else { continue }
            equityAt = .now + configuration.equityEvery
            for (address, track) in tracks where track.phase == .live {
                do {
                    let fresh = try await state(of: address, client).value
                    guard let current = tracks[address], current.generation == track.generation else { continue }
                    // computed first: an assignment through `?.` holds the dictionary while its right side is evaluated
                    let adopted = EquityHysteresis.adopt(fresh, over: current.builder.leaderEquity)
                    tracks[address]?.builder.leaderEquity = adopted
                    equityReadings += 1
                } catch {
                    logger.warning("leader.equity.unread", metadata: ["influencer": "\(track.influencer)", "error": "\(error)"])
                }
            }
        }
    }

    private func publishLoop() async {
        var rings = publishing.rings()
        while !Task.isCancelled {
            while !outbox.isEmpty, !Task.isCancelled {
                let batch = Array(outbox.prefix(256))
                do {
                    try await publish(batch)
                    outbox.removeFirst(batch.count)
                    outboxSignals -= batch.reduce(0) { $0 + $1.signals.count }
                } catch {
                    // Repeating is safe: a signal already published is counted as seen.
                    logger.error("signals.unpublished", metadata: ["error": "\(error)", "waiting": "\(outboxSignals)"])
                    try? await Task.sleep(for: .milliseconds(200))  // ends early only when cancelled
                }
            }
            _ = await rings.next()
        }
    }

    private func publish(_ batch: [Publication]) async throws {
        var calls: [SignalPublisher.Call] = []
        for publication in batch {
            guard let lease = leases.table.lease(publication.partition) else { continue }
            var days: [(day: String, signals: [Signal])] = []
            for signal in publication.signals {
                let day = Day.of(signal.lastFillTime)
                if days.last?.day == day { days[days.count - 1].signals.append(signal) } else { days.append((day, [signal])) }
            }
            for (index, part) in days.enumerated() {
                calls.append(
                    SignalPublisher.Call(
                        items: part.signals.map { .init(id: $0.id.text, emission: Emission(signal: $0, partition: publication.partition)) },
                        partition: publication.partition, day: part.day, epoch: lease.epoch,
                        cursor: index == days.count - 1 ? (publication.influencer.text, publication.cursor.json.bytes()) : nil))
            }
        }
        for (call, answer) in zip(calls, try await publisher.publish(calls)) {
            switch answer {
            case .published(let new, let duplicates):
                published += new
                if duplicates > 0 { logger.info("signals.duplicate", metadata: ["count": "\(duplicates)"]) }
            case .fenced:
                logger.warning("ingest.fenced", metadata: ["partition": "\(call.partition)"])
                await leases.forget(call.partition)
                await drop(call.partition)
            }
        }
    }
}
