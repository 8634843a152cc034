import CopyTrading
import JSON
import Yams

/// The `sizing` of a subscription: a mode by its name, and what that mode needs.
enum SizingSettings {
    enum Mode: String, CaseIterable {
        case fixedNotional = "fixed_notional"
        case fixedMargin = "fixed_margin"
        case fixedSize = "fixed_size"
        case ratio
        case equityProportional = "equity_proportional"
        case marginProportional = "margin_proportional"
        case tiered
        case volatilityScaled = "vol_scaled"
    }

    struct Parameter {
        let name: String
        let range: String
        let fallback: String
        let purpose: String

        init(_ name: String, _ range: String, fallback: String = "required", _ purpose: String) {
            self.name = name
            self.range = range
            self.fallback = fallback
            self.purpose = purpose
        }
    }

    private static let allocation = Parameter("allocation", "USDC, more than 0", "The part of the account's equity that copies this leader.")
    private static let multiplier = Parameter("multiplier", "more than 0", fallback: "1", "Times so much.")

    static func describe(_ mode: Mode) -> (purpose: String, parameters: [Parameter]) {
        switch mode {
        case .fixedNotional:
            (
                "The opening order is worth the same each time; increases follow in proportion.",
                [
                    Parameter("notional", "USDC, more than 0", "Worth of the opening order."),
                    Parameter(
                        "per_order", "true or false", fallback: "false",
                        "Increases are worth as much each instead; needs limits.max_position_notional."),
                ]
            )
        case .fixedMargin:
            (
                "The opening order takes the same margin each time, at the subscription's leverage.",
                [Parameter("margin", "USDC, more than 0", "Margin of the opening order.")]
            )
        case .fixedSize:
            (
                "The opening order has so many coins; for a subscription to one coin.",
                [Parameter("size", "coins, more than 0", "Coins of the opening order.")]
            )
        case .ratio:
            ("So many coins for each of the leader's.", [Parameter("ratio", "more than 0", "Coins for each coin of the leader.")])
        case .equityProportional:
            ("The same share of the allocation as the leader puts in of its equity.", [allocation, multiplier])
        case .marginProportional:
            (
                "The same share of the allocation, as margin at the subscription's leverage, as the leader puts in of its margin balance.",
                [allocation, multiplier]
            )
        case .tiered:
            (
                "The leader's order bracket by bracket, as of an income tax.",
                [
                    Parameter(
                        "brackets", "a list of {up_to: USDC, multiplier: N}, rising; the last without up_to",
                        "What is above the bracket before and up to here counts times the multiplier.")
                ]
            )
        case .volatilityScaled:
            (
                "Another mode, times the target over the coin's daily volatility of completed days.",
                [
                    Parameter("base", "a sizing of another mode", "What is scaled."),
                    Parameter("target_daily_volatility", "more than 0", "Such as 0.02: a coin that moves 2 % a day counts once."),
                    Parameter("max_weight", "more than 0", fallback: "1", "The most it is scaled by."),
                ]
            )
        }
    }

    /// `nil` after a fault.
    static func read(_ subscription: inout MappingReader) -> SizingMode? {
        guard let (node, place) = subscription.node("sizing") else {
            subscription.missing("sizing")
            return nil
        }
        return read(node, place, subscription.faults)
    }

