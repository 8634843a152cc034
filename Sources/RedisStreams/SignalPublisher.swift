import Redis

/// The edge of the pipeline: signals in, each at most once, together with the state of their source.
public struct SignalPublisher: Sendable {
    public struct Item: Sendable {
        public var id: String
        public var emission: Emission

        public init(id: String, emission: Emission) {
            self.id = id
            self.emission = emission
        }
    }

    public enum Answer: Sendable, Equatable {
        /// How many were new, and how many had been published before.
        case published(new: Int, duplicates: Int)
        case fenced
    }

    /// Longest replay of a source that is still deduplicated.
    public static let memory = Duration.seconds(8 * 86_400)
    /// Signals per call: bounds the time one script holds Redis.
    public static let mostItems = 256
    private let redis: RedisConnection
    private let keys: Keys

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        self.keys = keys
    }

    /// What is stored of a leader after its signals.
    public struct LeaderState: Sendable {
        public var influencer: String
        public var cursor: [UInt8]
        public var record: [UInt8]

        public init(influencer: String, cursor: [UInt8], record: [UInt8]) {
            self.influencer = influencer
            self.cursor = cursor
            self.record = record
        }
    }

    /// One script call: signals of one partition and one day, with what to store of their leader after them.
    public struct Call: Sendable {
        public var items: [Item]
        /// Ids that count as published from now on.
        public var leftOut: [String]
        public var partition: Int
        /// Of the signals' own time, `2026-11-21`.
        public var day: String
        public var epoch: String
        /// `nil` leaves the stored one.
        public var leader: LeaderState?

        public init(items: [Item], leftOut: [String] = [], partition: Int, day: String, epoch: String, leader: LeaderState?) {
            self.items = items
            self.leftOut = leftOut
            self.partition = partition
            self.day = day
            self.epoch = epoch
            self.leader = leader
        }
    }

    /// All calls in one round trip, in order.
    /// - Throws: when one was refused; those after it may have been carried out all the same.
    public func publish(_ calls: [Call]) async throws(RedisError) -> [Answer] {
        var answers: [Answer] = []
        for reply in try await redis.send(calls.map(command)) {
            if let error = reply.error, error.contains("FENCED") { answers.append(.fenced); continue }
            let items = try reply.checked().array ?? []
            let new = items.count { $0.integer == 1 }
            answers.append(.published(new: new, duplicates: items.count - new))
        }
        return answers
    }

    /// Stores what a leader has resting at the exchange; false when the partition is no longer ours.
    public func record(orders: [UInt8], of influencer: String, partition: Int, epoch: String) async throws(RedisError) -> Bool {
        var command = RedisCommand(
            script: Script.recordLeaderOrders, keys: [keys.lease("ingest", twoDigits(partition)), keys.orders(partition)])
        command.append(epoch)
        command.append(influencer)
        command.append(orders)
        let reply = try await redis.send(command)
        if let error = reply.error, error.contains("FENCED") { return false }
        _ = try reply.checked()
        return true
    }

    private func command(_ call: Call) -> RedisCommand {
        let target = StreamPartition(.signals, call.partition)
        var command = RedisCommand(
            script: Script.publishSignals,
            keys: [
                keys.lease("ingest", twoDigits(call.partition)), keys.seen(day: call.day), keys.stream(target), keys.sequence,
                keys.cursors(call.partition), keys.leaders(call.partition),
            ])
        command.append(call.epoch)
        command.append(target.name)
        command.append(Self.memory.components.seconds)
        command.append(call.leader?.influencer ?? "")
        command.append(call.leader?.cursor ?? [])
        command.append(call.leader?.record ?? [])
        command.append(call.leftOut.count)
        for id in call.leftOut { command.append(id) }
        command.append(call.items.count)
        for item in call.items {
            command.append(item.id)
            command.append(fields: item.emission.fields)
        }
        return command
    }
}
