import CopyTrading

/// How deep and how wide the house's own quotes are.
struct BookShape: Equatable {
    var halfSpreadBasisPoints: Int
    var levelSpacingBasisPoints: Int
    var levelCount: Int
    /// USDC per level before the wiggle.
    var levelDepth: Notional
    /// What takers took comes back after this long; 0: at once.
    var refillMilliseconds: Int64
    var seed: UInt64
}

struct BookLevel: Equatable {
    var price: Price
    var size: Size
    /// Number of orders shown at this price.
    var orders: Int
}

/// The house's quotes: around a mid price, levels at fixed distances, each with the configured depth times a factor of 0.5 to 1.5; or given
/// from outside.
///
/// The factor is a hash of (seed, market, generation, side, level), so that a seed repeats a run. The generation rises whenever the quotes
/// are built anew: when the mid has moved, or when something was taken and the refill time has passed. Until then what takers take is gone.
/// What is taken from a given book is gone until the next is given.
struct HouseBook {
    private let shape: BookShape
    private let market: Int
    private let grid: PriceGrid
    private(set) var builtAround: Price?
    private var builtAt: Int64 = 0
    private var generation: UInt64 = 0
    private var wasTaken = false
    private(set) var isGiven = false
    /// Best first.
    private(set) var bids: ArraySlice<BookLevel> = []
    private(set) var asks: ArraySlice<BookLevel> = []

    init(shape: BookShape, market: Int, grid: PriceGrid) {
        self.shape = shape
        self.market = market
        self.grid = grid
    }

    /// When what was taken comes back; `nil` when nothing is missing or nothing comes back by itself.
    var refillsAt: Int64? { wasTaken && !isGiven ? builtAt + shape.refillMilliseconds : nil }

    /// As it is to be seen now; what is only looked at stays as it is, so that looking changes no later trade.
    func refreshed(mid: Price, now: Int64) -> HouseBook {
        var book = self
        book.refresh(mid: mid, now: now)
        return book
    }

    /// Makes ``bids`` and ``asks`` those of now.
    mutating func refresh(mid: Price, now: Int64) {
        guard !isGiven else { return }
        let isStale = refillsAt.map { now >= $0 } ?? false
        guard builtAround != mid || isStale else { return }
        begin(around: mid, now: now)
        bids = levels(.buy, mid: mid)[...]
        asks = levels(.sell, mid: mid)[...]
        if let bid = bids.first, let ask = asks.first, ask.price <= bid.price { asks = levels(.sell, mid: mid, above: bid.price)[...] }
    }

    /// Starts with recorded levels; once the mid moves, or what was taken comes back, the house's own quotes take their place.
    mutating func seed(bids: [BookLevel], asks: [BookLevel], mid: Price) {
        begin(around: mid, now: 0)
        self.bids = bids[...]
        self.asks = asks[...]
    }

    /// Replaces the quotes by levels from outside, best first, until ``release()``.
    mutating func give(bids: [BookLevel], asks: [BookLevel]) {
        isGiven = true
        self.bids = bids[...]
        self.asks = asks[...]
    }

    /// The house quotes by itself again.
    mutating func release() {
        guard isGiven else { return }
        isGiven = false
        builtAround = nil
    }

    /// What an order of `side` meets first: the best ask for a buy.
    func best(facing side: Side) -> BookLevel? { side == .buy ? asks.first : bids.first }

    /// Takes `size` from the best level `side` meets.
    /// - Parameter size: not above the level's.
    mutating func take(_ side: Side, size: Size) {
        wasTaken = true
        if side == .buy { Self.take(size, from: &asks) } else { Self.take(size, from: &bids) }
    }

    private static func take(_ size: Size, from levels: inout ArraySlice<BookLevel>) {
        levels[levels.startIndex].size -= size
        if levels[levels.startIndex].size.isZero { levels.removeFirst() }
    }

    private mutating func begin(around mid: Price, now: Int64) {
        builtAround = mid
        builtAt = now
        wasTaken = false
        generation += 1
    }

    private func levels(_ side: Side, mid: Price, above floor: Price? = nil) -> [BookLevel] {
        var result: [BookLevel] = []
        result.reserveCapacity(shape.levelCount)
        var last = floor
        for index in 0..<shape.levelCount {
            let distance = Int64(shape.halfSpreadBasisPoints + index * shape.levelSpacingBasisPoints)
            guard let price = price(side, mid: mid, distanceBasisPoints: distance, beyond: last), price.e8 > 0 else { break }
            last = price
            let noise = Mixer.hash(shape.seed, UInt64(market), generation, UInt64(index) * 2 + (side == .buy ? 0 : 1))
            result.append(BookLevel(price: price, size: size(at: price, noise: noise), orders: 1 + Int(noise >> 32) % 5))
        }
        return result
    }

    /// The price `distance` away from the mid on the outer tick, at least one tick beyond the level before.
    private func price(_ side: Side, mid: Price, distanceBasisPoints distance: Int64, beyond last: Price?) -> Price? {
        let offset = Int64(Int128(mid.e8) * Int128(distance) / 10_000)
        if side == .sell {
            let price = grid.roundedUp(Price(e8: mid.e8 + offset))
            guard let last, price <= last else { return price }
            return Price(e8: last.e8 + grid.tickE8(at: last))
        }
        guard offset < mid.e8 else { return nil }
        let price = grid.roundedDown(Price(e8: mid.e8 - offset))
        guard let last, price >= last else { return price }
        return grid.roundedDown(Price(e8: last.e8 - 1))
    }

    private func size(at price: Price, noise: UInt64) -> Size {
        let depth = Int128(shape.levelDepth.e8) * Int128(50 + Int64(noise % 101)) / 100
        let size = Size(e8: Int64(min(depth * Int128(Size.scale) / Int128(price.e8), Int128(Size.limit))))
        return max(grid.lots(size), Size(e8: grid.lotE8))
    }
}

/// Deterministic bits (SplitMix64's finaliser, Steele et al. 2014).
enum Mixer {
    static func hash(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) -> UInt64 { mixed(mixed(mixed(mixed(0, a), b), c), d) }

    private static func mixed(_ state: UInt64, _ value: UInt64) -> UInt64 { finalised((state ^ value) &+ 0x9E37_79B9_7F4A_7C15) }

    static func finalised(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
