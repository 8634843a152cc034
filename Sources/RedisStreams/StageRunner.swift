import Failpoints
import Health
import Logging
import Redis

/// Drives a stage: owns its partitions, feeds its handler, commits what comes back.
///
/// What it owes others: entries are taken only under a lease and committed only under the same epoch; a commit whose outcome is
/// unknown is repeated as it is (the script acknowledges an entry once); after any broken connection the pending list is read again,
/// so that a delivery whose reply was lost is not left lying; a partition given up is finished before it is released.
public actor StageRunner: LeaseHolder {
    public struct Limits: Sendable {
        /// Entries per fetch and per commit.
        public var batch: Int
        /// Entries of one partition taken but not yet committed.
        public var pending: Int
        /// An entry delivered more often than this has brought processes down: it is put aside.
        public var deliveries: Int
        /// How often the loop looks around when nothing wakes it.
        public var tick: Duration
        /// How long new entries are left to gather, where nobody waits for what becomes of them.
        public var linger: Duration

        public init(
            batch: Int = 128, pending: Int = 1_024, deliveries: Int = 8, tick: Duration = .milliseconds(20), linger: Duration = .zero
        ) {
            precondition((1...256).contains(batch) && pending >= batch)
            self.batch = batch
            self.pending = pending
            self.deliveries = deliveries
            self.tick = tick
            self.linger = linger
        }
    }

    private struct Owned {
        let epoch: String
        /// Last id delivered to the group.
        var position = "0-0"
        /// Taken and not yet confirmed as committed.
        var pending: Set<String> = []
        /// Since when something is pending and nothing was committed.
        var pendingSince: ContinuousClock.Instant?
        /// Handed out by the handler, not yet confirmed.
        var unconfirmed: [Completion] = []
        var mayHaveMore = true
        var needsTakeOver = true
        /// What is pending was read once under this epoch: reading it again is no further delivery.
        var hasTakenOver = false
        var draining = false
    }

    public nonisolated let wake: Wake
    public nonisolated let leases: PartitionLeases
    private let stage: Stage
    private let keys: Keys
    private let commands: StageCommands
    private let redis: RedisConnection
    private let doorbell: Doorbell
    private let handler: any StageHandler
    private let limits: Limits
    private let logger: Logger
    private var owned: [Int: Owned] = [:]
    /// Granted and not begun yet.
    private var gained: Set<Int> = []
    /// Of these, those whose beginning has failed: since when, and when it is tried again.
    private var failing: [Int: (since: ContinuousClock.Instant, next: ContinuousClock.Instant)] = [:]
    private var listening: AsyncStream<[Int: String]>.Continuation?
    /// What the doorbell listens to at present; `nil` while it rests.
    private var listenedTo: Set<Int>?
    private var stopping = false
    private var pause = Duration.zero
    /// Entries went to the handler in this round: it may have something to commit already.
    private var hasDelivered = false
    /// Entries committed since the start.
    public private(set) var committed = 0
    private var reachedAt: ContinuousClock.Instant?

    /// - Parameters:
    ///   - redis: the connection for scripts; the doorbell and the leases have their own.
    ///   - wake: rung by the handler when it has something to commit.
    public init(
        stage: Stage, keys: Keys, member: String, redis: RedisConnection, doorbell: Doorbell, leases: PartitionLeases,
        handler: any StageHandler, wake: Wake, limits: Limits, logger: Logger
    ) {
        self.wake = wake
        self.stage = stage
        self.keys = keys
        commands = StageCommands(keys: keys, stage: stage, consumer: member)
        self.redis = redis
        self.doorbell = doorbell
        self.leases = leases
        self.handler = handler
        self.limits = limits
        self.logger = logger
    }

    /// Runs until ``stop()`` has let every partition finish and go, or until cancelled.
    public func run() async {
        let (orders, continuation) = AsyncStream.makeStream(of: [Int: String].self, bufferingPolicy: .bufferingNewest(1))
        listening = continuation
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.leases.run(holder: self) }
            group.addTask { for await positions in orders { await self.listen(positions) } }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: self.limits.tick)  // ends early only when cancelled
                    self.wake.signal()
                }
            }
            let heart = Heart.start(stage.name)
            await Heart.$current.withValue(heart) {
                var rings = wake.rings()
                while !Task.isCancelled, await turn() { _ = await rings.next() }
            }
            heart.rest()
            continuation.finish()
            group.cancelAll()
        }
        for partition in owned.keys.sorted() { await handler.end(partition) }
    }

    /// Asks for an orderly end: no new entries, finish what is begun, hand the partitions over.
    public func stop() async {
        stopping = true
        await leases.leave(holder: self)
        wake.signal()
    }

    /// How it gets on, for those who ask from outside.
    public func currentStanding() -> StageStanding {
        var standing = StageStanding()
        standing.partitions = owned.count
        standing.pending = owned.values.reduce(0) { $0 + $1.pending.count }
        standing.pendingSince = owned.values.lazy.filter { !$0.pending.isEmpty }.compactMap(\.pendingSince).min()
        standing.unbegun = failing.count
        standing.unbegunSince = failing.values.map(\.since).min()
        standing.reachedAt = reachedAt
        return standing
    }

    // MARK: - Leases

    public func granted(_ partition: Int) {
        gained.insert(partition)
        wake.signal()
    }

    public func surrender(_ partition: Int) async {
        withdraw(partition)
        guard owned[partition] != nil else { return await leases.release(partition) }
        owned[partition]?.draining = true
        let abandoned = await handler.drain(partition)
        owned[partition]?.pending.subtract(abandoned)
        wake.signal()
    }

    public func lost(_ partition: Int) async {
        withdraw(partition)
        if owned.removeValue(forKey: partition) != nil { await handler.end(partition) }
    }

    private func withdraw(_ partition: Int) {
        gained.remove(partition)
        failing[partition] = nil
    }

    // MARK: - The loop

    /// One round over all partitions. False when the stage has come to its end.
    private func turn() async -> Bool {
        var busy = true
        while busy, !Task.isCancelled {
            Heart.current?.beat()
            // what became idle after the doorbell began to listen is looked at until it is listened to as well
            if let listenedTo { mayHaveMore(owned.keys.filter { !listenedTo.contains($0) }) }
            if pause > .zero {
                try? await Task.sleep(for: pause)  // ends early only when cancelled
                pause = .zero
            }
            await beginGained()
            await takeOverPending()
            busy = await commitAndFetch() || hasDelivered
            hasDelivered = false
            await releaseDrained()
            if stopping, owned.isEmpty, gained.isEmpty { return false }
            // one partition that is busy for long keeps no other from being heard
            listenIfIdle()
        }
        return true
    }

    /// One that cannot be begun keeps no other from it.
    private func beginGained() async {
        for partition in gained.sorted() where failing[partition].map({ $0.next <= .now }) ?? true {
            guard gained.remove(partition) != nil, let lease = leases.table.lease(partition) else { continue }
            Heart.current?.beat()
            do {
                try await handler.begin(partition)
                failing[partition] = nil
                // the lease may have gone, or been taken anew, while the state was loading
                guard leases.table.lease(partition)?.epoch == lease.epoch else { await handler.end(partition); continue }
                owned[partition] = Owned(epoch: lease.epoch)
            } catch {
                logger.error("stage.begin.failed", metadata: ["partition": "\(stage.inputs[partition])", "error": "\(error)"])
                guard leases.table.lease(partition) != nil else { continue }
                gained.insert(partition)
                failing[partition] = (failing[partition]?.since ?? .now, .now + Self.retryPause)
            }
        }
    }

    private func takeOverPending() async {
        for (partition, state) in owned where state.needsTakeOver {
            // what a draining partition still lists as pending is either being finished or left for the successor
            if state.draining { owned[partition]?.needsTakeOver = false; continue }
            do { try await takeOver(partition, epoch: state.epoch) } catch { await failed(error, [partition]) }
        }
    }

    private func takeOver(_ partition: Int, epoch: String) async throws(RedisError) {
        var after: String?
        repeat {
            Heart.current?.beat()
            let again = owned[partition]?.hasTakenOver ?? false
            let reply = try await redis.send(commands.takeOver(partition, epoch: epoch, after: after, page: Self.takeOverPage, again: again)).checked()
            guard let parts = reply.array, parts.count == 4 else { throw .unexpectedReply("take-over-partition") }
            guard owned[partition]?.epoch == epoch else { return }
            let entries = try StreamEntry.list(parts[1]).filter { !(owned[partition]?.pending.contains($0.id) ?? true) }
            let deleted = parts[2].array?.compactMap(\.text) ?? []
            if !deleted.isEmpty {
                logger.critical(
                    "stage.entries.lost", metadata: ["partition": "\(stage.inputs[partition])", "ids": "\(deleted.joined(separator: " "))"])
            }
            await deliver(entries, partition)
            // what was delivered may have been left for the successor: nothing of the same lane may be taken after it
            if owned[partition]?.draining == true { break }
            after = parts[0].text.flatMap { $0.isEmpty ? nil : $0 }
            owned[partition]?.position = parts[3].text ?? "0-0"
        } while after != nil
        owned[partition]?.needsTakeOver = false
        owned[partition]?.hasTakenOver = true
        owned[partition]?.mayHaveMore = true
    }

    private func deliver(_ entries: [StreamEntry], _ partition: Int) async {
        guard !entries.isEmpty else { return }
        Failpoint.reached(stage: stage.name, .afterFetch)
        hasDelivered = true
        if owned[partition]?.pending.isEmpty == true { owned[partition]?.pendingSince = .now }
        owned[partition]?.pending.formUnion(entries.map(\.id))
        let poison = entries.filter { $0.deliveries >= limits.deliveries }
        for entry in poison {
            let remains = await handler.remains(of: entry, partition: partition)
            let handOff = HandOff(
                puttingAside: entry, from: stage.inputs[partition], .poison, error: "delivered \(entry.deliveries + 1) times without an end",
                remains: remains, logger: logger)
            owned[partition]?.unconfirmed.append(.handOff(handOff))
        }
        await handler.receive(poison.isEmpty ? entries : entries.filter { $0.deliveries < limits.deliveries }, partition: partition)
    }

    /// Returns true when there is more to do at once.
    private func commitAndFetch() async -> Bool {
        var batch: [(partition: Int, completions: [Completion], fetch: Int, commands: [RedisCommand])] = []
        let rooms = owned.filter { !$0.value.needsTakeOver && $0.value.unconfirmed.count < limits.batch }
        let ready = await handler.ready(rooms.mapValues { limits.batch - $0.unconfirmed.count })
        var isCutOff = false
        for (partition, fresh) in ready.completions {
            owned[partition]?.unconfirmed.append(contentsOf: fresh)
            isCutOff = isCutOff || owned[partition].map { $0.unconfirmed.count >= limits.batch } ?? false
        }
        await giveUp(ready.fenced)
        for partition in owned.keys.sorted() {
            guard let state = owned[partition], !state.needsTakeOver else { continue }
            let room = limits.pending - state.pending.count + state.unconfirmed.count
            let wanted = state.mayHaveMore && !state.draining && !stopping
            let fetch = wanted ? max(0, min(limits.batch, room)) : 0
            guard !state.unconfirmed.isEmpty || fetch > 0 else { continue }
            batch.append((partition, state.unconfirmed, fetch, calls(partition, state, fetch: fetch)))
        }
        guard !batch.isEmpty else { return false }
        do {
            try pass(.beforeCommit, if: batch.contains { !$0.completions.isEmpty })
            try pass(.beforeFetch, if: batch.contains { $0.fetch > 0 })
            var replies = try await redis.send(batch.flatMap(\.commands))[...]
            try pass(.afterCommit, if: batch.contains { !$0.completions.isEmpty })
            for item in batch {
                let own = Array(replies.prefix(item.commands.count))
                replies = replies.dropFirst(item.commands.count)
                await confirm(item.partition, item.completions, fetch: item.fetch, own)
            }
        } catch {
            await failed(error, batch.map(\.partition))
        }
        return isCutOff || batch.contains { item in
            guard let state = owned[item.partition] else { return false }
            return state.mayHaveMore && state.pending.count < limits.pending && !state.draining || !state.unconfirmed.isEmpty
        }
    }

    private func pass(_ step: Failpoint.Step, if happens: @autoclosure () -> Bool) throws(RedisError) {
        guard Failpoint.isArmed, happens() else { return }
        try Failpoint.reached(stage: stage.name, step, throwing: RedisError.unknownOutcome("failpoint"))
    }

    private func calls(_ partition: Int, _ state: Owned, fetch: Int) -> [RedisCommand] {
        var handOffs: [HandOff] = []
        var acknowledgements: [String] = []
        var calls: [RedisCommand] = []
        for completion in state.unconfirmed {
            switch completion {
            case .handOff(let item): handOffs.append(item)
            case .acknowledge(let entry): acknowledgements.append(entry)
            case .fanOut(let chunk): calls.append(commands.fanOut(partition, epoch: state.epoch, chunk))
            }
        }
        if !acknowledgements.isEmpty {
            calls.append(commands.acknowledge(partition, epoch: state.epoch, acknowledgements, fetch: handOffs.isEmpty ? fetch : 0))
        }
        if !handOffs.isEmpty || (acknowledgements.isEmpty && fetch > 0) {
            calls.append(commands.handOff(partition, epoch: state.epoch, handOffs, fetch: fetch))
        }
        return calls
    }

    private func confirm(_ partition: Int, _ completions: [Completion], fetch: Int, _ replies: [RedisValue]) async {
        guard let epoch = owned[partition]?.epoch else { return }
        if let error = replies.lazy.compactMap(\.error).first { return await failed(.server(error), [partition]) }
        var index = 0
        var done: Set<String> = []
        for completion in completions {
            guard case .fanOut(let chunk) = completion else { done.insert(completion.entry); continue }
            let parts = replies[index].array ?? []
            index += 1
            if parts.first?.text == "MOVED", parts.count == 3 {
                await handler.resume(
                    partition, entry: chunk.entry, cursor: Int(parts[1].integer ?? 0), configVersion: parts[2].integer ?? 0)
            } else if chunk.isLast || parts.first?.text == "GONE" {
                done.insert(chunk.entry)
            }
        }
        var fetched: [StreamEntry] = []
        do {
            for value in replies[index...] {
                let reply = try commands.reply(value)
                if reply.duplicates > 0 {
                    logger.debug("stage.duplicates", metadata: ["partition": "\(stage.inputs[partition])", "count": "\(reply.duplicates)"])
                }
                fetched += reply.fetched
            }
        } catch { return await failed(error, [partition]) }
        guard owned[partition]?.epoch == epoch else { return }
        committed += done.count
        reachedAt = .now
        if !done.isEmpty { owned[partition]?.pendingSince = .now }
        owned[partition]?.unconfirmed.removeFirst(completions.count)
        owned[partition]?.pending.subtract(done)
        if fetch > 0 { owned[partition]?.mayHaveMore = fetched.count == fetch }
        if let last = fetched.last { owned[partition]?.position = last.id }
        await deliver(fetched, partition)
    }

    /// Sorts out what an error means: fenced partitions are dropped, everything else is tried again after a pause.
    private func failed(_ error: RedisError, _ partitions: [Int]) async {
        if case .server(let text) = error, text.contains("FENCED") { return await giveUp(partitions) }
        if case .server(let text) = error, let loss = Self.losses.first(where: text.contains) {
            // acknowledging in a group that is gone acknowledges nothing: what it led to is found on record
            let names = partitions.map { "\(stage.inputs[$0])" }.joined(separator: ", ")
            await leases.report(loss: "\(names): \(loss == "NOGROUP" ? "the group \(stage.group)" : "a stream that it writes to") is gone")
        }
        logger.error("stage.redis.failed", metadata: ["stage": "\(stage.name)", "error": "\(error)"])
        for partition in partitions { owned[partition]?.needsTakeOver = true }
        pause = Self.retryPause
    }

    /// Somebody else has them; when nobody does after all, they are taken anew, under a later epoch.
    private func giveUp(_ partitions: [Int]) async {
        for partition in partitions where owned[partition] != nil {
            logger.warning("stage.fenced", metadata: ["partition": "\(stage.inputs[partition])"])
            await leases.forget(partition)
            await lost(partition)
        }
    }

    private func releaseDrained() async {
        // what ended without a result meanwhile is left for the successor as well
        for (partition, state) in owned where state.draining && !state.pending.isEmpty {
            let abandoned = await handler.drain(partition)
            owned[partition]?.pending.subtract(abandoned)
        }
        for (partition, state) in owned where state.draining && state.pending.isEmpty {
            owned[partition] = nil
            await handler.end(partition)
            await leases.release(partition)
        }
    }

    // MARK: - The doorbell

    private func listenIfIdle() {
        guard !stopping else { return }
        let idle = owned.filter { !$0.value.mayHaveMore && !$0.value.draining && !$0.value.needsTakeOver }
        guard listenedTo == nil, !idle.isEmpty else { return }
        listenedTo = Set(idle.keys)
        listening?.yield(idle.mapValues(\.position))
    }

    private func listen(_ positions: [Int: String]) async {
        let partitions = Dictionary(uniqueKeysWithValues: positions.keys.map { (keys.stream(stage.inputs[$0]), $0) })
        do {
            let streams = positions.map { (keys.stream(stage.inputs[$0.key]), $0.value) }
            let first = try await doorbell.listen(streams)
            reachedAt = .now
            if !first.isEmpty {
                if limits.linger > .zero { try? await Task.sleep(for: limits.linger) }  // ends early only when cancelled
                // the first is fetched while the others are looked for
                mayHaveMore(first.compactMap { partitions[$0] })
                wake.signal()
                mayHaveMore(try await doorbell.look(streams.filter { !first.contains($0.0) }).compactMap { partitions[$0] })
            }
        } catch {
            logger.warning("stage.doorbell.failed", metadata: ["stage": "\(stage.name)", "error": "\(error)"])
            try? await Task.sleep(for: Self.retryPause)  // ends early only when cancelled
            mayHaveMore(positions.keys)
        }
        // what became idle meanwhile is listened to from now on
        listenedTo = nil
        wake.signal()
    }

    private func mayHaveMore(_ partitions: some Sequence<Int>) {
        for partition in partitions { owned[partition]?.mayHaveMore = true }
    }

    private static let retryPause = Duration.milliseconds(100)
    /// What Redis or a script says of a stream or a group that is not there.
    private static let losses = ["NOGROUP", "NOSTREAM"]
    private static let takeOverPage = 200
}
