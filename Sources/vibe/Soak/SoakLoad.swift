import CopyTrading
import HyperSim
import JSON

/// Fills that leaders make in a soak: a random walk of every leader in every coin, the same for the same seed.
struct SoakLoad {
    /// Fills published in one message.
    struct Message {
        let leader: String
        let address: String
        let coin: String
        let fills: [JSON]
        /// Signed, one per fill.
        let changes: [Size]

        var body: JSON { ["user": .string(address), "fills": .array(fills)] }
    }

    let leaders: Int
    private var generator: SeededGenerator
    private var positions: [SignalCheck.Track: Size] = [:]
    /// The resting order whose fills drip in, by leader and coin.
    private var resting: [SignalCheck.Track: Int64] = [:]
    private var lastOrder = SoakLoad.firstOrder

    /// Above the ids that the simulated exchange gives to orders.
    private static let firstOrder: Int64 = 700_000_000_000_000
    private static let coins = 6
    /// Sizes are of so many lots of 0.001.
    private static let lots: ClosedRange<Int64> = 1...4_000

    init(leaders: Int, seed: UInt64) {
        self.leaders = leaders
        generator = SeededGenerator(seed: seed)
    }

    mutating func next() -> Message {
        // the first leaders trade most, so that some are hot
        let leader = min(Int.random(in: 0..<leaders, using: &generator), Int.random(in: 0..<leaders, using: &generator))
        return next(leader)
    }

    /// - Parameter leader: its index; may be beyond those that ``next()`` draws from.
    mutating func next(_ leader: Int) -> Message {
        let coin = SyntheticLoad.coin(Int.random(in: 0..<min(leaders, Self.coins), using: &generator))
        let track = SignalCheck.Track(leader: SyntheticLoad.leader(leader), coin: coin.name)
        let (side, total) = move(from: positions[track] ?? .zero)
        let isTaker = Int.random(in: 0..<3, using: &generator) > 0
        let sizes = isTaker ? split(total) : [total]
        let price = Price(e8: coin.price.e8 + Int64.random(in: -50...50, using: &generator) * (Price.scale / 100))
        return message(track, sizes.map { side == .buy ? $0 : -$0 }, price: price, isTaker: isTaker)
    }

    /// One message for each position that is left, which closes it.
    mutating func closing() -> [Message] {
        let coins = Dictionary((0..<Self.coins).map(SyntheticLoad.coin).map { ($0.name, $0.price) }) { first, _ in first }
        return positions.filter { !$0.value.isZero }.sorted { $0.key < $1.key }.compactMap { track, position in
            coins[track.coin].map { message(track, [-position], price: $0, isTaker: true) }
        }
    }

    /// - Parameter changes: signed, one per fill.
    private mutating func message(_ track: SignalCheck.Track, _ changes: [Size], price: Price, isTaker: Bool) -> Message {
        let order = order(track, isTaker: isTaker)
        positions[track] = changes.reduce(positions[track] ?? .zero) { $0 + $1 }
        let fills = changes.map { change in
            [
                "coin": .string(track.coin), "px": .string("\(price)"), "sz": .string("\(change.magnitude)"),
                "side": .string((change.e8 > 0 ? Side.buy : .sell).letter), "oid": .integer(order), "crossed": .bool(isTaker),
            ] as JSON
        }
        return Message(leader: track.leader, address: LeaderAddress.of(track.leader), coin: track.coin, fills: fills, changes: changes)
    }

    /// Leaders who have traded so far.
    var traders: Set<String> { Set(positions.keys.map(\.leader)) }

    /// What the exchange says: a message whose answer was lost may have been carried out or not.
    mutating func correct(_ leader: String, _ told: [Coin: Size]) {
        for track in positions.keys where track.leader == leader { positions[track] = told[Coin(track.coin)] ?? .zero }
    }

    /// Further, back, to flat, or through zero.
    private mutating func move(from position: Size) -> (side: Side, size: Size) {
        let size = Size(e8: Int64.random(in: Self.lots, using: &generator) * (Size.scale / 1_000))
        guard !position.isZero else { return (Bool.random(using: &generator) ? .buy : .sell, size) }
        let towards: Side = position.e8 > 0 ? .sell : .buy
        switch Int.random(in: 0..<5, using: &generator) {
        case 0, 1: return (towards.opposite, size)
        case 2: return (towards, min(size, position.magnitude))
        case 3: return (towards, position.magnitude)
        default: return (towards, position.magnitude + size)
        }
    }

    private mutating func split(_ total: Size) -> [Size] {
        let lot = Size.scale / 1_000
        let parts = min(Int64.random(in: 1...4, using: &generator), total.e8 / lot)
        let each = total.e8 / lot / parts * lot
        return (0..<parts).map { Size(e8: $0 == parts - 1 ? total.e8 - each * (parts - 1) : each) }
    }

    private mutating func order(_ track: SignalCheck.Track, isTaker: Bool) -> Int64 {
        if !isTaker, let old = resting[track], Int.random(in: 0..<4, using: &generator) > 0 { return old }
        lastOrder += 1
        if !isTaker { resting[track] = lastOrder }
        return lastOrder
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
