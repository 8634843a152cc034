import Redis

/// Every Redis key of the fleet is built here. The cell is the only hash tag, so that a cell is one cluster slot: its scripts may
/// touch all of its keys, and it moves between servers as a unit.
public struct Keys: Sendable, Hashable {
    public let prefix: String
    public let cell: String

    public init(prefix: String = "vibe", cell: String = "c0") {
        self.prefix = prefix
        self.cell = cell
    }

    /// `vibe:{c0}:<name>`.
    public func key(_ name: String) -> String { "\(prefix):{\(cell)}:\(name)" }

    /// `vibe:{c0}`, by which Postgres knows the cell.
    public var cellName: String { "\(prefix):{\(cell)}" }

    public func stream(_ partition: StreamPartition) -> String { key(partition.name) }
    /// Hash: owner, epoch, exp (ms of Redis time; 0 when given back), handed (1 when the owner before had given it back).
    public func lease(_ stage: String, _ partition: String) -> String { key("lease:\(stage):\(partition)") }
    /// Sorted set: live processes of a stage by last beat (ms of Redis time).
    public func members(_ stage: String) -> String { key("members:\(stage)") }
    /// Set: signal ids published on a day (of the leader's fill, `2026-11-21`).
    public func seen(day: String) -> String { key("seen:\(day)") }
    /// Hash: entry id → cursor|configuration version of a fan-out under way.
    public func fanout(_ partition: Int) -> String { key("fanout:\(twoDigits(partition))") }
    /// Hash: job → the attempt journal's record.
    public func attempts(_ partition: Int) -> String { key("attempts:\(twoDigits(partition))") }
    /// Hash: signer → highest nonce used.
    public func nonces(_ partition: Int) -> String { key("nonces:\(twoDigits(partition))") }
    /// Hash: subscription|coin → what it holds (worker).
    public func sleeves(_ partition: Int) -> String { key("sleeves:\(twoDigits(partition))") }
    /// Hash: subscription|coin → the life of the position being copied (planner).
    public func lifecycles(_ partition: Int) -> String { key("lifecycles:\(twoDigits(partition))") }
    /// Hash: account → what is known of it beside its sleeves (worker).
    public func accounts(_ partition: Int) -> String { key("accounts:\(twoDigits(partition))") }
    /// Sorted set: ids of events and jobs that a worker emitted by itself, by when (ms of Redis time).
    public func emitted(_ partition: Int) -> String { key("emitted:\(twoDigits(partition))") }
    /// Hash: influencer → up to where its fills were read.
    public func cursors(_ partition: Int) -> String { key("cursors:\(twoDigits(partition))") }
    /// Hash: influencer → what is known of its conduct.
    public func leaders(_ partition: Int) -> String { key("leaders:\(twoDigits(partition))") }
    /// Hash: leader, or account → when it was last checked (ms), `-` for never.
    public func checks(_ kind: CheckTable.Kind, _ partition: Int) -> String { key("checks:\(kind.rawValue):\(twoDigits(partition))") }
    /// Hash: influencer → what it has resting at the exchange.
    public func orders(_ partition: Int) -> String { key("orders:\(twoDigits(partition))") }
    /// Hash: stream → entries ever added; the audit sequence.
    public var sequence: String { key("seq") }
    /// Hash: stream|group → entries ever acknowledged.
    public var acknowledged: String { key("acked") }
    /// String: theoretical arrival time of one rate-limit bucket, microseconds of Redis time.
    public func tokens(_ kind: String, _ id: String) -> String { key("tokens:\(kind):\(id)") }
    /// Hash: user → who follows it from this egress address, and until when (ms of Redis time).
    public func userSlots(egress: String) -> String { key("users:\(egress)") }
    /// Hash: scope → the newest setting of the kill switch; provisional scope → the strictest that is not on record yet.
    public var latches: String { key("latches") }
    /// Hash: coin → its ``MarketQuote``.
    public var quotes: String { key("quotes") }
    /// Hash: coin → its ``MarketDepth``.
    public var depth: String { key("depth") }
    /// Hash: at (ms of Redis time), answer; see ``AnswerTable``.
    public func answer(_ question: String) -> String { key("answers:\(question)") }
    /// String: somebody asks.
    public func answerClaim(_ question: String) -> String { key("answers:claim:\(question)") }
    /// Hash: incarnation, state, reason, run_id, suspect_ms (Redis time), fence; see `Sources/Recovery`.
    public var cellRecord: String { key("cell") }
    /// Set: ids of requests that a recovery found on record, and whose signals are delivered again.
    public var recoveredRequests: String { key("recovered:requests") }
    /// Set: legs (by job id) that a recovery found on record, and whose requests are delivered again.
    public func recoveredLegs(_ partition: Int) -> String { key("recovered:legs:\(twoDigits(partition))") }
    /// Set: jobs that a recovery has put on record from their results; a worker has nothing to do for them.
    public func recoveredAnswers(_ partition: Int) -> String { key("recovered:answers:\(twoDigits(partition))") }
    /// Hash: request delivered again → what it was decided on before.
    public func recoveredDecisions(_ partition: Int) -> String { key("recovered:decisions:\(twoDigits(partition))") }
    /// Hash: request delivered again → what is known of it beside what it was decided on.
    public func recoveredUndecided(_ partition: Int) -> String { key("recovered:undecided:\(twoDigits(partition))") }
    /// Hash: stream → id of the last entry that a recovery wrote.
    public var recoveredThrough: String { key("recovered:through") }
    /// A stage without state of its own still names a key for it.
    public var unused: String { key("unused") }
}

