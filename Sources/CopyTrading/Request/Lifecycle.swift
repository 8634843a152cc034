import JSON

/// The life of one copied position, from the leader's OPEN to its CLOSE, as the planner sees it. Stored per subscription and coin.
public struct Lifecycle: Sendable, Equatable {
    /// The signal that opened it.
    public var id: SignalID
    /// Follower coins per leader coin: set when the OPEN was planned, and anew by an increase of another size than it asked for. What
    /// was really filled corrects the sleeve's own ``Sleeve/k``.
    public var k: Ratio
    public var status: Status
    /// Direction of the subscriber's position: `buy` is long.
    public var direction: Side
    /// USDC each order is worth, for sizes that do not follow the leader's (R-20 `per_order`); fixed when the OPEN was planned.
    public var orderNotional: Notional?

    public enum Status: String, Sendable, CaseIterable {
        case copied
        /// The OPEN was not copied, so increases are skipped and there is nothing to exit.
        case uncopied
    }

    public init(id: SignalID, k: Ratio, status: Status, direction: Side, orderNotional: Notional? = nil) {
        self.id = id
        self.k = k
        self.status = status
        self.direction = direction
        self.orderNotional = orderNotional
    }
}

extension Lifecycle {
    public var json: JSON {
        [
            "id": .string(id.text), "k": .string("\(k)"), "status": .string(status.rawValue), "direction": .string(direction.rawValue),
            "orderNtl": .string(orNull: orderNotional?.description),
        ]
    }

    public init(json: JSON) throws(JSONError) {
        self.init(
            id: SignalID(try json.string("id")), k: try json.exactRatio("k"), status: try json.choice("status"),
            direction: try json.choice("direction"), orderNotional: try json.maybeDecimal("orderNtl"))
    }
}

extension JSON {
    /// The member `name` as ``Ratio/description`` wrote it.
    func exactRatio(_ name: String) throws(JSONError) -> Ratio {
        let text = try string(name)
        do { return try Ratio(exactly: text) } catch { throw JSONError(path: name, problem: error.description) }
    }
}
