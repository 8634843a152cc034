import Postgres

/// Goes through one stream's rows in order and finds what is missing, altered, put in or taken out. Pure; fed page by page.
public struct StreamCheck: Sendable {
    public let stream: String
    public private(set) var rows = 0
    /// Rows without a `seq`.
    public private(set) var unnumbered = 0
    /// The highest one, also of the watermark.
    public private(set) var lastSeq: Int64?
    /// Ranges of `seq` that no row has, from 1 on.
    public private(set) var holes: [ClosedRange<Int64>] = []
    /// How many numbers the holes have together, also of those not listed.
    public private(set) var missing: Int64 = 0
    public private(set) var faults: [StreamFault] = []
    public private(set) var faultCount = 0
    /// At most this many holes and faults are listed; all are counted.
    public let listed: Int

    private var chain = AuditChain.start
    private var epoch: Int64 = 0
    private(set) var lastEntry = AuditEntryID.zero

    /// How far the auditor says that the stream is written.
    struct Watermark: Sendable {
        var last: AuditEntryID
        var lastSeq: Int64?
        var chain: [UInt8]
    }

    init(stream: String, listed: Int) {
        self.stream = stream
        self.listed = listed
    }

    mutating func add(_ row: AuditRow) {
        rows += 1
        lastEntry = row.entryID
        let record = row.recomputed
        let altered = row.alteredColumns(record)
        if !altered.isEmpty {
            add(StreamFault(row, .altered(columns: altered)))
        } else if AuditChain.next(after: chain, record) != row.chain {
            add(StreamFault(row, .chainBroken))
        }
        // Go on from what is stored, so that one broken place is one fault.
        chain = row.chain
        // A writer of an older lease is refused.
        if row.epoch < epoch { add(StreamFault(row, .epochFell)) }
        epoch = row.epoch
        guard let seq = row.seq else {
            unnumbered += 1
            return
        }
        let last = lastSeq ?? 0
        if seq <= last {
            add(StreamFault(row, .repeatedSeq(seq)))
        } else if seq > last + 1 {
            addHole(last + 1...seq - 1)
        }
        lastSeq = max(seq, last)
    }

    /// After the last row.
    mutating func finish(_ watermark: Watermark?) {
        guard let watermark else { return add(StreamFault(stream: stream, entry: lastEntry, seq: lastSeq, .noWatermark)) }
        if let expected = watermark.lastSeq, expected > lastSeq ?? 0 {
            addHole((lastSeq ?? 0) + 1...expected)
            lastSeq = expected
        }
        if watermark.last != lastEntry || watermark.chain != chain {
            add(StreamFault(stream: stream, entry: watermark.last, seq: watermark.lastSeq, .notTheLast))
        }
    }

    private mutating func addHole(_ hole: ClosedRange<Int64>) {
        missing += Int64(hole.count)
        if holes.count < listed { holes.append(hole) }
    }

    private mutating func add(_ fault: StreamFault) {
        faultCount += 1
        if faults.count < listed { faults.append(fault) }
    }
}

/// Something wrong at one row of a stream.
public struct StreamFault: Sendable, Equatable, CustomStringConvertible {
    public enum Problem: Sendable, Equatable {
        /// The row's own columns disagree with its fields, their hash and its id.
        case altered(columns: [String])
        /// The row before it was written under a newer lease.
        case epochFell
        /// The row does not follow the one before it: a row between them is gone, or this one was put in, moved or re-hashed.
        case chainBroken
        /// The number was used by an earlier row.
        case repeatedSeq(Int64)
        /// The watermark names this row as the last, and it is not: the newest rows are gone, or rows were put behind it.
        case notTheLast
        /// Rows without a watermark.
        case noWatermark
    }

    public var stream: String
    public var entry: AuditEntryID
    public var seq: Int64?
    public var problem: Problem

    init(stream: String, entry: AuditEntryID, seq: Int64?, _ problem: Problem) {
        self.stream = stream
        self.entry = entry
        self.seq = seq
        self.problem = problem
    }

    init(_ row: AuditRow, _ problem: Problem) { self.init(stream: row.stream, entry: row.entryID, seq: row.seq, problem) }

    public var description: String {
        let place = "\(stream) \(entry)\(seq.map { " (seq \($0))" } ?? "")"
        return switch problem {
        case .altered(let columns): "\(place): altered (\(columns.joined(separator: ", ")))"
        case .chainBroken: "\(place): does not follow the row before it; a row is missing, was put in or was altered with its hash"
        case .epochFell: "\(place): written under an older lease than the row before it; the epoch of one of them was altered"
        case .repeatedSeq(let seq): "\(place): seq \(seq) was used before"
        case .notTheLast: "\(place): the watermark names this entry as the last one stored, and it is not"
        case .noWatermark: "\(place): rows without a watermark"
        }
    }
}

extension AuditReader {
    /// Checks all rows of a stream, which may grow meanwhile.
    public func check(_ stream: String, listed: Int = 100) async throws -> StreamCheck {
        var check = StreamCheck(stream: stream, listed: listed)
        try await forEachPage(ofStream: stream) { rows in for row in rows { check.add(row) } }
        // Read before the rows it would contradict those that came since. What came until it was read is checked with it, and no more.
        let watermark = try await watermark(of: stream)
        if let last = watermark?.last, last > check.lastEntry {
            try await forEachPage(ofStream: stream, after: check.lastEntry) { rows in
                for row in rows where row.entryID <= last { check.add(row) }
            }
        }
        check.finish(watermark)
        return check
    }

    private func watermark(of stream: String) async throws(PostgresError) -> StreamCheck.Watermark? {
        let rows = try await connection.query(
            "SELECT last_entry_ms, last_entry_seq, last_seq, chain FROM audit_watermarks WHERE stream = $1", [.text(stream)], results: .binary)
        guard let row = rows.first else { return nil }
        return StreamCheck.Watermark(
            last: AuditEntryID(milliseconds: try row.integer(0), sequence: try row.integer(1)), lastSeq: try row.maybeInteger(2),
            chain: try row.bytes(3))
    }
}
