import CopyTrading

/// Which prices and sizes an order in one market may have: at most 5 significant figures and 6 − szDecimals decimals for a
/// price, whole prices always; at most szDecimals decimals for a size. (Perpetuals; spot has 8 in place of 6.)
struct PriceGrid: Equatable {
    static let significantFigures = 5
    static let maximumDecimals = 6

    let sizeDecimals: Int
    let priceDecimals: Int
    /// The smallest size, in units of 1e-8.
    let lotE8: Int64
    /// The finest tick, in units of 1e-8; larger prices have coarser ones.
    private let finestTickE8: Int64

    /// - Parameter sizeDecimals: 0…6.
    init(sizeDecimals: Int) {
        precondition((0...Self.maximumDecimals).contains(sizeDecimals), "a perpetual has 0 to 6 size decimals, not \(sizeDecimals)")
        self.sizeDecimals = sizeDecimals
        priceDecimals = Self.maximumDecimals - sizeDecimals
        lotE8 = PowerOfTen[8 - sizeDecimals]
        finestTickE8 = PowerOfTen[8 - priceDecimals]
    }

    /// The distance between neighbouring valid prices at this magnitude, in units of 1e-8.
    func tickE8(at price: Price) -> Int64 {
        let byFigures = PowerOfTen[max(0, PowerOfTen.digits(of: price.e8) - Self.significantFigures)]
        return max(finestTickE8, min(byFigures, Price.scale))
    }

    func isOnTick(_ price: Price) -> Bool { price.e8 % tickE8(at: price) == 0 }

    func isLot(_ size: Size) -> Bool { size.e8 % lotE8 == 0 }

    /// The highest valid price not above `price`.
    func roundedDown(_ price: Price) -> Price { Price(e8: price.e8 - price.e8 % tickE8(at: price)) }

    /// The lowest valid price not below `price`.
    func roundedUp(_ price: Price) -> Price {
        let down = roundedDown(price)
        return down == price ? price : Price(e8: down.e8 + tickE8(at: price))
    }

    /// Rounded toward zero to whole lots.
    func lots(_ size: Size) -> Size { Size(e8: size.e8 - size.e8 % lotE8) }
}

/// 10⁰ … 10¹⁸.
enum PowerOfTen {
    private static let table: [Int64] = (0...18).map { exponent in (0..<exponent).reduce(1) { power, _ in power * 10 } }

    static subscript(_ exponent: Int) -> Int64 { table[exponent] }

    /// Decimal digits of a positive number.
    static func digits(of value: Int64) -> Int {
        var count = 1
        while count <= 18, table[count] <= value { count += 1 }
        return count
    }
}
