import CopyTrading
import JSON

/// `{"type":"order","orders":[{"a","b","p","s","r","t","c"?}],"grouping","builder"?:{"b","f"}}`, `t` being `{"limit":{"tif"}}` or
/// `{"trigger":{"isMarket","triggerPx","tpsl"}}`; see ``OrderGrouping``.
struct PlaceOrders: Operation {
    let tickets: [OrderTicket]
    let grouping: OrderGrouping
    let builder: BuilderCode?
    let canonical: JSON

    var itemCount: Int { tickets.count }
    var cloids: [String] { tickets.compactMap(\.cloid) }

    init(json: JSON) throws(JSONError) {
        grouping = try json.at("grouping", OrderGrouping.init(json:))
        let builder = try json.maybe("builder", BuilderCode.init(json:))
        tickets = try json.list("orders") { order throws(JSONError) in
            var ticket = try OrderTicket(json: order)
            ticket.builder = builder
            return ticket
        }
        var members: [JSON.Member] = [
            .init("type", "order"), .init("orders", .array(tickets.map(\.canonical))), .init("grouping", grouping.json),
        ]
        if let builder { members.append(.init("builder", builder.json)) }
        self.builder = builder
        canonical = .object(members)
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        if let builder, let refusal = engine.refusal(of: builder, context.account) { return .refused(refusal) }
        return .orders(engine.order(tickets, grouping: grouping, context))
    }
}

extension OrderTicket {
    init(json: JSON) throws(JSONError) {
        asset = Int(try json.integer("a"))
        side = try json.bool("b") ? .buy : .sell
        priceText = try json.string("p")
        sizeText = try json.string("s")
        reduceOnly = try json.bool("r")
        let type = try json.field("t")
        trigger = try type.maybe("trigger", OrderTrigger.init(json:))
        if let trigger {
            lifetime = trigger.isMarket ? .immediateOrCancel : .untilCancelled
        } else {
            lifetime = try type.at("limit") { limit throws(JSONError) in
                let word = try limit.string("tif")
                guard let lifetime = OrderLifetime(rawValue: word) else { throw JSONError(path: "tif", problem: "\(word) is unknown") }
                return lifetime
            }
        }
        cloid = try json.maybe("c", Cloid.init(json:))?.text
        price = try? Price(parsing: priceText)
        size = try? Size(parsing: sizeText)
        if let price { priceText = price.description }
        if let size { sizeText = size.description }
    }

    var canonical: JSON {
        var members: [JSON.Member] = [
            .init("a", .integer(asset)), .init("b", .bool(side == .buy)), .init("p", .string(priceText)), .init("s", .string(sizeText)),
            .init("r", .bool(reduceOnly)), .init("t", trigger.map { ["trigger": $0.json] } ?? ["limit": ["tif": .string(lifetime.rawValue)]]),
        ]
        if let cloid { members.append(.init("c", .string(cloid))) }
        return .object(members)
    }
}

extension OrderTrigger {
    init(json: JSON) throws(JSONError) {
        isMarket = try json.bool("isMarket")
        let text = try json.string("triggerPx")
        do { price = try Price(parsing: text) } catch { throw JSONError(path: "triggerPx", problem: error.description) }
        kind = try json.at("tpsl") { value throws(JSONError) in
            let word = try value.asString()
            guard let kind = Kind(rawValue: word) else { throw JSONError(problem: "\(word) is unknown") }
            return kind
        }
    }

    var json: JSON { ["isMarket": .bool(isMarket), "triggerPx": .string(price.description), "tpsl": .string(kind.rawValue)] }
}

extension BuilderCode {
    init(json: JSON) throws(JSONError) {
        address = try json.at("b", Address.init(json:)).text
        let fee = try json.integer("f")
        guard (0...Int64(UInt16.max)).contains(fee) else { throw JSONError(path: "f", problem: "\(fee) is out of range") }
        self.fee = Int(fee)
    }

    var json: JSON { ["b": .string(address), "f": .integer(fee)] }
}
