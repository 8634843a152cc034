import JSON

/// The life of one copied position, from the leader's OPEN to its CLOSE, as the planner sees it. Stored per subscription and coin.
public struct Lifecycle: Sendable, Equatable {
    /// The signal that opened it.
    public var id: SignalID
    /// Follower coins per leader coin, fixed when the OPEN was planned.
    public var k: Ratio
    public var status: Status
    /// Direction of the subscriber's position: `buy` is long.
    public var direction: Side

    public enum Status: String, Sendable, CaseIterable {
        case copied
        /// The OPEN was not copied, so increases are skipped and there is nothing to exit.
        case uncopied
    }

    public init(id: SignalID, k: Ratio, status: Status, direction: Side) {
        self.id = id
        self.k = k
        self.status = status
        self.direction = direction
    }

    /// `k` corrected to what was really filled: `|filled| / |leader's position|`. Unchanged when either is zero.
    public func corrected(filled: Size, leaderPosition: Size) -> Lifecycle {
        guard !filled.isZero, !leaderPosition.isZero,
            let k = try? Ratio(roundingUp: filled.magnitude, over: leaderPosition.magnitude)
        else { return self }
        var corrected = self
        corrected.k = k
        return corrected
    }
}

extension Lifecycle {
    public var json: JSON {
        [
            "id": .string(id.text), "k": .string("\(k)"), "status": .string(status.rawValue), "direction": .string(direction.rawValue),
        ]
    }

    public init(json: JSON) throws(JSONError) {
        let text = try json.string("k")
        let k: Ratio
        do { k = try Ratio(exactly: text) } catch { throw JSONError(path: "k", problem: error.description) }
        self.init(id: SignalID(try json.string("id")), k: k, status: try json.choice("status"), direction: try json.choice("direction"))
    }
}
