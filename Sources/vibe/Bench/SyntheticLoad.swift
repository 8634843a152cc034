import CopyTrading
import HyperSim

/// The leaders and coins of a load test. The simulated exchange and the generator of fills make them up alike, each in its own process.
///
/// Every leader trades one coin of its own, so that no leader waits for another: what a run measures is the pipeline, not a shared book.
enum SyntheticLoad {
    /// What a leader trades each time, coins.
    static let size = Size(1)
    /// A subscriber's order, USDC: above the exchange's minimum of 10, and small against the depth of one book level.
    static let orderNotional = 25

    /// Name and configuration id of a leader, `lead-0007`.
    static func leader(_ index: Int) -> String { "lead-" + padded(index) }

    static func address(_ index: Int) -> String { LeaderAddress.of(leader(index)) }

    /// The coin of the leader with the same index, `SYN0007` at 50 to 149 USDC.
    static func coin(_ index: Int) -> SyntheticCoin {
        SyntheticCoin(name: "SYN" + padded(index), price: Price(50 + index % 100), sizeDecimals: 3)
    }

    static func padded(_ index: Int) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}

/// One fill of a load test, by its number: leaders take turns, and each goes long, flat, short, flat, so that every fill is one signal.
struct SyntheticFill: Sendable {
    /// From 0, over the whole test.
    let number: Int
    let leaders: Int

    var leader: Int { number % leaders }
    private var turn: Int { number / leaders }

    /// Trade ids of the simulated exchange have 50 bits, so these meet none of its own.
    static let firstTrade: Int64 = 1 << 51

    /// Both the trade's and the order's id: an order of its own for each fill.
    var trade: Int64 { Self.firstTrade + Int64(number) }

    /// The number of the fill with a trade id; `nil` for an id that is not of this kind.
    static func number(ofTrade id: Int64) -> Int? { id >= firstTrade ? Int(id - firstTrade) : nil }

    private var step: (start: Size, side: Side) {
        switch turn % 4 {
        case 0: (.zero, .buy)
        case 1: (SyntheticLoad.size, .sell)
        case 2: (.zero, .sell)
        default: (-SyntheticLoad.size, .buy)
        }
    }

    /// Within two hundredths of a dollar around the coin's price, never twice the same in a row: books and mids move.
    private var price: Price {
        let around = [0, 1, 2, 1, 0, -1, -2, -1][turn % 8] as Int64
        return Price(e8: SyntheticLoad.coin(leader).price.e8 + around * (Price.scale / 100))
    }

    /// The body of POST /control/fills.
    var body: String {
        let (start, side) = step
        let coin = SyntheticLoad.coin(leader).name
        return #"{"user":"\#(SyntheticLoad.address(leader))","fills":[{"coin":"\#(coin)","px":"\#(price)","sz":"\#(SyntheticLoad.size)","#
            + #""side":"\#(side.letter)","startPosition":"\#(start)","oid":\#(trade),"tid":\#(trade),"crossed":true}]}"#
    }
}
