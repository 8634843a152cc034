import CopyTrading

extension LedgerEntry {
    /// One JSON line with its line feed.
    func write(to writer: inout WireWriter) {
        writer.raw(#"{"timeMs":"#)
        writer.integer(time)
        writer.raw(#","account":"#)
        writer.plain(account)
        writer.raw(#","signer":"#)
        writer.string(orNull: signer)
        writer.raw(#","nonce":"#)
        if let nonce { writer.integer(nonce) } else { writer.raw("null") }
        switch item {
        case .order(let order): order.write(action: "order", to: &writer)
        case .restingFill(let order): order.write(action: "fill", to: &writer)
        case .trigger(let order): order.write(action: "trigger", to: &writer)
        case .twapSlice(let order): order.write(action: "twapSlice", to: &writer)
        case .twap(let twap): twap.write(to: &writer)
        case .scheduleCancel(let time):
            writer.raw(#","action":"scheduleCancel","time":"#)
            if let time { writer.integer(time) } else { writer.raw("null") }
            writer.raw(#","status":"ok""#)
        case .cancel(let cancel): cancel.write(action: "cancel", to: &writer)
        case .systemCancel(let cancel): cancel.write(action: "systemCancel", to: &writer)
        case .updateLeverage(let change): change.write(to: &writer)
        case .noop: writer.raw(#","action":"noop","status":"ok""#)
        case .transfer(let transfer): transfer.write(to: &writer)
        case .funding(let payment): payment.writeLedger(to: &writer)
        case .liquidation(let liquidation): liquidation.write(to: &writer)
        case .account(let change): change.write(to: &writer)
        case .refused(let refused): refused.write(to: &writer)
        }
        writer.raw("}\n")
    }
}

extension LedgerEntry.Order {
    fileprivate func write(action: StaticString, to writer: inout WireWriter) {
        writer.raw(#","action":""#)
        writer.raw(action)
        writer.raw(#"","cloid":"#)
        writer.string(orNull: cloid)
        writer.raw(#","oid":"#)
        if let oid { writer.integer(oid) } else { writer.raw("null") }
        writer.raw(#","coin":"#)
        writer.string(orNull: coin)
        writer.raw(#","side":"#)
        writer.plain(side.letter)
        writer.raw(#","sz":"#)
        writer.string(size)
        writer.raw(#","limitPx":"#)
        writer.string(limit)
        writer.raw(#","reduceOnly":"#)
        writer.bool(reduceOnly)
        writer.raw(#","tif":"#)
        writer.plain(lifetime.rawValue)
        if grouping != .none {
            writer.raw(#","grouping":"#)
            writer.json(grouping.json)
        }
        if let trigger {
            writer.raw(#","trigger":"#)
            writer.json(trigger.json)
        }
        if let twapID {
            writer.raw(#","twapId":"#)
            writer.integer(twapID)
        }
        writer.raw(#","status":"#)
        writer.plain(status)
        writer.raw(#","totalSz":"#)
        writer.decimal(totalSize)
        writer.raw(#","avgPx":"#)
        if let grid = fills.first?.market.grid { writer.decimal(averagePrice(grid)) } else { writer.raw("null") }
        writer.raw(#","positionAfter":"#)
        if let positionAfter { writer.decimal(positionAfter) } else { writer.raw("null") }
        writer.raw(#","error":"#)
        writer.string(orNull: error)
        writer.raw(#","hash":"#)
        writer.plain(hash)
        writer.raw(#","fills":"#)
        writer.array(fills) { writer, fill in fill.writeLedger(to: &writer) }
    }
}

extension Fill {
    func writeLedger(to writer: inout WireWriter) {
        writer.raw(#"{"px":"#)
        writer.decimal(price)
        writer.raw(#","sz":"#)
        writer.decimal(size)
        writer.raw(#","fee":"#)
        writer.decimal(fee)
        writer.raw(#","closedPnl":"#)
        writer.decimal(closedPnl)
        writer.raw(#","startPosition":"#)
        writer.decimal(startPosition)
        writer.raw(#","dir":"#)
        writer.plain(direction)
        writer.raw(#","tid":"#)
        writer.integer(tid)
        writer.raw("}")
    }
}

extension LedgerEntry.Twap {
    fileprivate func write(to writer: inout WireWriter) {
        writer.raw(#","action":"twap","twapId":"#)
        if let id { writer.integer(id) } else { writer.raw("null") }
        writer.raw(#","coin":"#)
        writer.string(orNull: coin)
        writer.raw(#","side":"#)
        writer.string(orNull: side?.letter)
        writer.raw(#","sz":"#)
        writer.string(orNull: size)
        writer.raw(#","executedSz":"#)
        if let executed { writer.decimal(executed) } else { writer.raw("null") }
        writer.raw(#","status":"#)
        writer.plain(status)
        writer.raw(#","error":"#)
        writer.string(orNull: error)
    }
}

extension LedgerEntry.Cancel {
    fileprivate func write(action: StaticString, to writer: inout WireWriter) {
        writer.raw(#","action":""#)
        writer.raw(action)
        writer.raw(#"","cloid":"#)
        writer.string(orNull: cloid)
        writer.raw(#","oid":"#)
        if let oid { writer.integer(oid) } else { writer.raw("null") }
        writer.raw(#","coin":"#)
        writer.string(orNull: coin)
        writer.raw(#","status":"#)
        writer.plain(status)
        writer.raw(#","error":"#)
        writer.string(orNull: error)
    }
}

extension LedgerEntry.LeverageChange {
    fileprivate func write(to writer: inout WireWriter) {
        writer.raw(#","action":"updateLeverage","coin":"#)
        writer.plain(coin)
        writer.raw(#","isCross":"#)
        writer.bool(isCross)
        writer.raw(#","leverage":"#)
        writer.integer(leverage)
        writer.raw(#","status":"ok""#)
    }
}

extension LedgerEntry.Refused {
    fileprivate func write(to writer: inout WireWriter) {
        writer.raw(#","action":"refused","type":"#)
        writer.string(actionType)
        writer.raw(#","cloids":"#)
        writer.array(cloids) { writer, cloid in writer.string(cloid) }
        writer.raw(#","burnsNonce":"#)
        writer.bool(burnsNonce)
        writer.raw(#","status":"refused","error":"#)
        writer.string(error)
    }
}
