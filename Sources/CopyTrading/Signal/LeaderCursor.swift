import JSON

/// How far a leader's fills have been turned into signals. Stored together with the signals it accounts for, so that a
/// restarted ingest neither skips a fill nor emits one again.
///
/// Executions of one coin are totally ordered, so per coin the time and trade ids of the last emitted fills say of any other
/// fill whether it is covered: older than the mark, or in its millisecond and listed.
public struct LeaderCursor: Sendable, Equatable {
    static let schemaVersion: Int64 = 1

    /// Time of the position snapshot this began with, milliseconds. Coins without a mark were flat then, and fills before it are history.
    /// `nil`: nothing is known of coins without a mark.
    public var floor: Int64?
    /// Exchange time from which fills must be read again, milliseconds; `nil` before the first fill or snapshot.
    public var resumeFrom: Int64?
    /// Version of the configuration up to which subscriptions have joined what the leader holds; 0: none has, the leader is new.
    /// `nil`, stored before there were joins: those of now do not.
    public var joinedThrough: Int64? = 0
    public var marks: [Coin: Mark]

    /// The state of one coin after its last emitted fill.
    public struct Mark: Sendable, Equatable {
        public var position: Size
        /// Exchange time of the last fill or of the snapshot, milliseconds.
        public var time: Int64
        /// Price of the last fill, when there was one.
        public var price: Price?
        /// Trade ids of the fills in that millisecond, in order of execution.
        public var tids: [Int64]
        /// True when the position was taken as truth at `time` instead of being reached fill by fill.
        public var isAnchor: Bool

        public init(position: Size, time: Int64, price: Price? = nil, tids: [Int64] = [], isAnchor: Bool = false) {
            self.position = position
            self.time = time
            self.price = price
            self.tids = tids
            self.isAnchor = isAnchor
        }
    }

    /// Nothing is known: the first fill of each coin sets its base.
    public init() { marks = [:] }

    /// Begins with a snapshot of all open positions taken at `time` (milliseconds). Coins that are absent are flat.
    public init(positions: [Coin: Size], at time: Int64) {
        floor = time
        resumeFrom = time
        marks = positions.mapValues { Mark(position: $0, time: time, isAnchor: true) }
    }

    public var positions: [Coin: Size] { marks.mapValues(\.position) }
}

extension LeaderCursor {
    public var json: JSON {
        [
            "v": .integer(Self.schemaVersion), "floorMs": floor.map { .integer($0) } ?? .null,
            "resumeMs": resumeFrom.map { .integer($0) } ?? .null,
            "joinedThrough": joinedThrough.map { .integer($0) } ?? .null,
            "coins": .array(marks.sorted { $0.key < $1.key }.map { coin, mark in mark.json(coin: coin) }),
        ]
    }

    public init(json: JSON) throws(JSONError) {
        let version = try json.integer("v")
        guard version == Self.schemaVersion else {
            throw JSONError(path: "v", problem: "cursor schema \(version) is not \(Self.schemaVersion)")
        }
        floor = try json.maybeMilliseconds("floorMs")
        resumeFrom = try json.maybeMilliseconds("resumeMs")
        joinedThrough = try json.maybe("joinedThrough") { value throws(JSONError) in try value.asInteger() }
        marks = [:]
        for (coin, mark) in try json.list("coins", Mark.named(json:)) { marks[coin] = mark }
    }
}

extension LeaderCursor.Mark {
    fileprivate func json(coin: Coin) -> JSON {
        [
            "coin": .string(coin.text), "position": .string("\(position)"), "timeMs": .integer(time),
            "px": .string(orNull: price?.description), "tids": .array(tids.map { .integer($0) }), "anchor": .bool(isAnchor),
        ]
    }

    fileprivate static func named(json: JSON) throws(JSONError) -> (Coin, LeaderCursor.Mark) {
        let mark = LeaderCursor.Mark(
            position: try json.decimal("position"), time: try json.milliseconds("timeMs"), price: try json.maybeDecimal("px"),
            tids: try json.list("tids") { value throws(JSONError) in try value.asInteger() }, isAnchor: try json.bool("anchor"))
        return (Coin(try json.string("coin")), mark)
    }
}
