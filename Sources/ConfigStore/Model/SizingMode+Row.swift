import CopyTrading
import JSON

extension SizingMode {
    /// The modes by the names they have in files and tables.
    enum Mode: String, CaseIterable {
        case fixedNotional = "fixed_notional"
        case ratio
        case equityProportional = "equity_proportional"
    }

    /// As columns of `subscriptions`.
    var values: (mode: Mode, notional: String?, ratio: String?, allocation: String?, multiplier: String?) {
        switch self {
        case .fixedNotional(let notional): (.fixedNotional, notional.description, nil, nil, nil)
        case .ratio(let ratio): (.ratio, nil, ratio.description, nil, nil)
        case .equityProportional(let allocation, let multiplier):
            (.equityProportional, nil, nil, allocation.description, multiplier.description)
        }
    }

    init(row: JSON) throws(JSONError) {
        let mode: Mode = try row.choice("sizing_mode")
        switch mode {
        case .fixedNotional: self = .fixedNotional(try row.required("sizing_notional", row.money("sizing_notional")))
        case .ratio: self = .ratio(try row.required("sizing_ratio", row.ratio("sizing_ratio")))
        case .equityProportional:
            self = .equityProportional(
                allocation: try row.required("sizing_allocation", row.money("sizing_allocation")),
                multiplier: try row.required("sizing_multiplier", row.ratio("sizing_multiplier")))
        }
    }
}

extension JSON {
    /// A member that is a `numeric` column: its literal text, never through binary floating point.
    func money<Value: FixedPoint>(_ name: String) throws(JSONError) -> Value? {
        guard let text = try literal(name) else { return nil }
        do { return try Value(parsing: text) } catch { throw JSONError(path: name, problem: error.description) }
    }

    func ratio(_ name: String) throws(JSONError) -> Ratio? {
        guard let text = try literal(name) else { return nil }
        do { return try Ratio(exactly: text) } catch { throw JSONError(path: name, problem: error.description) }
    }

    func required<Value>(_ name: String, _ value: Value?) throws(JSONError) -> Value {
        guard let value else { throw JSONError(path: name, problem: "missing") }
        return value
    }

    private func literal(_ name: String) throws(JSONError) -> String? {
        guard let value = self[name] else { return nil }
        guard case .number(let text) = value else { throw JSONError(path: name, problem: "expected a number, found \(value.kind)") }
        return text
    }
}
