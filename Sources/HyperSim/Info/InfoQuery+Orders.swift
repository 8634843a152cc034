import CopyTrading
import JSON

/// Orders: what rests, what became of one, and all of them.
extension InfoQuery {
    static let ordersPerAnswer = 2_000

    func openOrders(to writer: inout WireWriter) throws(JSONError) {
        writer.array(try open()) { writer, order in order.write(remaining: order.remaining, to: &writer) }
    }

    func detailedOpenOrders(to writer: inout WireWriter) throws(JSONError) {
        writer.array(try open()) { writer, order in order.writeDetailed(remaining: order.remaining, to: &writer) }
    }

    func orderStatus(to writer: inout WireWriter) throws(JSONError) {
        let account = try account()
        let order: PlacedOrder? = try json.at("oid") { value throws(JSONError) in
            if case .string = value { return account?.order(cloid: try Cloid(json: value).text) }
            return account?.order(oid: try value.asInteger())
        }
        guard let order else { return writer.raw(#"{"status":"unknownOid"}"#) }
        order.writeStatus(to: &writer)
    }

    func historicalOrders(to writer: inout WireWriter) throws(JSONError) -> Int {
        let history = (try account())?.orderHistory.kept ?? []
        return writer.array(history.suffix(Self.ordersPerAnswer).reversed()) { writer, update in update.writeDetailed(to: &writer) }
    }

    /// Newest first.
    private func open() throws(JSONError) -> [PlacedOrder] { engine.openOrders(of: try account(), dex: try dex()) }
}

extension Engine {
    /// Newest first.
    func openOrders(of account: Account?, dex: Int) -> [PlacedOrder] {
        account?.openOrders.reversed().filter { $0.market.dex == dex } ?? []
    }
}
