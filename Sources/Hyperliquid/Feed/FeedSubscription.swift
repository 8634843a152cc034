/// One channel of the exchange's WebSocket, in the exchange's normalised form: lower-case addresses, defaults filled in.
///
/// Compare and store only what ``normalised`` gave; ``ExchangeFeed/want(_:)`` does it by itself.
public enum FeedSubscription: Hashable, Sendable {
    // Market data.
    /// The first message replays up to 30 trades, unflagged and up to minutes old.
    case trades(coin: String)
    /// 20 levels about every 5 s; `fast`: 5 levels every 0.5 s. `mantissa` (2 or 5) goes with 5 significant figures only.
    case l2Book(coin: String, significantFigures: Int? = nil, mantissa: Int? = nil, fast: Bool = false)
    case bbo(coin: String)
    /// Of the exchange's own dex with spot pairs, or of a builder dex.
    case allMids(dex: String? = nil)
    /// Funding, open interest, mark and oracle price; a spot coin's arrive on channel `activeSpotAssetCtx`.
    case activeAssetCtx(coin: String)
    case candle(coin: String, interval: Candle.Interval)

    // Of one user; the exchange limits how many users an address follows.
    /// Snapshot first.
    case userFills(user: String, aggregateByTime: Bool = false)
    /// Messages do not name the user, hence one user per connection.
    case orderUpdates(user: String)
    /// Arrives on channel `user`; messages do not name the user, hence one user per connection.
    case userEvents(user: String)
    case userFundings(user: String)
    case userNonFundingLedgerUpdates(user: String)
    case userTwapSliceFills(user: String)
    case clearinghouseState(user: String, dex: String? = nil)
    case openOrders(user: String, dex: String? = nil)
    case activeAssetData(user: String, coin: String)
    case notification(user: String)
    case webData3(user: String)

    /// Kinds by the exchange's own names.
    public enum Kind: String, Sendable, CaseIterable {
        case trades, l2Book, bbo, allMids, activeAssetCtx, candle
        case userFills, orderUpdates, userEvents, userFundings, userNonFundingLedgerUpdates, userTwapSliceFills
        case clearinghouseState, openOrders, activeAssetData, notification, webData3
    }

    public var kind: Kind {
        switch self {
        case .trades: .trades
        case .l2Book: .l2Book
        case .bbo: .bbo
        case .allMids: .allMids
        case .activeAssetCtx: .activeAssetCtx
        case .candle: .candle
        case .userFills: .userFills
        case .orderUpdates: .orderUpdates
        case .userEvents: .userEvents
        case .userFundings: .userFundings
        case .userNonFundingLedgerUpdates: .userNonFundingLedgerUpdates
        case .userTwapSliceFills: .userTwapSliceFills
        case .clearinghouseState: .clearinghouseState
        case .openOrders: .openOrders
        case .activeAssetData: .activeAssetData
        case .notification: .notification
        case .webData3: .webData3
        }
    }

    /// Whom it counts for in the exchange's limit of followed users; `nil` for market data.
    public var user: String? {
        switch self {
        case .trades, .l2Book, .bbo, .allMids, .activeAssetCtx, .candle: nil
        case .userFills(let user, _), .orderUpdates(let user), .userEvents(let user), .userFundings(let user),
            .userNonFundingLedgerUpdates(let user), .userTwapSliceFills(let user), .clearinghouseState(let user, _), .openOrders(let user, _),
            .activeAssetData(let user, _), .notification(let user), .webData3(let user):
            user
        }
    }

    /// With its address in lower case, and the exchange's own dex as no dex.
    public var normalised: FeedSubscription {
        switch self {
        case .trades, .l2Book, .bbo, .activeAssetCtx, .candle: self
        case .allMids(let dex): .allMids(dex: dex == "" ? nil : dex)
        case .userFills(let user, let aggregate): .userFills(user: user.lowercased(), aggregateByTime: aggregate)
        case .orderUpdates(let user): .orderUpdates(user: user.lowercased())
        case .userEvents(let user): .userEvents(user: user.lowercased())
        case .userFundings(let user): .userFundings(user: user.lowercased())
        case .userNonFundingLedgerUpdates(let user): .userNonFundingLedgerUpdates(user: user.lowercased())
        case .userTwapSliceFills(let user): .userTwapSliceFills(user: user.lowercased())
        case .clearinghouseState(let user, let dex): .clearinghouseState(user: user.lowercased(), dex: dex == "" ? nil : dex)
        case .openOrders(let user, let dex): .openOrders(user: user.lowercased(), dex: dex == "" ? nil : dex)
        case .activeAssetData(let user, let coin): .activeAssetData(user: user.lowercased(), coin: coin)
        case .notification(let user): .notification(user: user.lowercased())
        case .webData3(let user): .webData3(user: user.lowercased())
        }
    }
}

extension FeedSubscription: CustomStringConvertible {
    public var description: String { json.text() }
}
