import CopyTrading
import Hyperliquid
import JSON

extension LedgerEvent {
    /// What the update did to a leader's equity.
    /// - Parameters:
    ///   - leader: lower-case address.
    ///   - collateral: what its equity is counted in.
    func movement(of leader: String, collateral: AccountEquity.Collateral) throws(JSONError) -> LeaderMovement {
        LeaderMovement(time: time, amount: try netDeposit(of: leader, collateral: collateral), isLiquidation: kind == "liquidation")
    }
}
