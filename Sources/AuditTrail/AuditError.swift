import Postgres

/// Why a batch was not written; nothing of it was, unless it says `.unavailable`: then it may have been, and writing it again is safe.
public enum AuditError: Error, Sendable, Equatable {
    /// A writer with a newer epoch holds these streams: drop the batches, their owner writes them.
    case fenced(streams: [String])
    /// The entry is stored with other content: the stream or the table was tampered with.
    case conflict(stream: String, entry: AuditEntryID)
    /// The entry is older than what is stored of its stream, and is not there: a row was deleted, or the stream was read out of order.
    case missing(stream: String, entry: AuditEntryID)
    /// The table holds rows past the stream's watermark: the watermark was changed by hand.
    case pastWatermark(streams: [String])
    /// The entry's id is outside the years 1970 to 9999.
    case invalidEntry(stream: String, entry: AuditEntryID)
    case postgres(PostgresError)
}

extension AuditError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .fenced(let streams): "fenced: a newer auditor holds \(streams.joined(separator: ", "))"
        case .conflict(let stream, let entry): "\(stream) \(entry) is stored with other content than the stream has"
        case .missing(let stream, let entry): "\(stream) \(entry) is older than the newest stored entry, and is not stored"
        case .pastWatermark(let streams): "rows past the watermark of \(streams.joined(separator: ", "))"
        case .invalidEntry(let stream, let entry): "\(stream) \(entry): no such time"
        case .postgres(let error): error.description
        }
    }
}

extension AuditError {
    /// True when a stream contradicts what is stored of it: writing it again gives the same, writing the others does not.
    var isOfOneStream: Bool {
        switch self {
        case .conflict, .missing, .pastWatermark, .invalidEntry: true
        case .fenced, .postgres: false
        }
    }
}
