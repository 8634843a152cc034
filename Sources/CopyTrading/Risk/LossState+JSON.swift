import JSON

/// As it is kept across restarts.
extension LossState {
    public var json: JSON {
        [
            "day": .integer(day), "dayStartEquity": .string("\(dayStartEquity)"), "dayDeposits": .string("\(dayDeposits)"),
            "highest": .string("\(highest)"), "stop": .string(stop.rawValue),
            "observedEquity": .string("\(observedEquity)"), "observedMs": .integer(observedAt),
            "closesEverything": .bool(closesEverything), "stoppedMs": stoppedAt.map { .integer($0) } ?? .null,
        ]
    }

    public init(json: JSON) throws(JSONError) {
        self.init(
            day: try json.integer("day"), dayStartEquity: try json.decimal("dayStartEquity"), dayDeposits: try json.decimal("dayDeposits"),
            highest: try json.decimal("highest"), stop: try json.choice("stop"), observedEquity: try json.decimal("observedEquity"), observedAt: try json.milliseconds("observedMs"),
            // states of before it was kept apart say it by their stop
            closesEverything: try json["closesEverything"] == nil ? json.string("stop") == Stop.flattened.rawValue : json.bool("closesEverything"),
            stoppedAt: try json.maybeMilliseconds("stoppedMs"))
    }
}
