import CopyTrading
import JSON

/// One accepted order of the simulated exchange's ledger.
struct LedgerOrder: Sendable, Equatable {
    var account: String
    var cloid: String?
    var oid: Int64?
    var coin: String
    /// True when something was traded.
    var isFilled: Bool
    var filledSize: Size
    /// Size-weighted over the fills, truncated to 8 decimals; `nil` without fills.
    var averagePrice: Price?

    /// `nil` for lines that are no accepted order: refusals, cancels, changes of leverage.
    init?(line: JSON) throws(JSONError) {
        guard case .string(let action)? = line["action"], action == "order",
            ["filled", "resting"].contains(try line.string("status"))
        else { return nil }
        account = try line.string("account")
        cloid = try line.maybe("cloid") { value throws(JSONError) in try value.asString() }
        oid = try line.maybe("oid") { value throws(JSONError) in try value.asInteger() }
        coin = try line.string("coin")
        filledSize = try line.decimal("totalSz")
        isFilled = !filledSize.isZero
        averagePrice = isFilled ? try Self.average(line, filledSize) : nil
    }

    /// The exact average of the fills, since the exchange's own `avgPx` is cut to the price decimals.
    private static func average(_ line: JSON, _ total: Size) throws(JSONError) -> Price {
        guard line["fills"] != nil else { return try line.decimal("avgPx") }
        var weight: Int128 = 0
        for fill in try line.array("fills") {
            let price: Price = try fill.decimal("px")
            let size: Size = try fill.decimal("sz")
            weight += Int128(price.e8) * Int128(size.e8)
        }
        return Price(e8: Int64(weight / Int128(total.e8)))
    }

    var name: String { "order \(cloid ?? "without cloid") of \(account) in \(coin)" }
}
