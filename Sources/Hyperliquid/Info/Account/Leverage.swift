import CopyTrading
import JSON

/// How much of an account backs a position, and how far it is borrowed.
public struct Leverage: Sendable, Equatable {
    public var mode: Mode
    /// Whole, from 1 to the market's maximum.
    public var value: Int
    /// An isolated position's own cash: its collateral less what it cost. `nil` when it is backed by the whole account.
    public var isolatedCash: Notional?

    public enum Mode: String, Sendable {
        case cross, isolated
    }

    public init(mode: Mode, value: Int, isolatedCash: Notional? = nil) {
        self.mode = mode
        self.value = value
        self.isolatedCash = isolatedCash
    }

    /// `{"type":"cross","value":20}` or `{"type":"isolated","value":10,"rawUsd":"-68.126246"}`
    public init(json: JSON) throws(JSONError) {
        let type = try json.string("type")
        guard let mode = Mode(rawValue: type) else {
            throw JSONError(path: "type", problem: "expected \"cross\" or \"isolated\", found \"\(type)\"")
        }
        self.init(mode: mode, value: Int(try json.integer("value")), isolatedCash: try json.denoisedDecimal(ifPresent: "rawUsd"))
    }
}
