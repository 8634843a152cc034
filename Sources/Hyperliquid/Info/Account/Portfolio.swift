import CopyTrading
import JSON

/// An account's value and profit over time.
public struct Portfolio: Sendable, Equatable {
    /// Spot and perpetuals together.
    public var total: [Period: History]
    public var perpetuals: [Period: History]

    public enum Period: String, Sendable, CaseIterable {
        case day, week, month, allTime
    }

    public struct History: Sendable, Equatable {
        public var accountValue: [Point]
        /// Since the beginning of the period.
        public var profit: [Point]
        /// USDC traded within the period.
        public var volume: WideDecimal
    }

    public struct Point: Sendable, Equatable {
        /// Milliseconds since 1970.
        public var time: Int64
        public var value: Notional
    }

    /// `[["day",{…}],…,["perpDay",{…}],…]`; a period not known here is left out.
    init(json: JSON) throws(JSONError) {
        let entries = try json.map { entry throws(JSONError) in
            try entry.pair({ name throws(JSONError) in try name.asString() }, History.init(json:))
        }
        total = [:]
        perpetuals = [:]
        for (name, history) in entries {
            if let period = Period(rawValue: name) { total[period] = history }
            if let period = Period.allCases.first(where: { $0.perpetualName == name }) { perpetuals[period] = history }
        }
    }
}

extension Portfolio.Period {
    fileprivate var perpetualName: String { "perp" + rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}

extension Portfolio.History {
    init(json: JSON) throws(JSONError) {
        accountValue = try json.list("accountValueHistory", Portfolio.Point.init(json:))
        profit = try json.list("pnlHistory", Portfolio.Point.init(json:))
        volume = try json.wideDecimal("vlm")
    }
}

extension Portfolio.Point {
    init(json: JSON) throws(JSONError) {
        (time, value) = try json.pair(
            { time throws(JSONError) in try time.asInteger() }, { value throws(JSONError) in try value.asDenoisedDecimal() })
    }
}

extension InfoRequest where Answer == Portfolio {
    public static func portfolio(_ user: String) -> Self { Self("portfolio", [("user", .string(user))], decode: Portfolio.init(json:)) }
}
