import CopyTrading
import JSON

/// The lines of money and accounts. With the fills of the other lines they give every balance:
///
/// - `{"action":"transfer","type","usdc","fee","from":{"account","purse","coin"?}|null,"to":…}`: `usdc` leaves `from`, `usdc − fee` arrives at
///   `to`; `null` is the world outside. `purse` is `perpetuals`, `spot` or, with its coin, `isolated`.
/// - `{"action":"funding","coin","usdc","szi","fundingRate","isolated"}`: `usdc` is negative when the account paid.
/// - `{"action":"liquidation","coin","side","method","markPx","isolated","oid","positionAfter","fills":[…]}`: what the exchange traded for an
///   account it liquidated. `method` is `market`, `backstop` (the liquidator took it) or `deleveraging` (the other side had to).
/// - `{"action":"takeover","coin","side",…}`: the other side of the last two.
/// - `{"action":"builderFee","usdc","user"}`: what `account` received for an order of `user`, whose fee contains it.
/// - any other `action`: a change of an account that moves no money, with its own members.
extension LedgerEntry {
    struct Transfer {
        var reason: Movement
        var amount: Notional
        var fee: Notional
        var source: Purse?
        var target: Purse?
    }

    struct Liquidation {
        /// Whether it is the liquidated account's own line.
        var isOwn: Bool
        var market: Market
        var side: Side
        var cause: LiquidationCause
        var oid: Int64
        var fills: [Fill]
        var positionAfter: Size
    }

    struct AccountChange {
        var action: String
        var details: [JSON.Member]
    }
}

extension LedgerEntry.Transfer {
    func write(to writer: inout WireWriter) {
        writer.raw(#","action":"transfer","type":"#)
        writer.plain(reason.rawValue)
        writer.raw(#","usdc":"#)
        writer.decimal(amount)
        writer.raw(#","fee":"#)
        writer.decimal(fee)
        writer.raw(#","from":"#)
        Self.write(source, to: &writer)
        writer.raw(#","to":"#)
        Self.write(target, to: &writer)
    }

    private static func write(_ purse: Purse?, to writer: inout WireWriter) {
        guard let purse else { return writer.raw("null") }
        writer.raw(#"{"account":"#)
        writer.plain(purse.account.address)
        switch purse.kind {
        case .perpetuals: writer.raw(#","purse":"perpetuals"}"#)
        case .spot: writer.raw(#","purse":"spot"}"#)
        case .isolated(let coin):
            writer.raw(#","purse":"isolated","coin":"#)
            writer.plain(coin)
            writer.raw("}")
        }
    }
}

extension FundingPayment {
    func writeLedger(to writer: inout WireWriter) {
        writer.raw(#","action":"funding","coin":"#)
        writer.plain(coin)
        writer.raw(#","usdc":"#)
        writer.decimal(amount)
        writer.raw(#","szi":"#)
        writer.decimal(position)
        writer.raw(#","fundingRate":"#)
        writer.plain(rate.description)
        writer.raw(#","isolated":"#)
        writer.bool(isIsolated)
    }
}

extension LedgerEntry.Liquidation {
    func write(to writer: inout WireWriter) {
        writer.raw(isOwn ? #","action":"liquidation","coin":"# : #","action":"takeover","coin":"#)
        writer.plain(market.coin)
        writer.raw(#","side":"#)
        writer.plain(side.letter)
        writer.raw(#","method":"#)
        writer.plain(cause.method.rawValue)
        writer.raw(#","liquidatedUser":"#)
        writer.plain(cause.user)
        writer.raw(#","markPx":"#)
        writer.decimal(cause.mark)
        writer.raw(#","isolated":"#)
        writer.bool(cause.isIsolated)
        writer.raw(#","oid":"#)
        writer.integer(oid)
        writer.raw(#","positionAfter":"#)
        writer.decimal(positionAfter)
        writer.raw(#","fills":"#)
        writer.array(fills) { writer, fill in fill.writeLedger(to: &writer) }
    }
}

extension LedgerEntry.AccountChange {
    func write(to writer: inout WireWriter) {
        writer.raw(#","action":"#)
        writer.string(action)
        for detail in details {
            writer.raw(",")
            writer.string(detail.name)
            writer.raw(":")
            writer.json(detail.value)
        }
        writer.raw(#","status":"ok""#)
    }
}
