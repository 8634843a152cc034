import CopyTrading
import JSON

/// How l2Book levels are merged: to so many significant figures, the last of them in steps of 2 or 5.
struct BookAggregation: Hashable {
    /// 2…5, or `nil` for every level.
    var figures: Int?
    /// 2 or 5, only with 5 figures.
    var mantissa: Int?

    /// Every level.
    init() {}

    init(json: JSON) throws(JSONError) {
        figures = try json.maybe("nSigFigs") { value throws(JSONError) in Int(try value.asInteger()) }
        mantissa = try json.maybe("mantissa") { value throws(JSONError) in Int(try value.asInteger()) }
        guard figures.map((2...5).contains) ?? true else { throw JSONError(path: "nSigFigs", problem: "expected 2 to 5") }
        guard mantissa.map({ figures == 5 && [1, 2, 5].contains($0) }) ?? true else { throw JSONError(path: "mantissa", problem: "unfit") }
    }

    /// Merges `levels`, best first, outward: bids down, asks up.
    func merge(_ levels: [BookLevel], _ side: Side) -> [BookLevel] {
        guard let figures else { return levels }
        var result: [BookLevel] = []
        for level in levels {
            let step = PowerOfTen[max(0, PowerOfTen.digits(of: level.price.e8) - figures)] * Int64(mantissa ?? 1)
            var e8 = level.price.e8 - level.price.e8 % step
            if side == .sell, e8 != level.price.e8 { e8 += step }
            if let last = result.last, last.price.e8 == e8 {
                result[result.count - 1].size += level.size
                result[result.count - 1].orders += level.orders
            } else {
                result.append(BookLevel(price: Price(e8: e8), size: level.size, orders: level.orders))
            }
        }
        return result
    }
}
