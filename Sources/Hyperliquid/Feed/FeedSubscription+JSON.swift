import JSON

extension FeedSubscription {
    /// As the exchange takes it; members that have their default are left out.
    public var json: JSON {
        var members = [JSON.Member("type", .string(kind.rawValue))]
        func add(_ name: String, _ value: String?) {
            if let value { members.append(.init(name, .string(value))) }
        }
        func add(_ name: String, _ value: Int?) {
            if let value { members.append(.init(name, .integer(value))) }
        }
        add("user", user)
        switch self {
        case .trades(let coin), .bbo(let coin), .activeAssetCtx(let coin), .activeAssetData(_, let coin): add("coin", coin)
        case .l2Book(let coin, let significantFigures, let mantissa, let fast):
            add("coin", coin)
            add("nSigFigs", significantFigures)
            add("mantissa", mantissa)
            if fast { members.append(.init("fast", true)) }
        case .candle(let coin, let interval):
            add("coin", coin)
            add("interval", interval.rawValue)
        case .allMids(let dex), .clearinghouseState(_, let dex), .openOrders(_, let dex): add("dex", dex)
        case .userFills(_, let aggregateByTime): if aggregateByTime { members.append(.init("aggregateByTime", true)) }
        case .orderUpdates, .userEvents, .userFundings, .userNonFundingLedgerUpdates, .userTwapSliceFills, .notification, .webData3: break
        }
        return .object(members)
    }

    /// Reads a subscription as the exchange echoes it: members in any order, defaults filled in, members not known here ignored.
    /// `nil` when it is of no kind known here or lacks a member.
    public init?(echo json: JSON) {
        func text(_ name: String) -> String? { json[name].flatMap { try? $0.asString() } }
        func number(_ name: String) -> Int? { json[name].flatMap { try? $0.asInteger() }.map(Int.init) }
        guard let kind = text("type").flatMap(Kind.init(rawValue:)) else { return nil }
        let (coin, user) = (text("coin"), text("user"))
        let read: FeedSubscription? =
            switch kind {
            case .trades: coin.map { .trades(coin: $0) }
            case .l2Book:
                coin.map {
                    .l2Book(coin: $0, significantFigures: number("nSigFigs"), mantissa: number("mantissa"), fast: json["fast"] == true)
                }
            case .bbo: coin.map { .bbo(coin: $0) }
            case .allMids: .allMids(dex: text("dex"))
            case .activeAssetCtx: coin.map { .activeAssetCtx(coin: $0) }
            case .candle: coin.flatMap { coin in text("interval").flatMap(Candle.Interval.init(rawValue:)).map { .candle(coin: coin, interval: $0) } }
            case .userFills: user.map { .userFills(user: $0, aggregateByTime: json["aggregateByTime"] == true) }
            case .orderUpdates: user.map { .orderUpdates(user: $0) }
            case .userEvents: user.map { .userEvents(user: $0) }
            case .userFundings: user.map { .userFundings(user: $0) }
            case .userNonFundingLedgerUpdates: user.map { .userNonFundingLedgerUpdates(user: $0) }
            case .userTwapSliceFills: user.map { .userTwapSliceFills(user: $0) }
            case .clearinghouseState: user.map { .clearinghouseState(user: $0, dex: text("dex")) }
            case .openOrders: user.map { .openOrders(user: $0, dex: text("dex")) }
            case .activeAssetData: user.flatMap { user in coin.map { .activeAssetData(user: user, coin: $0) } }
            case .notification: user.map { .notification(user: $0) }
            case .webData3: user.map { .webData3(user: $0) }
            }
        guard let read else { return nil }
        self = read.normalised
    }

    /// - Parameter method: `subscribe` or `unsubscribe`.
    func request(_ method: String) -> String {
        let request: JSON = ["method": .string(method), "subscription": json]
        return request.text()
    }
}
