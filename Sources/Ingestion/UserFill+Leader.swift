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
