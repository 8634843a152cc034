import CopyTrading
import JSON

/// A line of the simulated exchange's ledger, as far as the invariants ask.
struct LedgerEvent: Sendable {
    var action: String
    var account: String
    /// Milliseconds since 1970.
    var time: Int64
    var nonce: Int64?
    var status: String
    var cloids: [String]
    var coin: String?
    var filled: Size
    var positionAfter: Size?
    /// Of a refused action.
    var type: String?

    init(line: JSON) throws(JSONError) {
        func text(_ name: String) throws(JSONError) -> String? { try line.maybe(name) { value throws(JSONError) in try value.asString() } }
        action = try line.string("action")
        account = try line.string("account")
        time = try line.integer("timeMs")
        nonce = try line.maybe("nonce") { value throws(JSONError) in try value.asInteger() }
        // some actions have no status, and other things by these names
        guard ["order", "fill", "trigger", "twapSlice", "liquidation", "takeover", "refused"].contains(action) else {
            (status, cloids, coin, filled, positionAfter, type) = ("", [], nil, .zero, nil, nil)
            return
        }
        status = try text("status") ?? ""
        coin = try text("coin")
        type = action == "refused" ? try text("type") : nil
        cloids = action == "refused" ? try line.list("cloids") { value throws(JSONError) in try value.asString() } : [try text("cloid")].compactMap(\.self)
        filled = try line.maybeDecimal("totalSz") ?? .zero
        positionAfter = try line.maybeDecimal("positionAfter")
    }

    /// An order that the exchange took: it was executed, in part at least, or rests.
    var isAcceptedOrder: Bool { action == "order" && (status == "filled" || status == "resting") }
    /// An order as it was sent, whatever became of it.
    var isSubmission: Bool { nonce != nil && (action == "order" || action == "refused" && type == "order") }
}
