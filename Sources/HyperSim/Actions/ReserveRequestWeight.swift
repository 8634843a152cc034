import JSON

/// `{"type":"reserveRequestWeight","weight"}`: buys requests of the address budget.
struct ReserveRequestWeight: Operation {
    let weight: Int64

    init(json: JSON) throws(JSONError) {
        weight = try json.integer("weight")
        guard (1...Int64(Int32.max)).contains(weight) else { throw JSONError(path: "weight", problem: "\(weight) is out of range") }
    }

    var canonical: JSON { ["type": "reserveRequestWeight", "weight": .integer(weight)] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { ActionResult(refusal: engine.reserveRequests(weight, context)) }
}
