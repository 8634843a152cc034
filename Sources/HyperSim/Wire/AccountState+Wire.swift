import CopyTrading
import JSON

extension AccountState {
    /// clearinghouseState.
    func write(now: Int64, to writer: inout WireWriter) {
        writer.raw(#"{"marginSummary":"#)
        all.write(to: &writer)
        writer.raw(#","crossMarginSummary":"#)
        cross.write(to: &writer)
        writer.raw(#","crossMaintenanceMarginUsed":"#)
        writer.decimal(maintenanceUsed)
        writer.raw(#","withdrawable":"#)
        writer.decimal(withdrawable)
        writer.raw(#","assetPositions":"#)
        writer.array(rows) { writer, row in row.write(to: &writer) }
        writer.raw(#","time":"#)
        writer.integer(now)
        writer.raw("}")
    }
}

extension AccountState.Summary {
    fileprivate func write(to writer: inout WireWriter) {
        writer.raw(#"{"accountValue":"#)
        writer.decimal(accountValue)
        writer.raw(#","totalNtlPos":"#)
        writer.decimal(totalPosition)
        writer.raw(#","totalRawUsd":"#)
        writer.decimal(totalCash)
        writer.raw(#","totalMarginUsed":"#)
        writer.decimal(marginUsed)
        writer.raw("}")
    }
}

extension AccountState.Row {
    fileprivate func write(to writer: inout WireWriter) {
        let profit = position.unrealizedPnl(mark: market.mark)
        writer.raw(#"{"type":"oneWay","position":{"coin":"#)
        writer.plain(market.coin)
        writer.raw(#","szi":"#)
        writer.decimal(position.size)
        writer.raw(#","leverage":{"type":"#)
        writer.plain(position.isolatedCash == nil ? "cross" : "isolated")
        writer.raw(#","value":"#)
        writer.integer(leverage.value)
        if let held = position.isolatedCash {
            writer.raw(#","rawUsd":"#)
            writer.decimal(held)
        }
        writer.raw(#"},"entryPx":"#)
        writer.decimal(position.entryPrice(market.grid))
        writer.raw(#","positionValue":"#)
        writer.decimal(value)
        writer.raw(#","unrealizedPnl":"#)
        writer.decimal(profit)
        writer.raw(#","returnOnEquity":"#)
        writer.decimal(returnOnEquity(profit))
        writer.raw(#","liquidationPx":"#)
        if let liquidationPrice { writer.decimal(liquidationPrice) } else { writer.raw("null") }
        writer.raw(#","marginUsed":"#)
        writer.decimal(marginUsed)
        writer.raw(#","maxLeverage":"#)
        writer.integer(market.maximumLeverage)
        writer.raw(#","cumFunding":{"allTime":"#)
        writer.decimal(funding.allTime)
        writer.raw(#","sinceOpen":"#)
        writer.decimal(funding.sinceOpen)
        writer.raw(#","sinceChange":"#)
        writer.decimal(funding.sinceChange)
        writer.raw("}}}")
    }

    /// unrealizedPnl / (entry value / leverage).
    private func returnOnEquity(_ profit: Notional) -> Notional {
        guard position.costE16 != 0 else { return .zero }
        let scaled = Int128(profit.e8) * Int128(leverage.value) * Int128(Price.scale) * Int128(Price.scale) / position.costE16
        return Notional(e8: Int64(clamping: scaled))
    }
}
