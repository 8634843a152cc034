/// Cuts the rows of `{"leaderboardRows":[{…},{…},…]}` out of a stream of bytes: 40 MB pass through with one row in memory.
///
/// ```
/// header ─ "leaderboardRows":[ ─▶ between ─ { ─▶ row ─ its closing brace ─▶ between ─ ] ─▶ finished
/// ```
struct RowSplitter {
    /// Bytes of a row; one has some 600.
    static let maximumRowBytes = 64 << 10
    /// Bytes before the rows; there are 19.
    static let maximumHeaderBytes = 4 << 10
    private static let key = Array(#""leaderboardRows":["#.utf8)

    private enum State {
        case header, between, finished
        case row(depth: Int, inString: Bool, isEscaped: Bool)
    }

    private var state = State.header
    /// Of the header without white space, or of the row under way.
    private var pending: [UInt8] = []

    /// Whether the list of rows was closed; what follows it is ignored.
    var isFinished: Bool { if case .finished = state { true } else { false } }

    /// - Returns: the rows that end within `bytes`, each a whole JSON object.
    mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(LeaderboardError) -> [[UInt8]] {
        var rows: [[UInt8]] = []
        for byte in bytes {
            switch state {
            case .header: try readHeader(byte)
            case .between: try readBetween(byte)
            case .row(let depth, let inString, let isEscaped):
                if let row = try readRow(byte, depth, inString, isEscaped) { rows.append(row) }
            case .finished: return rows
            }
        }
        return rows
    }

    private mutating func readHeader(_ byte: UInt8) throws(LeaderboardError) {
        guard !Self.isWhiteSpace(byte) else { return }
        guard pending.count < Self.maximumHeaderBytes else { throw .malformed("no leaderboardRows within \(Self.maximumHeaderBytes) bytes") }
        pending.append(byte)
        guard byte == UInt8(ascii: "["), pending.suffix(Self.key.count).elementsEqual(Self.key) else { return }
        pending.removeAll(keepingCapacity: true)
        state = .between
    }

    private mutating func readBetween(_ byte: UInt8) throws(LeaderboardError) {
        switch byte {
        case UInt8(ascii: "{"):
            pending.append(byte)
            state = .row(depth: 1, inString: false, isEscaped: false)
        case UInt8(ascii: "]"): state = .finished
        case UInt8(ascii: ","): break
        case let byte where Self.isWhiteSpace(byte): break
        default: throw .malformed("expected a row, found byte \(byte)")
        }
    }

    /// The row when `byte` ends it. Brackets inside strings do not count.
    private mutating func readRow(_ byte: UInt8, _ depth: Int, _ inString: Bool, _ isEscaped: Bool) throws(LeaderboardError) -> [UInt8]? {
        guard pending.count < Self.maximumRowBytes else { throw .malformed("a row of more than \(Self.maximumRowBytes) bytes") }
        pending.append(byte)
        var depth = depth
        if inString {
            state = .row(depth: depth, inString: isEscaped || byte != UInt8(ascii: "\""), isEscaped: !isEscaped && byte == UInt8(ascii: "\\"))
            return nil
        }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
        guard depth == 0 else {
            state = .row(depth: depth, inString: byte == UInt8(ascii: "\""), isEscaped: false)
            return nil
        }
        defer { pending.removeAll(keepingCapacity: true) }
        state = .between
        return pending
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
