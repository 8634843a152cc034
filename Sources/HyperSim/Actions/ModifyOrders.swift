import JSON

/// `{"type":"modify","oid":123 or "0x cloid","order":{…}}`
struct ModifyOrder: Operation {
    let modification: Modification
    var cloids: [String] { [modification.ticket.cloid].compactMap { $0 } }

    init(json: JSON) throws(JSONError) { modification = try Modification(json: json) }

    var canonical: JSON { .object([.init("type", "modify")] + modification.members) }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        engine.modify(modification, context).map(ActionResult.refused) ?? .done
    }
}

/// `{"type":"batchModify","modifies":[{"oid","order"}],"a"?:true}`: with `a` an order is placed even when there is none to replace.
struct ModifyOrders: Operation {
    let modifications: [Modification]
    let placesAlways: Bool
    var itemCount: Int { modifications.count }
    var cloids: [String] { modifications.compactMap(\.ticket.cloid) }

    init(json: JSON) throws(JSONError) {
        modifications = try json.list("modifies", Modification.init(json:))
        placesAlways = try json.maybe("a") { value throws(JSONError) in try value.asBool() } ?? false
    }

    var canonical: JSON {
        var members: [JSON.Member] = [
            .init("type", "batchModify"), .init("modifies", .array(modifications.map { .object($0.members) })),
        ]
        if placesAlways { members.append(.init("a", true)) }
        return .object(members)
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        .orders(engine.modify(modifications, placesAlways: placesAlways, context))
    }
}

/// A live order and what shall take its place.
struct Modification {
    let target: Engine.CancelTarget
    let ticket: OrderTicket

    init(json: JSON) throws(JSONError) {
        target = try json.at("oid") { value throws(JSONError) in
            if case .string = value { return .cloid(try Cloid(json: value).text) }
            return .oid(try value.asInteger())
        }
        ticket = try json.at("order", OrderTicket.init(json:))
    }

    fileprivate var members: [JSON.Member] {
        let oid: JSON =
            switch target {
            case .oid(let oid): .integer(oid)
            case .cloid(let cloid): .string(cloid)
            }
        return [.init("oid", oid), .init("order", ticket.canonical)]
    }
}
