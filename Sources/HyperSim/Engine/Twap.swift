import CopyTrading

/// A TWAP order: its size in equal slices over its duration, each taken at once from the book.
final class Twap {
    let id: Int64
    unowned let account: Account
    unowned let market: Market
    let side: Side
    let size: Size
    let minutes: Int
    let reduceOnly: Bool
    let isRandomized: Bool
    /// Milliseconds since 1970.
    let startedAt: Int64
    var executed = Size.zero
    var executedValue = Notional.zero
    /// Slices sent so far.
    var slices = 0

    static let minuteRange = 5...1_440
    static let sliceMilliseconds: Int64 = 30_000
    /// A slice trades no worse than the mid by this.
    static let slippagePercent = 3
    /// A slice that makes up for earlier ones is at most so many times a regular one.
    static let catchUpFactor: Int64 = 3
    /// A randomised slice differs from a regular one by at most this.
    static let randomPercent: Int64 = 20
    static let maximumActive = 10
    static let minimumValue = Notional(100)
    static let minimumValuePerMinute = 10
    /// Times the largest market order.
    static let maximumMarketOrders = 10

    init(id: Int64, _ ticket: TwapTicket, size: Size, account: Account, market: Market, now: Int64) {
        self.id = id
        self.account = account
        self.market = market
        side = ticket.side
        self.size = size
        minutes = ticket.minutes
        reduceOnly = ticket.reduceOnly
        isRandomized = ticket.isRandomized
        startedAt = now
    }

    var sliceCount: Int { minutes * Int(60_000 / Self.sliceMilliseconds) }
    var isDone: Bool { executed >= size || slices >= sliceCount }
    var nextSliceAt: Int64 { startedAt + Int64(slices) * Self.sliceMilliseconds }

    /// The size of the next slice: what is due by now and not executed, in whole lots.
    /// - Parameter noise: random bits.
    func nextSlice(noise: UInt64) -> Size {
        let rest = size - executed
        let count = Int128(sliceCount)
        guard slices + 1 < sliceCount else { return rest }
        var due = Int128(size.e8) * Int128(slices + 1) / count - Int128(executed.e8)
        if isRandomized {
            let percent = Int64(noise % UInt64(2 * Self.randomPercent + 1)) - Self.randomPercent
            due += Int128(size.e8) / count * Int128(percent) / 100
        }
        let most = Int128(size.e8) / count * Int128(Self.catchUpFactor)
        return min(rest, market.grid.lots(Size(e8: Int64(max(0, min(due, most))))))
    }
}

/// An account's TWAP orders: those that run, what became of them, and the fills of their slices, which the other histories leave out.
struct TwapHistory {
    enum Status: String {
        case activated, finished, terminated
    }

    /// What userTwapHistory lists.
    struct Change {
        var twap: Twap
        var status: Status
        var executed: Size
        var executedValue: Notional
        /// Milliseconds since 1970.
        var time: Int64
    }

    private(set) var active: [Int64: Twap] = [:]
    private(set) var changes = BoundedHistory<Change>(limit: 2_000)
    private(set) var sliceFills = BoundedHistory<Fill>(limit: 2_000)

    mutating func record(_ fill: Fill) { sliceFills.append(fill) }

    mutating func note(_ twap: Twap, _ status: Status, at now: Int64) -> Change {
        active[twap.id] = status == .activated ? twap : nil
        let change = Change(twap: twap, status: status, executed: twap.executed, executedValue: twap.executedValue, time: now)
        changes.append(change)
        return change
    }
}
