import CopyTrading
import JSON

extension PlacedOrder {
    /// As in openOrders and the `orderUpdates` channel; `reduceOnly` and `cloid` only when set.
    /// - Parameter remaining: as of the moment the record is from.
    func write(remaining: Size, to writer: inout WireWriter) {
        writeStart(remaining: remaining, to: &writer)
        writer.raw(#","origSz":"#)
        writer.decimal(originalSize)
        if reduceOnly { writer.raw(#","reduceOnly":true"#) }
        if let cloid {
            writer.raw(#","cloid":"#)
            writer.plain(cloid)
        }
        writer.raw("}")
    }

    /// As in frontendOpenOrders and orderStatus: every member always.
    func writeDetailed(remaining: Size, to writer: inout WireWriter) {
        writeStart(remaining: remaining, to: &writer)
        writer.raw(#","triggerCondition":"#)
        writer.plain(trigger?.condition(side) ?? "N/A")
        writer.raw(#","isTrigger":"#)
        writer.bool(trigger != nil)
        writer.raw(#","triggerPx":"#)
        writer.decimal(trigger?.price ?? .zero)
        writer.raw(#","children":"#)
        writer.array(children) { writer, child in child.writeDetailed(remaining: child.remaining, to: &writer) }
        writer.raw(#","isPositionTpsl":"#)
        writer.bool(isPositionTpsl)
        writer.raw(#","reduceOnly":"#)
        writer.bool(reduceOnly)
        writer.raw(#","orderType":"#)
        writer.plain(orderType)
        writer.raw(#","origSz":"#)
        writer.decimal(originalSize)
        writer.raw(#","tif":"#)
        writer.string(orNull: trigger == nil ? lifetime.rawValue : nil)
        writer.raw(#","cloid":"#)
        writer.string(orNull: cloid)
        writer.raw("}")
    }

    /// orderStatus: `{"status":"order","order":{"order":{…},"status":"filled","statusTimestamp":ms}}`.
    func writeStatus(to writer: inout WireWriter) {
        writer.raw(#"{"status":"order","order":{"order":"#)
        writeDetailed(remaining: remainingAtStatus, to: &writer)
        writer.raw(#","status":"#)
        writer.plain(status.rawValue)
        writer.raw(#","statusTimestamp":"#)
        writer.integer(statusAt)
        writer.raw("}}")
    }

    private var orderType: String {
        if let trigger { return trigger.orderType }
        if twapID != nil { return "Twap Slice" }
        return lifetime == .frontendMarket ? "Market" : "Limit"
    }

    private func writeStart(remaining: Size, to writer: inout WireWriter) {
        writer.raw(#"{"coin":"#)
        writer.plain(market.coin)
        writer.raw(#","side":"#)
        writer.plain(side.letter)
        writer.raw(#","limitPx":"#)
        writer.decimal(limit)
        writer.raw(#","sz":"#)
        writer.decimal(remaining)
        writer.raw(#","oid":"#)
        writer.integer(oid)
        writer.raw(#","timestamp":"#)
        writer.integer(placedAt)
    }
}

extension OrderUpdate {
    /// One element of the `orderUpdates` channel.
    func write(to writer: inout WireWriter) {
        writer.raw(#"{"order":"#)
        order.write(remaining: remaining, to: &writer)
        writer.raw(#","status":"#)
        writer.plain(status.rawValue)
        writer.raw(#","statusTimestamp":"#)
        writer.integer(time)
        writer.raw("}")
    }

    /// As in historicalOrders.
    func writeDetailed(to writer: inout WireWriter) {
        writer.raw(#"{"order":"#)
        order.writeDetailed(remaining: remaining, to: &writer)
        writer.raw(#","status":"#)
        writer.plain(status.rawValue)
        writer.raw(#","statusTimestamp":"#)
        writer.integer(time)
        writer.raw("}")
    }
}
