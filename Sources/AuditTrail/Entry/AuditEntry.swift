/// One entry of a stream, as read from Redis.
public struct AuditEntry: Sendable {
    public var stream: String
    /// The two parts of the entry's id.
    public var entryMilliseconds: Int64
    public var entrySequence: Int64
    /// In the order they have in Redis: `seq id subscriber|influencer coin action trace data`. By hand any bytes can come.
    public var fields: [(name: [UInt8], value: [UInt8])]

    public init(stream: String, entryMilliseconds: Int64, entrySequence: Int64, fields: [(name: [UInt8], value: [UInt8])]) {
        self.stream = stream
        self.entryMilliseconds = entryMilliseconds
        self.entrySequence = entrySequence
        self.fields = fields
    }

    public init(stream: String, entryMilliseconds: Int64, entrySequence: Int64, texts: [(String, String)]) {
        self.init(
            stream: stream, entryMilliseconds: entryMilliseconds, entrySequence: entrySequence,
            fields: texts.map { (name: Array($0.0.utf8), value: Array($0.1.utf8)) })
    }

    public var entryID: AuditEntryID { AuditEntryID(milliseconds: entryMilliseconds, sequence: entrySequence) }
}

/// A stream entry's id, in the order of the stream.
public struct AuditEntryID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var milliseconds: Int64
    public var sequence: Int64

    public init(milliseconds: Int64, sequence: Int64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// As Redis writes it, `<ms>-<seq>`; `nil` for any other text.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = Int64(parts[0]), let sequence = Int64(parts[1]) else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// Before every entry.
    public static let zero = AuditEntryID(milliseconds: 0, sequence: 0)

    /// The last millisecond of the year 9999. Redis takes ids from its clock; a later one was made by hand.
    static let maximumMilliseconds: Int64 = 253_402_300_799_999

    public static func < (a: Self, b: Self) -> Bool { (a.milliseconds, a.sequence) < (b.milliseconds, b.sequence) }
    public var description: String { "\(milliseconds)-\(sequence)" }

    private static let dayMilliseconds: Int64 = 86_400_000

    /// Days since 1970-01-01, UTC.
    var day: Int32 { Int32(clamping: milliseconds / Self.dayMilliseconds) }

    /// Before every entry of a day, after all earlier ones.
    static func before(day: Int32) -> Self { AuditEntryID(milliseconds: Int64(day) * dayMilliseconds - 1, sequence: .max) }
}

/// Which stage's stream an entry is of.
public enum AuditKind: Sendable, Hashable {
    case signals, requests, jobs, results
    /// Any other stream, by its name.
    case other(String)

    /// - Parameter stream: a Redis key such as `vibe:{c0}:execution_jobs:17`: the name is what follows the cell, up to the partition.
    public init(stream: String) {
        let afterCell = stream.lastIndex(of: "}").map { stream[stream.index(after: $0)...].drop { $0 == ":" } } ?? stream[...]
        self.init(name: String(afterCell.prefix { $0 != ":" }))
    }

    public init(name: String) {
        switch name {
        case "influencer_signals": self = .signals
        case "execution_requests": self = .requests
        case "execution_jobs": self = .jobs
        case "execution_results": self = .results
        default: self = .other(name)
        }
    }

    public var name: String {
        switch self {
        case .signals: "influencer_signals"
        case .requests: "execution_requests"
        case .jobs: "execution_jobs"
        case .results: "execution_results"
        case .other(let name): name
        }
    }
}
