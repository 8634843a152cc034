import ConfigStore
import CopyTrading
import Health
import JSON
import Logging
import RedisStreams

/// Signal → one request for every subscription that it is for, in chunks that a successor can continue.
///
/// Paused subscriptions get a request as well: each (signal, subscription) pair ends in an explained outcome.
public actor MatchStage: StageActor {
    /// Requests per chunk: bounds the time one script holds Redis.
    static let chunk = 256

    private let config: ConfigStore
    private let partitioning: Partitioning
    private let recovered: RecoveredWork?
    private let logger: Logger
    /// Requests on record whose signal is delivered again.
    private var known: Set<String> = []
    private var ready: [Int: [Completion]] = [:]
    private var draining: Set<Int> = []
    /// Entries not continued because their partition is being given up.
    private var abandoned: [Int: [String]] = [:]
    /// Signals handed out and perhaps not confirmed, newest last: one whose cursor stands elsewhere is continued from there.
    private var underWay: [Int: [StreamEntry]] = [:]
    /// More than a partition may have unconfirmed.
    static let remembered = 4_096

    /// - Parameter recovered: `nil` for a cell that never lost its Redis.
    public init(config: ConfigStore, partitioning: Partitioning, recovered: RecoveredWork? = nil, logger: Logger) {
        self.config = config
        self.partitioning = partitioning
        self.recovered = recovered
        self.logger = logger
    }

    public func receive(_ entries: [StreamEntry], partition: Int) async {
        var snapshot = await config.current()
        for (index, entry) in entries.enumerated() {
            do {
                let signal = try entry.record(Signal.init(json:))
                if let join = signal.join {
                    guard let settings = try await settings(for: join, partition) else {
                        abandoned[partition, default: []] += entries[index...].map(\.id)
                        return
                    }
                    // what comes after it is for the one that joined too
                    snapshot = settings
                }
                underWay[partition, default: []].append(entry)
                ready[partition, default: []] += chunks(entry, signal, snapshot, from: 0).map(Completion.fanOut)
            } catch {
                ready[partition, default: []].append(
                    .handOff(HandOff(unreadable: entry, from: StreamPartition(.signals, partition), error: "\(error)", logger: logger)))
            }
        }
        if let count = underWay[partition]?.count, count > Self.remembered { underWay[partition]?.removeFirst(count - Self.remembered) }
    }

    public func completions(_ partition: Int, limit: Int) -> [Completion] {
        guard let items = ready[partition], !items.isEmpty else { return [] }
        ready[partition] = Array(items.dropFirst(limit))
        return Array(items.prefix(limit))
    }

    /// A predecessor got further, or began under an older configuration: go on exactly as it would have.
    public func resume(_ partition: Int, entry: String, cursor: Int, configVersion: Int64) async {
        // chunks of this entry not handed out yet were made for the wrong place
        ready[partition]?.removeAll { $0.isFanOut(of: entry) }
        guard let stored = underWay[partition]?.last(where: { $0.id == entry }) else { return }
        while !Task.isCancelled, underWay[partition] != nil, !draining.contains(partition) {
            // Postgres may be away for as long as it likes
            Heart.current?.rest()
            defer { Heart.current?.beat() }
            do {
                let signal = try stored.record(Signal.init(json:))
                let snapshot = try await config.snapshot(version: configVersion)
                ready[partition, default: []] += chunks(stored, signal, snapshot, from: cursor).map(Completion.fanOut)
                return
            } catch {
                // the followers of that version must be known exactly: wait for the database rather than skip one
                logger.warning("fanout.waiting", metadata: ["entry": "\(entry)", "config": "\(configVersion)", "error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(200))  // ends early only when cancelled
            }
        }
        abandoned[partition, default: []].append(entry)
    }

    public func begin(_ partition: Int) async throws {
        if let recovered { known = try await recovered.requests() }
        ready[partition] = []
        underWay[partition] = []
        draining.remove(partition)
        abandoned[partition] = nil
    }

    public func drain(_ partition: Int) -> [String] {
        draining.insert(partition)
        return abandoned.removeValue(forKey: partition) ?? []
    }

    public func end(_ partition: Int) {
        ready[partition] = nil
        underWay[partition] = nil
    }

    /// The one that joins is there from a version on that may not have been read here yet.
    private func settings(for join: Signal.Join, _ partition: Int) async throws(ConfigStoreError) -> ConfigSnapshot? {
        try await config.settings(from: join.configVersion, logger: logger) {
            underWay[partition] != nil && !draining.contains(partition)
        }
    }

    private func chunks(_ entry: StreamEntry, _ signal: Signal, _ snapshot: ConfigSnapshot, from cursor: Int) -> [FanOutChunk] {
        // who sheds does so to make no requests: such a signal is its own outcome
        let followers = signal.isWhollyShed ? [] : rotated(snapshot.followers(of: signal), by: signal.id)
        let places = FanoutPlace.places(of: followers, copying: signal) {
            snapshot.states(influencer: $0.influencer, subscriber: $0.subscriber, coin: signal.coin)
        }
        let data = entry.bytes("data") ?? []
        let known = known
        var chunks: [FanOutChunk] = []
        var start = cursor
        repeat {
            let next = min(start + Self.chunk, followers.count)
            let part = followers[min(start, next)..<next]
            let partPlaces = places[min(start, next)..<next]
            chunks.append(
                FanOutChunk(
                    entry: entry.id, cursor: start, next: next, isLast: next >= followers.count, configVersion: snapshot.version,
                    emissions: zip(part, partPlaces).compactMap { request($0, $1, signal, data, snapshot.version, known: known) }))
            start = next
        } while start < followers.count
        return chunks
    }

    /// No follower is always first: the order turns with each signal, the same way on every machine.
    private func rotated(_ followers: [Subscription], by signal: SignalID) -> [Subscription] {
        guard followers.count > 1 else { return followers }
        let turn = Int(StableHash.of(signal.text) % UInt64(followers.count))
        return Array(followers[turn...] + followers[..<turn])
    }

    /// The signal's own bytes are appended as they came: it is encoded once, not once per follower. `nil`: it was made before Redis was lost.
    private nonisolated func request(
        _ subscription: Subscription, _ place: FanoutPlace, _ signal: Signal, _ data: [UInt8], _ version: Int64, known: Set<String>
    ) -> Emission? {
        let id = RequestID(signal: signal.id, subscription: subscription.id)
        guard !known.contains(id.text) else { return nil }
        let head = ExecutionRequest.head(id: id, subscription: subscription, configVersion: version, place: place)
        var record: [UInt8] = []
        record.reserveCapacity(head.count + data.count + 12)
        record += head.dropLast()
        record += ",\"signal\":".utf8
        record += data
        record.append(UInt8(ascii: "}"))
        return Emission(
            StreamPartition(.requests, partitioning.account(subscription.account.text)), id: id.text,
            owner: ("subscriber", subscription.subscriber.text), coin: signal.coin.text,
            action: signal.legs.map(\.action.rawValue).joined(separator: "+"), trace: signal.id.text, data: record)
    }
}

extension Completion {
    fileprivate func isFanOut(of entry: String) -> Bool {
        if case .fanOut(let chunk) = self { return chunk.entry == entry }
        return false
    }
}
