/// Remembers trade ids so that a fill delivered by two sockets and by backfill counts once, and one whose content changed is noticed
/// . Bounded by count and by exchange time; what it forgets is still recognised by the coin's mark.
struct SeenFills: Sendable {
    enum Verdict: Equatable { case new, duplicate, conflict }

    /// The content that must not differ between deliveries. A public trade shares the trade id with the leader's own fill and has all
    /// of this but the order.
    private struct Checksum {
        var coin: Coin
        var time: Int64
        /// `nil` when it was not told.
        var oid: Int64?
        var side: Side
        var price: Price
        var size: Size

        func agrees(with other: Checksum) -> Bool {
            coin == other.coin && time == other.time && side == other.side && price == other.price && size == other.size
                && (oid == nil || other.oid == nil || oid == other.oid)
        }
    }

    let limit: Int
    /// Milliseconds of exchange time.
    let horizon: Int64
    private var checksums: [Int64: Checksum] = [:]
    /// Ring of trade ids in order of arrival.
    private var order: [Int64] = []
    private var oldest = 0
    private var newestTime = Int64.min
    /// Of fills up to this time some are forgotten, milliseconds.
    private(set) var forgottenTo = Int64.min

    init(limit: Int, horizon: Int64) {
        precondition(limit > 0 && horizon > 0, "the memory of seen fills must hold something")
        self.limit = limit
        self.horizon = horizon
    }

    var count: Int { checksums.count }

    mutating func record(_ fill: LeaderFill) -> Verdict {
        let checksum = Checksum(
            coin: fill.coin, time: fill.time, oid: fill.oid, side: fill.side, price: fill.price, size: fill.size)
        if let known = checksums[fill.tid] {
            guard known.agrees(with: checksum) else { return .conflict }
            if known.oid == nil { checksums[fill.tid] = checksum }
            return .duplicate
        }
        checksums[fill.tid] = checksum
        order.append(fill.tid)
        newestTime = max(newestTime, fill.time)
        forget()
        return .new
    }

    private mutating func forget() {
        while oldest < order.count, let checksum = checksums[order[oldest]],
            checksums.count > limit || checksum.time < newestTime - horizon
        {
            forgottenTo = max(forgottenTo, checksum.time)
            checksums[order[oldest]] = nil
            oldest += 1
        }
        if oldest > 1_024, oldest > order.count / 2 {
            order.removeFirst(oldest)
            oldest = 0
        }
    }
}
