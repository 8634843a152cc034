/// What each socket contributes: the same fills come on all of them, and count from the one that is first.
public struct SocketStatistics: Sendable, Equatable {
    /// Fills that this one delivered before any other.
    public var first = 0
    /// Fills that another had delivered before.
    public var duplicates = 0
    /// Fills that another delivered and this one did not, within the window.
    public var missed = 0
}

/// Counts who delivers which fill. The merging itself is the signal builder's, by trade id; this only watches.
struct SocketMerge: Sendable {
    struct Key: Hashable, Sendable {
        var user: String
        var tid: Int64
        /// From the leader's own fills; else from public trades.
        var isOwn: Bool
    }

    private struct Delivery {
        var key: Key
        /// Microseconds.
        var at: Int64
    }

    /// After this long a socket is not expected to deliver a fill any more, microseconds.
    static let window: Int64 = 10_000_000
    /// Fills watched at a time; beyond, the oldest are decided early.
    static let limit = 65_536

    private(set) var statistics: [SocketStatistics]
    /// Sockets that delivered, as bits.
    private var delivered: [Key: UInt8] = [:]
    private var order: [Delivery] = []
    private var oldest = 0

    init(sockets: Int) {
        precondition((0...8).contains(sockets), "sockets are bits of a byte")
        statistics = Array(repeating: SocketStatistics(), count: sockets)
    }

    /// - Parameter now: microseconds.
    mutating func delivered(_ key: Key, by socket: Int, at now: Int64) {
        guard statistics.indices.contains(socket) else { return }
        let bit = UInt8(1) << UInt8(socket)
        if let before = delivered[key] {
            // the same socket again, as after a reconnect, tells nothing
            guard before & bit == 0 else { return }
            delivered[key] = before | bit
            statistics[socket].duplicates += 1
        } else {
            delivered[key] = bit
            order.append(Delivery(key: key, at: now))
            statistics[socket].first += 1
        }
        if order.count - oldest > Self.limit { decide() }
    }

    /// Decides about what is older than the window.
    mutating func settle(at now: Int64) {
        while oldest < order.count, order[oldest].at <= now - Self.window { decide() }
        if oldest > 1_024, oldest > order.count / 2 {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    private mutating func decide() {
        let key = order[oldest].key
        oldest += 1
        guard let bits = delivered.removeValue(forKey: key) else { return }
        for socket in statistics.indices where bits & (1 << UInt8(socket)) == 0 { statistics[socket].missed += 1 }
    }
}
