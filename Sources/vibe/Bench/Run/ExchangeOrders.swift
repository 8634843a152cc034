import JSON

/// What the simulated exchange says it did.
struct ExchangeOrders: Sendable {
    /// Orders that traded, and all that it accepted.
    let filled: Int64
    let accepted: Int64
    let actionsRefused: Int64

    init(_ status: JSON) throws(JSONError) {
        (filled, accepted) = try status.at("orders") { orders throws(JSONError) in
            (try orders.integer("filled") + orders.integer("partial"), try orders.integer("accepted"))
        }
        actionsRefused = try status.integer("actionsRefused")
    }
}
