import CopyTrading

/// How deep and how wide the synthetic books are.
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

/// A book around a mid price: levels at fixed distances, each with the configured depth times a factor of 0.5 to 1.5.
///
/// The factor is a hash of (seed, market, generation, side, level), so that a seed repeats a run. The generation rises whenever the book is
/// built anew: when the mid has moved, or when something was taken and the refill time has passed. Until then what takers take is gone.
struct SyntheticBook {
    private let shape: BookShape
    private let market: Int
    private let grid: PriceGrid
    private var builtAround: Price?
    private var builtAt: Int64 = 0
    private var generation: UInt64 = 0
    private var wasTaken = false
    /// Best first.
    private(set) var bids: [BookLevel] = []
    private(set) var asks: [BookLevel] = []

    init(shape: BookShape, market: Int, grid: PriceGrid) {
        self.shape = shape
        self.market = market
        self.grid = grid
    }

    /// As it is to be seen now; what is only looked at stays as it is, so that looking changes no later trade.
    func refreshed(mid: Price, now: Int64) -> SyntheticBook {
        var book = self
        book.refresh(mid: mid, now: now)
        return book
    }

    /// Makes ``bids`` and ``asks`` those of now.
    mutating func refresh(mid: Price, now: Int64) {
        let stale = wasTaken && now - builtAt >= shape.refillMilliseconds
        guard builtAround != mid || stale else { return }
        builtAround = mid
        builtAt = now
        wasTaken = false
        generation += 1
        bids = levels(.buy, mid: mid)
        asks = levels(.sell, mid: mid)
        if let bid = bids.first, let ask = asks.first, ask.price <= bid.price { asks = levels(.sell, mid: mid, above: bid.price) }
    }

    /// What an order of `side` meets: the asks for a buy.
    func facing(_ side: Side) -> [BookLevel] { side == .buy ? asks : bids }

    /// Takes up to `size` at `limit` or better, best price first.
    mutating func take(_ side: Side, size: Size, limit: Price) -> [BookLevel] {
        var remaining = size
        var taken: [BookLevel] = []
        var emptied = 0
        var levels = facing(side)
        for index in levels.indices {
            let level = levels[index]
            guard !remaining.isZero, side == .buy ? level.price <= limit : level.price >= limit else { break }
            let part = min(remaining, level.size)
            taken.append(BookLevel(price: level.price, size: part, orders: level.orders))
            remaining -= part
            levels[index].size -= part
            if levels[index].size.isZero { emptied += 1 }
        }
        guard !taken.isEmpty else { return [] }
        wasTaken = true
        levels.removeFirst(emptied)
        if side == .buy { asks = levels } else { bids = levels }
        return taken
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
