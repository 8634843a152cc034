import Failpoints
import Health
import Logging
import Redis

/// Told about partitions gained and lost.
public protocol LeaseHolder: Sendable {
    /// The partition is the caller's from now on.
    func granted(_ partition: Int) async
    /// Another process should have it: finish what is begun, then call ``PartitionLeases/release(_:)``.
    func surrender(_ partition: Int) async
    /// Another process has it already: drop everything about it.
    func lost(_ partition: Int) async
}

/// Keeps a process alive in its stage, and its leases renewed, on a connection that waits for no other work.
///
/// Every beat: say "alive", read who else is, renew, give up what belongs to another by rendezvous, take what is free.
public actor PartitionLeases {
    public struct Timing: Sendable {
        /// Life of a lease without renewal: the longest a partition stands still after its owner died.
        public var life: Duration
        public var beat: Duration
        /// How long before its end a lease is no longer trusted for sending.
        public var margin: Duration

        public init(life: Duration = .seconds(3), beat: Duration = .milliseconds(250), margin: Duration = .milliseconds(500)) {
            self.life = life
            self.beat = beat
            self.margin = margin
        }
    }

    public nonisolated let table = LeaseTable()
    private let redis: RedisConnection
    private let keys: Keys
    private let stage: String
    private let partitions: [String]
    private let member: String
    private let timing: Timing
    private let logger: Logger
    private var previousMembers: Set<String> = []
    private var surrendering: Set<Int> = []
    private var leaving = false
    /// As of the last beat that went through.
    private var standing = LeaseStanding()

    /// - Parameter redis: a connection for this alone.
    public init(
        redis: RedisConnection, keys: Keys, stage: String, partitions: [String], member: String, timing: Timing, logger: Logger
    ) {
        self.redis = redis
        self.keys = keys
        self.stage = stage
        self.partitions = partitions
        self.member = member
        self.timing = timing
        self.logger = logger
    }

    /// Beats until cancelled.
    public func run(holder: some LeaseHolder) async {
        let heart = Heart.start("leases of \(stage)")
        defer { heart.rest() }
        await Heart.$current.withValue(heart) { await beats(holder, heart) }
    }

    private func beats(_ holder: some LeaseHolder, _ heart: Heart) async {
        while !Task.isCancelled {
            heart.beat()
            do { try await beat(holder) } catch { logger.warning("lease.beat.failed", metadata: ["stage": "\(stage)", "error": "\(error)"]) }
            try? await Task.sleep(for: timing.beat)  // ends early only when cancelled
        }
    }

    /// The caller finished with the partition.
    public func release(_ partition: Int) async {
        guard let lease = table.lease(partition) else { return }
        table.set(partition, nil)
        surrendering.remove(partition)
        Failpoint.reached(.leaseBeforeRelease)
        var command = RedisCommand(script: Script.releaseLease, keys: [key(partition)])
        command.append(lease.epoch)
        do {
            _ = try await redis.send(command).checked()
            logger.debug("lease.released", metadata: ["stage": "\(stage)", "partition": "\(partitions[partition])"])
        } catch {
            logger.warning("lease.release.failed", metadata: ["partition": "\(partitions[partition])", "error": "\(error)"])
        }
    }

    /// Takes no more partitions and asks for every owned one to be given up.
    public func leave(holder: some LeaseHolder) async {
        leaving = true
        for partition in table.all.keys.sorted() where surrendering.insert(partition).inserted { await holder.surrender(partition) }
        do { _ = try await redis.send(RedisCommand("ZREM", keys.members(stage), member)).checked() } catch {
            logger.warning("lease.leave.failed", metadata: ["stage": "\(stage)", "error": "\(error)"])
        }
    }

    /// The script layer found a partition fenced before the next beat did.
    public func forget(_ partition: Int) {
        table.set(partition, nil)
        surrendering.remove(partition)
    }

    private func beat(_ holder: some LeaseHolder) async throws(RedisError) {
        try await renew(holder)
        guard !leaving else { return }
        let members = try await join()
        let settled = members.filter { previousMembers.contains($0) || $0 == member }
        previousMembers = Set(members)
        note(settled)
        for partition in partitions.indices where !leaving {
            Heart.current?.beat()
            let mine = Rendezvous.owner(of: partitions[partition], stage: stage, members: settled) == member
            let held = table.lease(partition) != nil
            if mine, !held {
                try await acquire(partition, holder)
            } else if !mine, held, surrendering.insert(partition).inserted {
                logger.debug("lease.surrender", metadata: ["stage": "\(stage)", "partition": "\(partitions[partition])"])
                await holder.surrender(partition)
            }
        }
    }

    private func note(_ members: [String]) {
        standing.beatAt = .now
        standing.members = members.count
        standing.due = partitions.count { Rendezvous.owner(of: $0, stage: stage, members: members) == member }
        standing.held = table.all.count
        if standing.held >= standing.due { standing.shortSince = nil } else { standing.shortSince = standing.shortSince ?? .now }
    }

    /// How this process stands in its stage.
    public func currentStanding() -> LeaseStanding { standing }

    private func join() async throws(RedisError) -> [String] {
        var command = RedisCommand(script: Script.joinStage, keys: [keys.members(stage)])
        command.append(member)
        command.append(timing.life.milliseconds)
        guard let reply = try await redis.send(command).checked().array else { throw .unexpectedReply("join-stage") }
        return reply.dropFirst().compactMap(\.text)
    }

    private func renew(_ holder: some LeaseHolder) async throws(RedisError) {
        let held = table.all.sorted { $0.key < $1.key }
        guard !held.isEmpty else { return }
        var command = RedisCommand(script: Script.renewLeases, keys: held.map { key($0.key) })
        command.append(timing.life.milliseconds)
        for (_, lease) in held { command.append(lease.epoch) }
        let asked = ContinuousClock.now
        guard let reply = try await redis.send(command).checked().array, reply.count == held.count else { throw .unexpectedReply("renew-leases") }
        for ((partition, lease), answer) in zip(held, reply) {
            // released while the call was under way
            guard table.lease(partition)?.epoch == lease.epoch else { continue }
            if answer.integer == 1 {
                table.set(partition, LeaseTable.Lease(epoch: lease.epoch, deadline: asked + timing.life - timing.margin))
            } else {
                forget(partition)
                logger.warning("lease.lost", metadata: ["stage": "\(stage)", "partition": "\(partitions[partition])"])
                await holder.lost(partition)
            }
        }
    }

    private func acquire(_ partition: Int, _ holder: some LeaseHolder) async throws(RedisError) {
        var command = RedisCommand(script: Script.acquireLease, keys: [key(partition)])
        command.append(member)
        command.append(timing.life.milliseconds)
        let asked = ContinuousClock.now
        guard let reply = try await redis.send(command).checked().array, reply.count >= 2 else { throw .unexpectedReply("acquire-lease") }
        guard reply[0].integer == 1, let epoch = reply[1].text else { return }
        Failpoint.reached(.leaseAfterAcquire)
        table.set(partition, LeaseTable.Lease(epoch: epoch, deadline: asked + timing.life - timing.margin))
        logger.debug("lease.acquired", metadata: ["stage": "\(stage)", "partition": "\(partitions[partition])", "epoch": "\(epoch)"])
        // asked to leave while the answer was on its way
        if leaving { return await release(partition) }
        await holder.granted(partition)
    }

    private func key(_ partition: Int) -> String { keys.lease(stage, partitions[partition]) }
}

extension Duration {
    public var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
    public var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
