/// What waits to be written, bounded in number and bytes. Pure.
///
/// When it is full, new frames are refused and counted into one gap, which ends with the next frame that is kept: so what is stored is
/// without holes up to the gap and after it. Declared gaps of leaders are few and small, and are kept beyond the bound up to one of their own.
struct RecordBuffer {
    enum Record: Sendable, Equatable {
        case frame(RawFrame)
        case gap(RawFrameGap)
        case leaderGap(LeaderGap)
    }

    struct Numbered: Sendable, Equatable {
        var number: Int64
        var record: Record
    }

    struct Limits: Sendable {
        var frames: Int
        var bytes: Int
        var leaderGaps = 10_000
    }

    private let limits: Limits
    private var waiting: [Numbered] = []
    /// Index of the first that is not written yet.
    private var first = 0
    private var frames = 0
    private var bytes = 0
    private var leaderGaps = 0
    private var openGap: RawFrameGap?
    private var lastNumber: Int64 = 0
    /// Frames refused since the start.
    private(set) var dropped: Int64 = 0

    init(_ limits: Limits) {
        precondition(limits.frames > 0 && limits.bytes > 0 && limits.leaderGaps > 0, "the buffer must hold something")
        self.limits = limits
    }

    var count: Int { waiting.count - first }
    var isEmpty: Bool { count == 0 && openGap == nil }

    mutating func add(_ frame: RawFrame) {
        guard frames < limits.frames, bytes + frame.bytes.count <= limits.bytes else {
            dropped += 1
            let gap = openGap ?? RawFrameGap(from: frame.receivedAt, to: frame.receivedAt, count: 0, reason: "buffer_full")
            openGap = RawFrameGap(
                from: min(gap.from, frame.receivedAt), to: max(gap.to, frame.receivedAt), count: gap.count + 1, reason: gap.reason)
            return
        }
        closeGap()
        frames += 1
        bytes += frame.bytes.count
        append(.frame(frame))
    }

    /// False: it found no room either.
    mutating func add(_ gap: LeaderGap) -> Bool {
        guard leaderGaps < limits.leaderGaps else { return false }
        leaderGaps += 1
        append(.leaderGap(gap))
        return true
    }

    /// The oldest that wait; they stay until ``written(_:)``.
    /// - Parameter bytes: of frames, about; at least one record is given.
    mutating func batch(records: Int, bytes limit: Int) -> [Numbered] {
        if count == 0 { closeGap() }
        var batch: [Numbered] = []
        var size = 0
        for record in waiting[first...].prefix(records) {
            if case .frame(let frame) = record.record { size += frame.bytes.count }
            if !batch.isEmpty, size > limit { break }
            batch.append(record)
        }
        return batch
    }

    /// The oldest so many are stored.
    mutating func written(_ count: Int) {
        for record in waiting[first..<first + count] {
            switch record.record {
            case .frame(let frame):
                frames -= 1
                bytes -= frame.bytes.count
            case .leaderGap: leaderGaps -= 1
            case .gap: break
            }
        }
        first += count
        if first == waiting.count || first > 4_096 {
            waiting.removeFirst(first)
            first = 0
        }
    }

    private mutating func closeGap() {
        guard let gap = openGap else { return }
        openGap = nil
        append(.gap(gap))
    }

    private mutating func append(_ record: Record) {
        lastNumber += 1
        waiting.append(Numbered(number: lastNumber, record: record))
    }
}