public func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

/// One partition of one stream, for example `execution_jobs:03`.
public struct StreamPartition: Sendable, Hashable, CustomStringConvertible {
    public let stream: Stream
    public let index: Int

    public init(_ stream: Stream, _ index: Int) {
        self.stream = stream
        self.index = index
    }

    /// Reads a ``name``; `nil` for any other text.
    public init?(name: String) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard let stream = parts.first.flatMap({ Stream(rawValue: String($0)) }) else { return nil }
        self.init(stream, parts.count == 2 ? Int(parts[1]) ?? 0 : 0)
        guard self.name == name else { return nil }
    }

    /// As in ``Keys/sequence`` and in the audit trail.
    public var name: String { stream == .deadLetters || stream == .interventions ? stream.rawValue : "\(stream.rawValue):\(twoDigits(index))" }
    /// Its field in ``Keys/acknowledged``: what the group has done of it.
    public func counter(of group: String) -> String { "\(name)|\(group)" }
    public var description: String { name }
}

/// The streams of a cell, in the data's order.
public enum Stream: String, Sendable, CaseIterable {
    case signals = "influencer_signals"
    case requests = "execution_requests"
    case jobs = "execution_jobs"
    case results = "execution_results"
    case accountEvents = "account_events"
    case deadLetters = "dead_letters"
    /// What operators decided about dead letters.
    case interventions

    /// Every group that must have seen an entry before it may be trimmed.
    public var groups: [String] {
        switch self {
        case .signals: [Group.matcher, Group.audit]
        case .requests: [Group.planner, Group.audit]
        case .jobs: [Group.worker, Group.audit]
        case .results, .accountEvents, .deadLetters, .interventions: [Group.audit]
        }
    }
}

public enum Group {
    public static let matcher = "matcher"
    public static let planner = "planner"
    public static let worker = "worker"
    public static let audit = "audit"
}

/// How many partitions a cell has. Fixed for the cell's life: it decides where an account's entries are.
public struct Partitioning: Sendable, Hashable {
    /// Of signals, by influencer.
    public var signals: Int
    /// Of requests, jobs, results and account events, by exchange account.
    public var accounts: Int

    public init(signals: Int = 8, accounts: Int = 16) {
        precondition((1...99).contains(signals) && (1...99).contains(accounts), "a partition number has two digits")
        self.signals = signals
        self.accounts = accounts
    }

    public func signal(_ influencer: String) -> Int { Int(StableHash.of(influencer) % UInt64(signals)) }
    public func account(_ account: String) -> Int { Int(StableHash.of(account) % UInt64(accounts)) }

    public func count(_ stream: Stream) -> Int {
        switch stream {
        case .signals: signals
        case .requests, .jobs, .results, .accountEvents: accounts
        case .deadLetters, .interventions: 1
        }
    }

    /// Every partition of every stream.
    public var all: [StreamPartition] {
        Stream.allCases.flatMap { stream in (0..<count(stream)).map { StreamPartition(stream, $0) } }
    }
}

/// FNV-1a, 64 bit, with a final mix: the same on every machine and in every version, unlike Swift's own hash.
public enum StableHash {
    public static func of(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 32
        hash = hash &* 0xd6e8_feb8_6659_fd93
        return hash ^ hash >> 32
    }
}
