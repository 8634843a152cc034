import Blocking
import CHiredis
import Glibc
import Logging
import TLSTunnel

/// One connection to Redis, on a thread of its own.
///
/// What it owes others: a batch goes out as one pipeline and its replies come back in order; any I/O error or time-out closes
/// the connection, because a late reply would answer the wrong command; nothing that may have run is ever sent again on its
/// own. The next call connects anew, no more often than the back-off allows.
public actor RedisConnection {
    private let executor: ThreadExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let endpoint: RedisEndpoint
    private let timeout: Duration
    private let name: String
    private let logger: Logger
    private let admission: RedisAdmission?
    /// `run_id` of the server that is connected; `nil` when nobody asks for it.
    private var server: String?
    private var context: UnsafeMutablePointer<redisContext>?
    /// Of this connection, when it is one with TLS; knows why it ended.
    private var tunnel: TLSTunnel?
    private var digests: [RedisScript: String] = [:]
    private var backoff = ReconnectBackoff()
    private var closed = false
    /// Times this connection was (re)established.
    public private(set) var connects = 0

    /// - Parameters:
    ///   - timeout: for connecting, and for each reply. A blocking command needs more than it blocks for.
    ///   - name: as shown by `CLIENT LIST`.
    ///   - admission: commands go to the server that it admits alone; `nil`: to whichever answers.
    public init(endpoint: RedisEndpoint, timeout: Duration, name: String, admission: RedisAdmission? = nil, logger: Logger) {
        self.endpoint = endpoint
        self.timeout = timeout
        self.name = name
        self.admission = admission
        self.logger = logger
        executor = ThreadExecutor(name: "redis-\(name)")
        _ = signal(SIGPIPE, SIG_IGN)  // hiredis writes with write(2): a closed peer must be an error, not the end of the process
    }

    isolated deinit { disconnect() }

    public func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue { try pipeline([command])[0] }

    /// Sends all commands at once and returns their replies in order. An error reply is a value, not a throw.
    public func send(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue] { try pipeline(commands) }

    public func close() {
        closed = true
        disconnect()
    }

    private func pipeline(_ commands: [RedisCommand]) throws(RedisError) -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        try connectIfNeeded()
        try checkAdmission()
        try load(Set(commands.compactMap(\.script)).filter { digests[$0] == nil })
        var replies = try exchange(commands)
        // whoever became a replica stays one: the next call finds who is the server now
        if replies.contains(where: { $0.error?.contains("READONLY") == true }) { disconnect() }
        // NOSCRIPT means that this command did not run, so running it now is not a retry.
        let forgotten = replies.indices.filter { replies[$0].error?.hasPrefix("NOSCRIPT") == true }
        guard !forgotten.isEmpty else { return replies }
        logger.warning("redis.scripts.reloaded", metadata: ["connection": "\(name)", "commands": "\(forgotten.count)"])
        try load(Set(forgotten.compactMap { commands[$0].script }))
        for (index, reply) in zip(forgotten, try exchange(forgotten.map { commands[$0] })) { replies[index] = reply }
        return replies
    }

    private func load(_ scripts: Set<RedisScript>) throws(RedisError) {
        guard !scripts.isEmpty else { return }
        let ordered = Array(scripts)
        let replies = try exchange(ordered.map { RedisCommand("SCRIPT", "LOAD", $0.source) })
        for (script, reply) in zip(ordered, replies) {
            guard let digest = reply.text, reply.error == nil else { throw .server("script \(script.name): \(reply.error ?? "\(reply)")") }
            digests[script] = digest
        }
    }

    private func exchange(_ commands: [RedisCommand]) throws(RedisError) -> [RedisValue] {
        guard let context else { throw .unavailable("\(endpoint): not connected") }
        for command in commands {
            let wire = command.wire(digest: command.script.flatMap { digests[$0] })
            let status = wire.withUnsafeBytes {
                redisAppendFormattedCommand(context, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
            }
            guard status == REDIS_OK else { throw lost("cannot buffer a command") }
        }
        var replies: [RedisValue] = []
        replies.reserveCapacity(commands.count)
        for _ in commands {
            let raw: UnsafeMutableRawPointer
            switch ReplyReader.next(context, within: timeout) {
            case .reply(let reply): raw = reply
            case .broken: throw lost(errorText(context))
            case .refused(let reason): throw lost(reason)
            }
            replies.append(RedisValue(copying: raw.assumingMemoryBound(to: redisReply.self)))
            freeReplyObject(raw)
        }
        return replies
    }

    private func lost(_ reason: String) -> RedisError {
        disconnect()
        logger.warning("redis.connection.lost", metadata: ["connection": "\(name)", "reason": "\(reason)"])
        return .unknownOutcome("\(endpoint): \(reason)")
    }

    // MARK: - Connecting

    private func connectIfNeeded() throws(RedisError) {
        guard context == nil else { return }
        guard !closed else { throw .unavailable("\(endpoint): closed") }
        if let wait = backoff.remaining { throw .unavailable("\(endpoint): next attempt in \(wait)") }
        do {
            try connect()
            backoff.succeeded()
            connects += 1
        } catch {
            disconnect()
            backoff.failed()
            throw error
        }
    }

    /// What is not sent has no outcome to be unknown.
    private func checkAdmission() throws(RedisError) {
        guard let admission, admission.server != server || server == nil else { return }
        disconnect()
        throw .unavailable("\(endpoint): the server was started anew, and what it holds is not checked yet")
    }

    private func connect() throws(RedisError) {
        let limit = timeout.timeval
        let opened = try open(limit)
        context = opened
        guard opened.pointee.err == 0 else { throw .unavailable("\(endpoint): \(errorText(opened))") }
        guard redisSetTimeout(opened, limit) == REDIS_OK else { throw .unavailable("\(endpoint): \(errorText(opened))") }
        // hiredis 0.14 breaks a context on a Unix socket, the tunnel's too, when asked for TCP keep-alive
        if case .tcp = endpoint.address, endpoint.tls == nil { redisEnableKeepAlive(opened) }
        var greeting: [RedisCommand] = []
        if let password = endpoint.password { greeting.append(RedisCommand(["AUTH"] + (endpoint.user.map { [$0] } ?? []) + [password])) }
        if endpoint.database != 0 { greeting.append(RedisCommand("SELECT", "\(endpoint.database)")) }
        greeting.append(RedisCommand("CLIENT", "SETNAME", name))
        if admission != nil { greeting.append(RedisCommand("INFO", "server")) }
        do {
            let replies = try exchange(greeting)
            for reply in replies { _ = try reply.checked() }
            server = admission == nil ? nil : replies.last?.text.flatMap(Self.runID)
        } catch .unknownOutcome(let text) { throw .unavailable(text + hint(after: text)) } catch { throw .unavailable("\(endpoint): \(error)") }
    }

    private func open(_ limit: timeval) throws(RedisError) -> UnsafeMutablePointer<redisContext> {
        let opened: UnsafeMutablePointer<redisContext>?
        switch endpoint.address {
        case .unix(let path): opened = redisConnectUnixWithTimeout(path, limit)
        case .tcp(let host, let port):
            if let trust = endpoint.tls {
                do { tunnel = try TLSTunnel(host: host, port: port, trust: trust, timeout: timeout) } catch {
                    throw .unavailable("\(endpoint): \(error)")
                }
                opened = tunnel.flatMap { redisConnectFd($0.descriptor) }
            } else {
                opened = redisConnectWithTimeout(host, Int32(port), limit)
            }
        }
        guard let opened else { throw .unavailable("\(endpoint): out of memory") }
        return opened
    }

    /// A server that takes the connection and then ends it before it answered has not been spoken to as it wants.
    private func hint(after text: String) -> String {
        guard case .tcp = endpoint.address, !text.contains("no answer within") else { return "" }
        guard let trust = endpoint.tls else { return " (a server that wants TLS does so: rediss://)" }
        return trust.certificateFile == nil ? " (a server that wants a client certificate does so)" : ""
    }

    private static func runID(_ info: String) -> String? {
        info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }.map { String($0.dropFirst("run_id:".count)) }
    }

    private func disconnect() {
        if let context { redisFree(context) }
        context = nil
        tunnel = nil
        server = nil
        digests = [:]
    }

    private func errorText(_ context: UnsafeMutablePointer<redisContext>) -> String {
        if let failure = tunnel?.failure { return failure }
        let text = withUnsafePointer(to: &context.pointee.errstr) {
            $0.withMemoryRebound(to: CChar.self, capacity: 128) { String(cString: $0) }
        }
        // hiredis 0.14 reports a time-out as EAGAIN's text.
        return text == String(cString: strerror(EAGAIN)) ? "no answer within \(timeout)" : text
    }
}

/// Waits between attempts to connect: doubling from 50 ms to 2 s, with up to half of it taken off at random so that a fleet does not
/// come back in step.
struct ReconnectBackoff {
    static let first = Duration.milliseconds(50)
    static let longest = Duration.seconds(2)
    private var failures = 0
    private var notBefore: ContinuousClock.Instant?

    var remaining: Duration? {
        guard let notBefore else { return nil }
        let wait = notBefore - ContinuousClock.now
        return wait > .zero ? wait : nil
    }

    mutating func failed() {
        failures += 1
        let step = min(Self.first * (1 << min(failures - 1, 6)), Self.longest)
        notBefore = .now + step * Double.random(in: 0.5...1)
    }

    mutating func succeeded() { self = ReconnectBackoff() }
}

extension Duration {
    var timeval: Glibc.timeval {
        Glibc.timeval(tv_sec: Int(components.seconds), tv_usec: Int(components.attoseconds / 1_000_000_000_000))
    }
}
