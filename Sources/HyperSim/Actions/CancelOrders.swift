import JSON

/// `{"type":"cancel","cancels":[{"a","o","f"?}]}`
struct CancelOrders: Operation {
    let tickets: [Engine.CancelTicket]
    let canonical: JSON
    var itemCount: Int { tickets.count }
    var isCancel: Bool { true }

    init(json: JSON) throws(JSONError) {
        var written: [JSON] = []
        tickets = try json.list("cancels") { item throws(JSONError) in
            let asset = try item.integer("a")
            let oid = try item.integer("o")
            var members: [JSON.Member] = [.init("a", .integer(asset)), .init("o", .integer(oid))]
            if try item.maybe("f", { value throws(JSONError) in try value.asBool() }) == true { members.append(.init("f", true)) }
            written.append(.object(members))
            return Engine.CancelTicket(asset: Int(asset), target: .oid(oid))
        }
        canonical = ["type": "cancel", "cancels": .array(written)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { .cancels(engine.cancel(tickets, context)) }
}

/// `{"type":"cancelByCloid","cancels":[{"asset","cloid"}]}`
struct CancelOrdersByCloid: Operation {
    let tickets: [Engine.CancelTicket]
    let canonical: JSON
    var itemCount: Int { tickets.count }
    var isCancel: Bool { true }

    init(json: JSON) throws(JSONError) {
        var written: [JSON] = []
        tickets = try json.list("cancels") { item throws(JSONError) in
            let asset = try item.integer("asset")
            let cloid = try item.at("cloid", Cloid.init(json:)).text
            written.append(["asset": .integer(asset), "cloid": .string(cloid)])
            return Engine.CancelTicket(asset: Int(asset), target: .cloid(cloid))
        }
        canonical = ["type": "cancelByCloid", "cancels": .array(written)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { .cancels(engine.cancel(tickets, context)) }
}
