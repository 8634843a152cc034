import CopyTrading
import JSON

/// Leaders' fills: they happen as recorded, whatever the simulated book holds, and move it.
extension Engine {
    /// A leader's fill as given; what is `nil` the engine makes up.
    struct LeaderFill {
        var market: Market
        var price: Price
        var size: Size
        var side: Side
        var startPosition: Size?
        var direction: String?
        var closedPnl: Notional?
        var hash: String?
        var oid: Int64?
        var crossed: Bool
        var fee: Notional?
        var tid: Int64?
        var cloid: String?
        var feeToken = "USDC"
        var extras: [JSON.Member] = []
        var twapID: Int64?
    }

    /// Publishes fills of one leader that happened together, all at `now`.
    @discardableResult
    func publish(_ fills: [LeaderFill], of leader: Account, now: Int64) -> [Fill] {
        let published = fills.map { apply($0, leader, now: now) }
        for fill in published {
            effects.fills.append((leader, fill))
            let trade = fill.trade(of: leader.address)
            publish(trade, in: fill.market)
            traded(trade, in: fill.market, now: now)
        }
        return published
    }

    /// Puts a leader's fill into its account; its start position is the truth where the account knows another.
    private func apply(_ given: LeaderFill, _ leader: Account, now: Int64) -> Fill {
        let market = given.market
        var position = leader.position(in: market)
        if let start = given.startPosition, start != position.size { position = Position(size: start, price: given.price) }
        let change = position.apply(given.side, size: given.size, price: given.price, grid: market.grid)
        leader.set(position, in: market)
        let oid = given.oid ?? nextOid()
        let rate = given.crossed ? parameters.takerFeeMillionths : parameters.makerFeeMillionths
        let fill = Fill(
            market: market, price: given.price, size: given.size, side: given.side, time: now, startPosition: change.start,
            direction: given.direction ?? change.direction, closedPnl: given.closedPnl ?? change.closedPnl,
            hash: given.hash ?? TradeHash.of(Array("\(leader.address):\(oid)".utf8)), oid: oid, crossed: given.crossed,
            fee: given.fee ?? Money.fee(on: Money.product(given.price, given.size), rateMillionths: rate), tid: given.tid ?? nextTid(),
            cloid: given.cloid, feeToken: given.feeToken, extras: given.extras, twapID: given.twapID)
        leader.record(fill)
        count { $0.leaderFills += 1 }
        return fill
    }

    /// The position a leader holds before its first recorded fill.
    func begin(_ leader: Account, in market: Market, size: Size) {
        leader.set(Position(size: size, price: market.mid), in: market)
    }
}