    private static func read(_ node: Node, _ place: Place, _ faults: FaultList, isBase: Bool = false) -> SizingMode? {
        guard var reader = MappingReader(node, place, faults) else { return nil }
        guard let mode: Mode = reader.required("mode", ValueParsing.choice) else { return nil }
        defer { reader.finish(note: " to mode \(mode.rawValue)") }
        switch mode {
        case .fixedNotional:
            let notional = reader.required("notional", ValueParsing.money)
            let perOrder = optional("per_order", false, &reader, ValueParsing.flag)
            guard let notional, let perOrder else { return nil }
            return .fixedNotional(notional, perOrder: perOrder)
        case .fixedMargin: return reader.required("margin", ValueParsing.money).map { .fixedMargin($0) }
        case .fixedSize: return reader.required("size", ValueParsing.size).map { .fixedSize($0) }
        case .ratio: return reader.required("ratio", ValueParsing.ratio).map { .ratio($0) }
        case .equityProportional, .marginProportional:
            let allocation = reader.required("allocation", ValueParsing.money)
            let multiplier = optional("multiplier", .one, &reader, ValueParsing.ratio)
            guard let allocation, let multiplier else { return nil }
            return mode == .equityProportional
                ? .equityProportional(allocation: allocation, multiplier: multiplier)
                : .marginProportional(allocation: allocation, multiplier: multiplier)
        case .tiered: return brackets(&reader).map { .tiered($0) }
        case .volatilityScaled:
            if isBase { faults.add(place.member("mode", line: place.line), value: mode.rawValue, "cannot be scaled again") }
            let base = reader.node("base")
            if base == nil { reader.missing("base") }
            let scaled = base.flatMap { read($0.node, $0.place, faults, isBase: true) }
            let target = reader.required("target_daily_volatility", ValueParsing.ratio)
            let weight = optional("max_weight", .one, &reader, ValueParsing.ratio)
            guard let scaled, let target, let weight, !isBase else { return nil }
            return .volatilityScaled(scaled, target: target, maximumWeight: weight)
        }
    }

    /// A value that cannot be read must not pass for the usual one.
    private static func optional<Value>(
        _ name: String, _ fallback: Value, _ reader: inout MappingReader, _ parse: (String) -> Result<Value, Problem>
    ) -> Value? {
        reader.node(name) == nil ? fallback : reader.value(name, parse)
    }

    private static func brackets(_ reader: inout MappingReader) -> [SizingBracket]? {
        guard let elements = reader.list("brackets"), !elements.isEmpty else {
            reader.missing("brackets")
            return nil
        }
        let before = reader.faults.faults.count
        var brackets: [SizingBracket] = []
        for (index, (node, place)) in elements.enumerated() {
            guard var bracket = MappingReader(node, place, reader.faults) else { continue }
            let upTo = bracket.value("up_to", ValueParsing.money)
            let multiplier = bracket.required("multiplier", ValueParsing.ratioOrZero)
            bracket.finish()
            if let upTo, let floor = brackets.last?.upTo, upTo <= floor {
                reader.faults.add(place.member("up_to", line: place.line), value: upTo.description, "does not rise above \(floor)")
            }
            if (upTo == nil) != (index == elements.count - 1) {
                reader.faults.add(place.member("up_to", line: place.line), "must be there in all brackets but the last")
            }
            if let multiplier { brackets.append(SizingBracket(upTo: upTo, multiplier: multiplier)) }
        }
        return reader.faults.faults.count == before ? brackets : nil
    }

    static func write(_ sizing: SizingMode) -> JSON {
        func mode(_ mode: Mode, _ members: (String, JSON)...) -> JSON {
            .object([JSON.Member("mode", .string(mode.rawValue))] + members.map { JSON.Member($0.0, $0.1) })
        }
        switch sizing {
        case .fixedNotional(let notional, let perOrder):
            return mode(.fixedNotional, ("notional", .string("\(notional)")), ("per_order", .string("\(perOrder)")))
        case .fixedMargin(let margin): return mode(.fixedMargin, ("margin", .string("\(margin)")))
        case .fixedSize(let size): return mode(.fixedSize, ("size", .string("\(size)")))
        case .ratio(let ratio): return mode(.ratio, ("ratio", .string("\(ratio)")))
        case .equityProportional(let allocation, let multiplier):
            return mode(.equityProportional, ("allocation", .string("\(allocation)")), ("multiplier", .string("\(multiplier)")))
        case .marginProportional(let allocation, let multiplier):
            return mode(.marginProportional, ("allocation", .string("\(allocation)")), ("multiplier", .string("\(multiplier)")))
        case .tiered(let brackets):
            let list = brackets.map { bracket in
                JSON.object(
                    (bracket.upTo.map { [JSON.Member("up_to", .string("\($0)"))] } ?? [])
                        + [JSON.Member("multiplier", .string("\(bracket.multiplier)"))])
            }
            return mode(.tiered, ("brackets", .array(list)))
        case .volatilityScaled(let base, let target, let weight):
            return mode(
                .volatilityScaled, ("base", write(base)), ("target_daily_volatility", .string("\(target)")),
                ("max_weight", .string("\(weight)")))
        }
    }
}
