import CopyTrading
import JSON

/// One accepted order, one trigger carried out, or what one fill of a resting order traded, of the simulated exchange's ledger.
struct LedgerOrder: Sendable, Equatable {
    var account: String
    var cloid: String?
    var oid: Int64?
    var coin: String
    /// False for the fill of an order that was accepted before.
    var isAccepted: Bool
    /// True when something was traded.
    var isFilled: Bool
    var filledSize: Size
    /// What was paid in all, as size × price in units of 1e-16: exactly, by the fills, and by the average that the exchange answered with,
    /// which it cuts to the price's decimals.
    var exactWeight: Int128 = 0
    var answeredWeight: Int128 = 0

    /// By the line's action, of those that tell of one.
    private static let statuses: [String: Set<String>] = [
        "order": ["filled", "resting"], "trigger": ["filled", "resting"], "fill": ["filled", "open"],
    ]

    /// `nil` for lines that are no accepted order: refusals, cancels, changes of leverage.
    init?(line: JSON) throws(JSONError) {
        guard case .string(let action)? = line["action"], let statuses = Self.statuses[action], statuses.contains(try line.string("status"))
        else { return nil }
        isAccepted = action != "fill"
        account = try line.string("account")
        cloid = try line.maybe("cloid") { value throws(JSONError) in try value.asString() }
        oid = try line.maybe("oid") { value throws(JSONError) in try value.asInteger() }
        coin = try line.string("coin")
        filledSize = try line.decimal("totalSz")
        isFilled = !filledSize.isZero
        guard isFilled else { return }
        let answered: Price = try line.decimal("avgPx")
        answeredWeight = Int128(answered.e8) * Int128(filledSize.e8)
        exactWeight = try line["fills"] == nil ? answeredWeight : Self.weight(line)
    }

    private static func weight(_ line: JSON) throws(JSONError) -> Int128 {
        var weight: Int128 = 0
        for fill in try line.array("fills") {
            let price: Price = try fill.decimal("px")
            let size: Size = try fill.decimal("sz")
            weight += Int128(price.e8) * Int128(size.e8)
        }
        return weight
    }

    var name: String { "order \(cloid ?? "without cloid") of \(account) in \(coin)" }
}
