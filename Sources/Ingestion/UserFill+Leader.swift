import CopyTrading
import Hyperliquid

extension UserFill {
    /// The fill as the domain sees it.
    /// - Parameter leader: whose fill this is, lower case: a liquidation is the leader's own only when it names the leader.
    func leaderFill(of leader: String) -> LeaderFill {
        LeaderFill(
            coin: coin, price: price, size: size, side: side, time: time, startPosition: startPosition, dir: dir, oid: oid, crossed: crossed,
            tid: tid, twapID: twapID, isLiquidationOfLeader: liquidation?.liquidatedUser.lowercased() == leader)
    }
}

extension TwapSliceFill {
    /// The slice as one of its user's fills, which says that it is one.
    var marked: UserFill {
        var marked = fill
        marked.twapID = twapID
        return marked
    }
}

extension MarketTrade {
    /// The part of one of its parties; `nil` for anyone else, and for one who traded with itself, which changes nothing.
    /// - Parameter leader: lower-case address.
    func leaderFill(of leader: String) -> LeaderFill? {
        guard buyer != seller else { return nil }
        let own: Side
        if buyer == leader { own = .buy } else if seller == leader { own = .sell } else { return nil }
        return LeaderFill(tradeIn: coin, price: price, size: size, side: own, time: time, crossed: side == own, tid: tid)
    }
}
