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
            since: try json.integer("sinceMs"), wasLiquidated: try json.bool("liquidated"), equity: try json.maybeDecimal("equity"),
            highestEquity: try json.maybeDecimal("highestEquity"), movementsTo: try json.integer("movementsToMs"),
            lastTradeAt: try json.maybe("lastTradeMs") { value throws(JSONError) in try value.asInteger() },
            hours: try json.list("hours", Hour.init(json:)))
    }
}

extension LeaderRecordKeeper.Hour {
    /// `[number, fills, maker fills, flips]`: it is written with each signal.
    fileprivate var json: JSON { [.integer(number), .integer(fills), .integer(makerFills), .integer(flips)] }

    fileprivate init(json: JSON) throws(JSONError) {
        let values = try json.asArray()
        guard values.count == 4 else { throw JSONError(problem: "expected 4 numbers, found \(values.count)") }
        self.init(
            number: try values[0].asInteger(), fills: Int(try values[1].asInteger()), makerFills: Int(try values[2].asInteger()),
            flips: Int(try values[3].asInteger()))
    }
}
