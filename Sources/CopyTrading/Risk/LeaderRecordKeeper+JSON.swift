import JSON

/// As it is kept across restarts and changes of owner.
extension LeaderRecordKeeper {
    public var json: JSON {
        [
            "v": .integer(Self.schemaVersion), "sinceMs": .integer(since), "liquidated": .bool(wasLiquidated),
            "equity": .string(orNull: equity?.description), "highestEquity": .string(orNull: highestEquity?.description),
            "movementsToMs": .integer(movementsTo), "lastTradeMs": lastTradeAt.map { .integer($0) } ?? .null,
            "hours": .array(hours.map(\.json)),
        ]
    }

    public init(json: JSON) throws(JSONError) {
        let version = try json.integer("v")
        guard version == Self.schemaVersion else {
            throw JSONError(path: "v", problem: "record schema \(version) is not \(Self.schemaVersion)")
        }
        self.init(
            since: try json.milliseconds("sinceMs"), wasLiquidated: try json.bool("liquidated"), equity: try json.maybeDecimal("equity"),
            highestEquity: try json.maybeDecimal("highestEquity"), movementsTo: try json.milliseconds("movementsToMs"),
            lastTradeAt: try json.maybeMilliseconds("lastTradeMs"),
            hours: try json.list("hours", Hour.init(json:)))
    }
}

extension LeaderRecordKeeper.Hour {
    /// `[number, fills, maker fills, flips]`: it is written with each signal.
    fileprivate var json: JSON { [.integer(number), .integer(fills), .integer(makerFills), .integer(flips)] }

    fileprivate init(json: JSON) throws(JSONError) {
        let values = try json.asArray()
        guard values.count == 4 else { throw JSONError(problem: "expected 4 numbers, found \(values.count)") }
        let numbers = try json.map { value throws(JSONError) in
            let number = try value.asInteger()
            // hours since 1970 and counts within one: sums of any number of them that is kept stay in range
            guard (0...1_000_000_000_000).contains(number) else { throw JSONError(problem: "\(number) is out of range") }
            return number
        }
        self.init(number: numbers[0], fills: Int(numbers[1]), makerFills: Int(numbers[2]), flips: Int(numbers[3]))
    }
}
