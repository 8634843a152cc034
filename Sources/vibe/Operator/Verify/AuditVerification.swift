import AuditTrail
import CopyTrading
import JSON
import Redis
import RedisStreams

/// The checks of the audit trail by itself and against Redis: nothing missing, nothing altered, every pair answered once, in order.
struct AuditVerification: Sendable {
    private(set) var findings = Findings()
    let pairs: AuditPairs
    /// Rows of each stream, by its name within the cell.
    private(set) var stored: [String: Int] = [:]
    var rows: Int { stored.values.reduce(0, +) }
    /// Request → the dead letter that it, or a job of it, waits in; of a job without a request the job.
    private var letters: [String: String] = [:]
    /// Stream and id of entries that nobody can read: they led to nothing, and wait as dead letters.
    private var unreadable: Set<String> = []

    private init(pairs: AuditPairs) { self.pairs = pairs }

    static func run(_ reader: AuditReader, redis: RedisConnection, keys: Keys) async throws -> AuditVerification {
        var verification = AuditVerification(pairs: try await reader.pairs(listed: Findings.named))
        try await verification.readLetters(redis, keys)
        try await verification.checkStreams(reader, redis: redis, keys: keys)
        verification.checkPairs()
        try await verification.checkAnomalies(reader)
        return verification
    }

    private mutating func readLetters(_ redis: RedisConnection, _ keys: Keys) async throws {
        for letter in try await DeadLetterBox(redis: redis, keys: keys).read() {
            let content = letter.original("data").flatMap { try? JSON.parse($0) }
            // a poison entry may well be readable, and then others may stem from it
            if letter.reason != DeadLetter.Reason.poison.rawValue || content == Optional<JSON>.none, let origin = letter.origin {
                unreadable.insert("\(keys.stream(origin)) \(letter.entry)")
            }
            guard let json = content else { continue }
            guard let request = (try? json.string("request")) ?? (try? json.string("id")) else { continue }
            letters[request] = letter.id
        }
    }

    private mutating func checkStreams(_ reader: AuditReader, redis: RedisConnection, keys: Keys) async throws {
        // a fleet that is at rest still writes now and then: what was counted before must be stored, what is stored must be counted after
        let before = try await Self.counters(redis, keys)
        var unseen = before
        var last: [(stream: String, name: String, seq: Int64)] = []
        for stream in try await reader.streams() {
            try Task.checkCancellation()
            let check = try await reader.check(stream, listed: Findings.named)
            for hole in check.holes {
                let numbers = hole.count == 1 ? "seq \(hole.lowerBound) is" : "seq \(hole.lowerBound) to \(hole.upperBound) are"
                findings.add(.auditGaps, "\(stream): \(numbers) missing from the audit trail", count: hole.count)
            }
            let unnamed = check.missing - check.holes.reduce(0) { $0 + Int64($1.count) }
            findings.add(.auditGaps, "\(stream): \(unnamed) more numbers are missing", count: Int(unnamed))
            for fault in check.faults { findings.add(.auditGaps, "\(fault)") }
            findings.add(.auditGaps, "\(stream): more rows are not as they were written", count: check.faultCount - check.faults.count)
            findings.add(.auditGaps, "\(stream): \(check.unnumbered) rows without a number", count: check.unnumbered)
            let name = stream.hasPrefix(keys.key("")) ? String(stream.dropFirst(keys.key("").count)) : stream
            stored[name] = check.rows
            unseen[name] = nil
            last.append((stream, name, check.lastSeq ?? 0))
        }
        let after = try await Self.counters(redis, keys)
        for (stream, name, seq) in last { compare(stream, before: before[name] ?? 0, after: after[name] ?? 0, stored: seq) }
        for (name, counter) in unseen.sorted(by: { $0.key < $1.key }) where counter > 0 {
            findings.add(.auditGaps, "\(name): Redis counts \(counter) entries, the audit trail has none", count: Int(counter))
        }
    }

    private static func counters(_ redis: RedisConnection, _ keys: Keys) async throws -> [String: Int64] {
        try await redis.send(RedisCommand("HGETALL", keys.sequence)).checked().pairs.compactMapValues(\.integer)
    }

    private mutating func compare(_ stream: String, before: Int64, after: Int64, stored: Int64) {
        if before > stored {
            findings.add(.auditGaps, "\(stream): Redis counts \(before) entries, the audit trail ends at \(stored)", count: Int(before - stored))
        } else if after < stored {
            findings.add(.auditGaps, "\(stream): the audit trail has seq \(stored), Redis counts \(after) only: Redis lost data, or another cell's trail")
        }
    }

    private mutating func checkPairs() {
        for pair in pairs.unanswered {
            let who = "signal \(pair.signal ?? "?") for \(pair.subscription ?? "?")"
            let place = place(of: "request", pair.request)
            findings.add(.missing, "\(who): \(pair.legs - pair.jobs) of \(pair.legs) legs have no result (\(place))", count: pair.legs - pair.jobs)
            findings.add(.duplicates, "\(who): \(pair.jobs) jobs for \(pair.legs) legs (request \(pair.request))", count: pair.jobs - pair.legs)
            findings.add(.duplicates, "\(who): \(pair.results) results for \(pair.jobs) jobs (request \(pair.request))", count: pair.results - pair.jobs)
        }
        for own in pairs.unansweredOwn {
            let who = "what has no request, for \(own.subscription ?? "?")"
            let place = place(of: "job", own.job)
            findings.add(.missing, "\(who): no result (\(place))", count: 1 - own.results)
            findings.add(.duplicates, "\(who): \(own.results) results (job \(own.job))", count: own.results - 1)
        }
        findings.add(.missing, "more legs or jobs without a result", count: pairs.missing - findings.count(.missing))
        findings.add(.duplicates, "more results than jobs, or jobs than legs", count: pairs.duplicates - findings.count(.duplicates))
        findings.add(.missing, "\(pairs.unknownOutcomes) results carry no known outcome code", count: pairs.unknownOutcomes)
    }

    private func place(of kind: String, _ id: String) -> String {
        letters[id].map { "\(kind) \(id), a dead letter: `vibe dlq show \($0)`" } ?? "\(kind) \(id)"
    }

    private mutating func checkAnomalies(_ reader: AuditReader) async throws {
        // Results that share a job are counted with the pairs, or with what has no request.
        for duplicate in try await reader.duplicates() where duplicate.what != "result" {
            findings.add(.duplicates, "\(duplicate.what) \(duplicate.id) is there \(duplicate.count) times", count: duplicate.count - 1)
        }
        for orphan in try await reader.orphans() where !unreadable.contains("\(orphan.stream) \(orphan.entry)") {
            findings.add(.missing, "\(orphan.stream) \(orphan.entry): its cause \(orphan.cause ?? "(none named)") is not in the audit trail")
        }
        for reorder in try await reader.reorders() {
            findings.add(
                .reordered,
                "order \(reorder.cloid) of \(reorder.account) in \(reorder.coin): job seq \(reorder.seq) was sent after seq \(reorder.overtakenBy)")
        }
    }
}
