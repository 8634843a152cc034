import CopyTrading

/// Auto-deleveraging: a position that nobody takes is closed against those on the other side, at the price at which it is worth nothing, so
/// that no debt is left. The highest product of profit and leverage goes first; equal ones by address.
extension Engine {
    func deleverage(_ account: Account, in market: Market, now: Int64) {
        let position = account.position(in: market)
        guard let held = position.isolatedCash else { return }
        let price = position.bankruptcyPrice(held: held)
        var rest = position.size.magnitude
        for other in opposite(to: position, in: market) where !rest.isZero {
            let size = min(rest, other.position(in: market).size.magnitude)
            trade(account, with: other, in: market, size: size, at: price, .deleveraging, now: now)
            rest -= size
        }
        if !rest.isZero { trade(account, with: nil, in: market, size: rest, at: price, .deleveraging, now: now) }
    }

    private func opposite(to position: Position, in market: Market) -> [Account] {
        accounts.values
            .filter { !$0.isLeader && $0.position(in: market).size.sign * position.size.sign < 0 }
            .map { (account: $0, score: $0.deleveragingScore(in: market)) }
            .sorted { ($1.score, $0.account.address) < ($0.score, $1.account.address) }
            .map(\.account)
    }
}

extension Account {
    /// Profit in parts of the entry value, times leverage.
    fileprivate func deleveragingScore(in market: Market) -> Int128 {
        let position = position(in: market)
        guard position.costE16 != 0 else { return 0 }
        let profit = Int128(position.unrealizedPnl(mark: market.mark).e8) * Int128(leverage(in: market).value)
        return profit * Int128(Price.scale) * Int128(Price.scale) / position.costE16
    }
}
