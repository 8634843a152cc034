import CHiredis
import Glibc
import Redis
import RedisStreams

/// Entries handed on by the script in full batches, against the same calls in ready bytes.
///
/// Each round begins with an empty Redis that is filled with a fixed number of entries, whose ids are known in advance.
struct HandOffBenchmark: MicroBenchmark {
    let name = MicroName.handOff
    let unit = "entries"
    let reference = "bare EVALSHA, pipelined"

    private static let batch = 128
    private static let batches = 40
    /// Partitions, and connections of ours.
    private static let lanes = 3
    /// Calls of the reference under way.
    private static let ahead = 2 * lanes
    private static let epoch = "1"
    private static let keys = Keys(cell: "micro")
    private static let partitioning = Partitioning(signals: 1, accounts: lanes)

    private let socket: String
    private let connections: [RedisConnection]
    private let stage = StageCommands(keys: keys, stage: .plan(partitioning), consumer: "micro")

    init(_ servers: MicroServers) throws {
        socket = servers.servers.redis.socket
        connections = try (0..<Self.lanes).map { try servers.context.redis("micro-\($0)") }
    }

    func oursRound(_ duration: Duration) async throws -> MicroSample {
        try await fill()
        let start = ContinuousClock.now
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for lane in 0..<Self.lanes { group.addTask { try await drain(lane) } }
            return try await group.reduce(0, +)
        }
        return try sample(done, ContinuousClock.now - start)
    }

    private func drain(_ lane: Int) async throws -> Int {
        var done = 0
        var entries: [String] = []
        repeat {
            let answer = try stage.reply(try await connections[lane].send(command(lane, entries)))
            done += answer.acknowledged
            entries = answer.fetched.map(\.id)
        } while !entries.isEmpty
        return done
    }

    func referenceRound(_ duration: Duration) async throws -> MicroSample {
        try await fill()
        let digest = try await digest()
        // the first call of a lane only fetches, each of the others completes a batch and fetches the next
        let calls = (0...Self.batches).flatMap { call in
            (0..<Self.lanes).map { command($0, call == 0 ? [] : Self.ids(call - 1)).wire(digest: digest) }
        }
        let bare = try BareConnection(socket: socket)
        let start = ContinuousClock.now
        let done = try bare.acknowledged(calls, ahead: Self.ahead)
        return try sample(done, ContinuousClock.now - start)
    }

    private func sample(_ done: Int, _ time: Duration) throws(Failure) -> MicroSample {
        guard done == Self.batch * Self.batches * Self.lanes else {
            throw Failure(.checkFailed, "\(done) of \(Self.batch * Self.batches * Self.lanes) entries were handed on")
        }
        return MicroSample(items: done, time: time)
    }

    private func command(_ lane: Int, _ entries: [String]) -> RedisCommand {
        let handOffs = entries.map { entry in
            HandOff(
                entry: entry,
                emissions: [
                    Emission(
                        StreamPartition(.jobs, lane), id: "9f3c1a7e5b2d4860c1a7e5b2d48609f3", owner: ("subscriber", "sub-0001"), coin: "SYN0001",
                        action: "open", trace: "4dfc71f6e469c9314f76044075b1e402", data: MicroPayload.request)
                ])
        }
        return stage.handOff(lane, epoch: Self.epoch, handOffs, fetch: Self.batch)
    }

    /// Of one batch, the same in every lane.
    private static func ids(_ batch: Int) -> [String] { (1...Self.batch).map { "\(batch + 1)-\($0)" } }

    private func digest() async throws -> String {
        guard let script = command(0, []).script else { throw Failure(.checkFailed, "a hand-off calls no script") }
        guard let digest = try await connections[0].send(RedisCommand("SCRIPT", "LOAD", script.source)).checked().text else {
            throw RedisError.unexpectedReply("SCRIPT LOAD")
        }
        return digest
    }

    /// The server is ours alone.
    private func fill() async throws {
        let redis = connections[0]
        _ = try await redis.send(RedisCommand("FLUSHALL", "SYNC")).checked()
        try await Provisioning.provision(redis, keys: Self.keys, partitioning: Self.partitioning)
        let stage = Stage.plan(Self.partitioning)
        for lane in 0..<Self.lanes {
            _ = try await redis.send(RedisCommand("HSET", Self.keys.lease(stage.name, stage.partitionNames[lane]), "epoch", Self.epoch)).checked()
            let input = Self.keys.stream(stage.inputs[lane])
            for batch in 0..<Self.batches {
                let commands = Self.ids(batch).map { id in
                    var command = RedisCommand("XADD", input, id)
                    for (name, value) in MicroPayload.fields {
                        command.append(name)
                        command.append(value)
                    }
                    return command
                }
                for reply in try await redis.send(commands) { _ = try reply.checked() }
            }
        }
    }
}

/// hiredis as a C program would call it.
private final class BareConnection {
    private let context: UnsafeMutablePointer<redisContext>

    /// For connecting, and for each answer.
    private static let timeout = timeval(tv_sec: 10, tv_usec: 0)

    init(socket: String) throws(Failure) {
        guard let context = redisConnectUnixWithTimeout(socket, Self.timeout) else { throw Failure(.unavailable, "no memory for a connection") }
        guard context.pointee.err == 0, redisSetTimeout(context, Self.timeout) == REDIS_OK else {
            redisFree(context)
            throw Failure(.unavailable, "cannot connect to \(socket)")
        }
        self.context = context
    }

    deinit { redisFree(context) }

    /// Sends calls in order, `ahead` of them before the answer to the first is read.
    /// - Returns: the sum of the answers' first elements.
    func acknowledged(_ calls: [[UInt8]], ahead: Int) throws(Failure) -> Int {
        var sum = 0
        for call in calls.prefix(ahead) { append(call) }
        for index in calls.indices {
            var raw: UnsafeMutableRawPointer?
            guard redisGetReply(context, &raw) == REDIS_OK, let raw else { throw Failure(.unavailable, "the private Redis ended a connection") }
            defer { freeReplyObject(raw) }
            let reply = raw.assumingMemoryBound(to: redisReply.self).pointee
            guard reply.type == REDIS_REPLY_ARRAY, reply.elements == 3, let first = reply.element[0] else {
                throw Failure(.checkFailed, "the script answered: \(reply.str.map { String(cString: $0) } ?? "another type")")
            }
            sum += Int(first.pointee.integer)
            if index + ahead < calls.count { append(calls[index + ahead]) }
        }
        return sum
    }

    private func append(_ call: [UInt8]) {
        call.withUnsafeBytes { _ = redisAppendFormattedCommand(context, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count) }
    }
}
