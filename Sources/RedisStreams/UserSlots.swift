import Redis

/// The places for users whose own fills are followed from one egress address, shared by all processes behind it.
///
/// A place is a lease: held from before the subscription is sent until its end is certain, and lost when it is not renewed. A holder
/// that could not renew in time must stop following: see ``Answer/validUntil``.
public struct UserSlots: Sendable {
    public struct Answer: Sendable, Equatable {
        /// Of the users asked for, those whose place the caller has now.
        public var held: Set<String>
        /// Places in use by all processes.
        public var used: Int
        /// Until then, by the local clock, nobody else can have them.
        public var validUntil: ContinuousClock.Instant
    }

    private let redis: RedisConnection
    private let key: String
    private let holder: String
    private let life: Duration
    private let limit: Int

    /// - Parameters:
    ///   - holder: this process, and this start of it: a successor of the same name must not take the places for its own.
    ///   - life: of a place without renewal.
    ///   - limit: users that the exchange allows the address.
    public init(redis: RedisConnection, keys: Keys, egress: String, holder: String, life: Duration, limit: Int) {
        precondition(limit > 0 && life > .zero, "no place could be held")
        self.redis = redis
        key = keys.userSlots(egress: egress)
        self.holder = holder
        self.life = life
        self.limit = limit
    }

    /// Claims or renews places, and gives others back, in one step.
    /// - Parameters:
    ///   - users: lower-case addresses, most wanted first.
    ///   - returned: whose subscriptions are certainly over.
    public func update(hold users: [String], giveBack returned: [String]) async throws(RedisError) -> Answer {
        var command = RedisCommand(script: Script.updateUserSlots, keys: [key])
        command.append(holder)
        command.append(life.milliseconds)
        command.append(limit)
        command.append(returned.count)
        for user in returned { command.append(user) }
        for user in users { command.append(user) }
        let asked = ContinuousClock.now
        guard let reply = try await redis.send(command).checked().array, reply.count == users.count + 1, let used = reply[0].integer else {
            throw .unexpectedReply("update-user-slots")
        }
        let held = zip(users, reply.dropFirst()).filter { $0.1.integer == 1 }.map(\.0)
        return Answer(held: Set(held), used: Int(used), validUntil: asked + life)
    }
}
