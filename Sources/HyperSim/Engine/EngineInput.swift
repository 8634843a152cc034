import CopyTrading
import JSON

/// Everything that changes the engine from outside. The engine is a function of these inputs and their times, nothing else, so that a
/// simulator restarted on its journal of them is the one that stopped.
enum EngineInput {
    case accounts([AccountEntry])
    case leaders([String])
    /// A leader's fills that happened together.
    /// - replayed: groups of the recorded file published so far, these included.
    case fills(leader: String, [Engine.LeaderFill], replayed: Int)
    case action(SignedInput)
    case prices(PriceChange)
    /// An agent that may no longer sign.
    case revokedAgent(String)
    /// The book of one market, from outside.
    case book(BookChange)
    /// A trade between others, from outside.
    case publicTrade(PublicTrade)
    /// Nothing but the passing of time: something was due.
    case time
}

extension EngineInput {
    /// Concerns accounts only by what it leads to.
    var isMarketData: Bool {
        switch self {
        case .prices, .book, .publicTrade, .time: true
        case .accounts, .leaders, .fills, .action, .revokedAgent: false
        }
    }
}

/// An action with a known signer.
struct SignedInput {
    /// Lower case.
    var signer: String
    var vaultAddress: String?
    var nonce: UInt64
    var expiresAfter: UInt64?
    /// Of the fills the action causes: 0x and 64 digits.
    var hash: String
    var operation: any Operation
}

/// What the world does to one market. What is `nil` stays.
struct PriceChange {
    var coin: String
    /// Where the house's quotes stand.
    var mid: Price?
    /// Mark and oracle follow the mid until they are set, and again once they are released.
    var mark: PriceSource?
    var oracle: PriceSource?
    var funding: FundingSource?
    var isDelisted: Bool?
    /// The book no longer follows the mid.
    var isFrozen: Bool?
    /// USDC; 0 lifts it.
    var openInterestCap: Notional?
    /// See ``MarketRules/oracleDistancePercent``; 0 lifts it.
    var oracleDistancePercent: Int?
}

/// Where a market's funding rate comes from.
enum FundingSource: Equatable {
    case premium
    /// Per hour.
    case fixed(Ratio)

    var rate: Ratio? {
        guard case .fixed(let rate) = self else { return nil }
        return rate
    }
}

/// Where a market's mark or oracle price comes from.
enum PriceSource: Equatable {
    case mid
    case fixed(Price)
}
