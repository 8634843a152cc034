import Hyperliquid
import JSON

/// Everything that a worker signs with a subscriber's agent: trading, and what trading needs. Nothing here moves money or gives anybody
/// rights, and an agent's key signs nothing else (``Signer``), so that no fault of this program withdraws.
enum WorkerAction: Sendable {
    case order([OrderRequest])
    case cancel([(asset: Int, oid: Int64)])
    case cancelByCloid([(asset: Int, cloid: String)])
    case updateLeverage(asset: Int, isCross: Bool, leverage: Int)
    /// Uses up its nonce.
    case noop

    /// The `type` of each.
    enum Kind: String, CaseIterable { case order, cancel, cancelByCloid, updateLeverage, noop }

    var kind: Kind {
        switch self {
        case .order: .order
        case .cancel: .cancel
        case .cancelByCloid: .cancelByCloid
        case .updateLeverage: .updateLeverage
        case .noop: .noop
        }
    }

    var json: JSON {
        switch self {
        case .order(let orders): ExchangeAction.order(orders)
        case .cancel(let orders): ExchangeAction.cancel(orders)
        case .cancelByCloid(let orders): ExchangeAction.cancelByCloid(orders)
        case .updateLeverage(let asset, let isCross, let leverage):
            ExchangeAction.updateLeverage(asset: asset, isCross: isCross, leverage: leverage)
        case .noop: ExchangeAction.noop()
        }
    }
}
