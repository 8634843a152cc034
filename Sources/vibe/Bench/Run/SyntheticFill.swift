import CopyTrading

/// One fill of a load test, by its number: leaders take turns, and every fill is one signal.
struct SyntheticFill: Sendable {
    /// From 0, over the whole test.
    let number: Int
    let leader: Int
    private let start: Size
    private let side: Side
    /// How often the leader has traded before.
    private let turn: Int

    /// Trade ids of the simulated exchange have 50 bits, so these meet none of its own.
    static let firstTrade: Int64 = 1 << 51

    /// A leader goes long, flat, short, flat.
    init(number: Int, leaders: Int) {
        self.number = number
        leader = number % leaders
        turn = number / leaders
        (start, side) =
            switch turn % 4 {
            case 0: (.zero, .buy)
            case 1: (SyntheticLoad.size, .sell)
            case 2: (.zero, .sell)
            default: (-SyntheticLoad.size, .buy)
            }
    }

    /// A leader that is flat at fill `first` goes long, and longer with each turn: nothing but entries.
    init(number: Int, leaders: Int, enteringFrom first: Int) {
        self.number = number
        leader = (number - first) % leaders
        turn = (number - first) / leaders
        start = Size(e8: SyntheticLoad.size.e8 * Int64(turn))
        side = .buy
    }

    /// Both the trade's and the order's id: an order of its own for each fill.
    var trade: Int64 { Self.firstTrade + Int64(number) }

    /// The number of the fill with a trade id; `nil` for an id that is not of this kind.
    static func number(ofTrade id: Int64) -> Int? { id >= firstTrade ? Int(id - firstTrade) : nil }

    /// Within two hundredths of a dollar around the coin's price, never twice the same in a row: books and mids move.
    private var price: Price {
        let around = [0, 1, 2, 1, 0, -1, -2, -1][turn % 8] as Int64
        return Price(e8: SyntheticLoad.coin(leader).price.e8 + around * (Price.scale / 100))
    }

    /// The body of POST /control/fills.
    var body: String {
        let coin = SyntheticLoad.coin(leader).name
        return #"{"user":"\#(SyntheticLoad.address(leader))","fills":[{"coin":"\#(coin)","px":"\#(price)","sz":"\#(SyntheticLoad.size)","#
            + #""side":"\#(side.letter)","startPosition":"\#(start)","oid":\#(trade),"tid":\#(trade),"crossed":true}]}"#
    }
}
