import AuditTrail
import CopyTrading
import Postgres
import Redis
import RedisStreams

/// Finds the story someone asks for by the id, or the beginning of the id, of a signal, request, job or order.
struct StoryFinder: Sendable {
    /// What an id may stand for.
    struct Match: Sendable, Equatable {
        /// `signal`, `request`, `job` or `cloid`.
        var what: String
        var id: String
        var signal: String
        /// `nil` for a signal: all of its copies.
        var subscription: String?
    }

    static let mostMatches = 10
    /// Newest entries of each stream that are looked at for what the audit trail does not have yet.
    static let newest = 500

    let connection: PostgresConnection
    let redis: RedisConnection
    let keys: Keys
    let partitioning: Partitioning

    /// - Throws: ``Failure`` when nothing, or more than one signal or order, has an id that begins so; without any, request or job.
    func find(_ text: String) async throws -> Story {
        let prefix = text.lowercased()
        guard prefix.utf8.count >= 4, prefix.utf8.count <= 64, prefix.allSatisfy({ $0.isHexDigit || $0 == "x" }) else {
            throw Failure(.usage, "\"\(text)\" is no id: expected at least four hexadecimal digits, for an order after 0x")
        }
        let matches = try await stored(prefix)
        var story: Story
        if let match = matches.first {
            guard matches.count == 1 else { throw Self.ambiguous(text, matches) }
            story = Story(
                signalID: match.signal,
                try await AuditReader(connection).story(of: SignalID(match.signal), subscription: match.subscription.map { SubscriptionID($0) }))
            try await addNewest(to: &story, subscription: match.subscription) { $0.names.contains(match.signal) }
        } else {
            story = Story(signalID: "")
            try await addNewest(to: &story, subscription: nil) { $0.names.contains { $0.hasPrefix(prefix) } }
            guard let signal = (story.signal?.names ?? []).first ?? story.requests.first?.fields.first(where: { $0.0 == "trace" })?.1
                ?? (story.jobs + story.results).first?.text("signal")
            else {
                throw Failure(
                    .checkFailed, "nothing has an id that begins with \(text), neither in the audit trail nor among the newest entries in Redis",
                    nextStep: "ids are in `vibe pending`, `vibe verify`, results and the exchange's ledger")
            }
            story.signalID = signal
        }
        try await addWhoHolds(&story)
        try await addAttempts(&story)
        return story
    }

    private static func ambiguous(_ text: String, _ matches: [Match]) -> Failure {
        let list = matches.map { "  \($0.what) \($0.id)\($0.subscription.map { " for \($0)" } ?? "")" }.joined(separator: "\n")
        return Failure(.usage, "\(text) is the beginning of more than one id:\n\(list)", nextStep: "give more of it")
    }

    /// Signals and orders, which have indexes; only when there is none requests and jobs, for which all of the trail is looked at.
    private func stored(_ prefix: String) async throws -> [Match] {
        let indexed = try await stored(prefix, [("signal", "signal_id", "'influencer_signals'"), ("cloid", "cloid", "'execution_results'")])
        guard indexed.isEmpty else { return indexed }
        return try await stored(
            prefix, [("request", "request_id", "'execution_requests'"), ("job", "job_id", "'execution_jobs', 'execution_results'")])
    }

    /// Ids are hexadecimal, so those that begin with `prefix` lie between it and it followed by a letter past f.
    private func stored(_ prefix: String, _ ids: [(what: String, column: String, kinds: String)]) async throws -> [Match] {
        let parts = ids.map { what, column, kinds in
            """
            (SELECT DISTINCT '\(what)' AS what, \(column) AS id, signal_id, \(what == "signal" ? "NULL::text" : "subscription") AS subscription
            FROM audit_entries WHERE kind IN (\(kinds)) AND \(column) >= $1 AND \(column) < $1 || 'g' AND signal_id IS NOT NULL LIMIT $2::bigint)
            """
        }
        let rows = try await connection.query(
            parts.joined(separator: " UNION ALL "), [.text(prefix), .integer(Int64(Self.mostMatches))])
        return try rows.map { row in
            Match(
                what: try row.text("what"), id: try row.text("id"), signal: try row.text("signal_id"),
                subscription: try row.maybeText("subscription"))
        }
    }

    private func addNewest(to story: inout Story, subscription: String?, where matches: (StoryEntry) -> Bool) async throws {
        let streams = partitioning.all.map(keys.stream)
        let replies = try await redis.send(streams.map { RedisCommand("XREVRANGE", $0, "+", "-", "COUNT", "\(Self.newest)") })
        for (stream, reply) in zip(streams, replies) {
            for entry in (reply.array ?? []).reversed().compactMap({ StoryEntry(stream: stream, $0) }) where matches(entry) {
                if subscription == nil || entry.subscription == nil || entry.subscription == subscription { story.add(entry) }
            }
        }
    }

    private func addWhoHolds(_ story: inout Story) async throws {
        let redis = redis
        try await story.forEachEntry { entry in
            let stream = Stream(rawValue: entry.kind.name)
            for group in stream?.groups ?? [] where group != Group.audit {
                let reply = try await redis.send(RedisCommand("XPENDING", entry.stream, group, "\(entry.id)", "\(entry.id)", "1"))
                if let item = reply.array?.first?.array, item.count == 4, let idle = item[2].integer {
                    entry.held = "\(item[1].text ?? "?") for \(Format.time(milliseconds: idle)), delivery \(item[3].integer ?? 0)"
                }
            }
        }
    }

    private func addAttempts(_ story: inout Story) async throws {
        for entry in story.jobs {
            guard let job = entry.text("id"), let partition = entry.stream.split(separator: ":").last.flatMap({ Int($0) }) else { continue }
            let reply = try await redis.send(RedisCommand("HGET", keys.attempts(partition), job))
            if let record = reply.text { story.attempts[job] = record }
        }
    }
}
