import CopyTrading
import JSON

/// Replaying the ledger's lines on an engine that has the same markets and accounts. Nothing is judged again: what the lines say happened.
extension Engine {
    /// A signer may since have been replaced as agent; its nonces no longer matter then.
    func restore(nonce: UInt64, of address: String, for account: Account) {
        guard let signer = signer(address), signer.account === account || account.master == signer.account.address else { return }
        signer.nonces.restore(nonce)
    }

    func restoreOrder(_ json: JSON, _ account: Account, now: Int64) throws(JSONError) {
        guard let oid = try json.maybe("oid", { value throws(JSONError) in try value.asInteger() }) else { return }
        let market = try listedMarket(json)
        let limit: Price = try json.decimal("limitPx")
        let size: Size = try json.decimal("sz")
        guard let lifetime = OrderLifetime(rawValue: try json.string("tif")) else { throw JSONError(path: "tif", problem: "unknown") }
        let ticket = OrderTicket(
            asset: market.asset, side: try json.at("side", Side.init(letter:)), price: limit, size: size, priceText: limit.description,
            sizeText: size.description, reduceOnly: try json.bool("reduceOnly"), lifetime: lifetime,
            cloid: try json.maybe("cloid") { value throws(JSONError) in try value.asString() })
        let before = account.position(in: market).size
        let opposes = before.sign * Int(ticket.side.sign) < 0
        let capped = ticket.reduceOnly && opposes ? min(size, before.magnitude) : size
        let order = PlacedOrder(oid: oid, ticket: ticket, price: limit, size: capped, account: account, market: market, now: now)
        account.record(order)
        restore(oid: oid, trades: 0)
        try apply(fillsOf: json, order, crossed: true, now: now)
        switch try json.string("status") {
        case "resting":
            account.rest(order)
            market.resting.append(order)
        case "filled": order.become(order.remaining.isZero ? .filled : .canceled, at: now)
        case let status: order.become(OrderStatus(rawValue: status) ?? .rejected, at: now)
        }
    }

    func restoreFill(_ json: JSON, _ account: Account, now: Int64) throws(JSONError) {
        let order = try openOrder(json, account)
        try apply(fillsOf: json, order, crossed: false, now: now)
        remove(order)
        order.become(.filled, at: now)
    }

    func restoreCancel(_ json: JSON, _ account: Account, now: Int64) throws(JSONError) {
        let status = try json.string("status")
        guard status != "error" else { return }
        let order = try openOrder(json, account)
        remove(order)
        order.become(OrderStatus(rawValue: status) ?? .canceled, at: now)
    }

    func restoreLeverage(_ json: JSON, _ account: Account) throws(JSONError) {
        let leverage = Leverage(value: Int(try json.integer("leverage")), isCross: try json.bool("isCross"))
        account.set(leverage, in: try listedMarket(json))
    }

    private func apply(fillsOf json: JSON, _ order: PlacedOrder, crossed: Bool, now: Int64) throws(JSONError) {
        let hash = try json.string("hash")
        let account = order.account
        for line in try json.array("fills") {
            let size: Size = try line.decimal("sz")
            let price: Price = try line.decimal("px")
            let fee: Notional = try line.decimal("fee")
            let start: Size = try line.decimal("startPosition")
            let change = settle(account, order.market, order.side, price: price, size: size, fee: fee)
            guard change.start == start else {
                throw JSONError(path: "startPosition", problem: "\(start), but the lines before lead to \(change.start)")
            }
            order.remaining -= min(size, order.remaining)
            account.record(
                Fill(
                    market: order.market, price: price, size: size, side: order.side, time: now, startPosition: change.start,
                    direction: change.direction, closedPnl: change.closedPnl, hash: hash, oid: order.oid, crossed: crossed, fee: fee,
                    tid: try line.integer("tid"), cloid: order.cloid))
            restore(oid: nil, trades: 1)
        }
        let position = account.position(in: order.market).size
        for resting in account.open.values where resting.reduceOnly && resting.market === order.market {
            // Those that no longer reduce anything have a line of their own.
            guard position.sign * Int(resting.side.sign) < 0, resting.remaining > position.magnitude else { continue }
            resting.remaining = position.magnitude
        }
    }

    private func listedMarket(_ json: JSON) throws(JSONError) -> Market {
        let coin = try json.string("coin")
        guard let market = universe.market(coin: coin) else { throw JSONError(path: "coin", problem: "\(coin) is no longer listed") }
        return market
    }

    private func openOrder(_ json: JSON, _ account: Account) throws(JSONError) -> PlacedOrder {
        let oid = try json.integer("oid")
        guard let order = account.open[oid] else { throw JSONError(path: "oid", problem: "\(oid) does not rest") }
        return order
    }
}
