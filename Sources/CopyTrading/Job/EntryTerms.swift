import JSON

/// What an entry has to keep to when it is sent, copied from the settings it was planned under.
public struct EntryTerms: Sendable, Equatable {
    /// The leader's signed position before and after the leg.
    public var leaderStart: Size
    public var leaderEnd: Size
    /// False for orders of one size each, which do not follow the leader's (R-20 `per_order`).
    public var followsLeader: Bool
    public var belowMinimum: BelowMinimum
    /// How long what is too small is kept, milliseconds.
    public var accumulateMilliseconds: Int64
    public var maximumOrderNotional: Notional?
    /// Over all subscriptions of the account.
    public var maximumCoinNotional: Notional?
    /// Basis points past the best price of the book; `nil` is no cap.
    public var bookSlippageBasisPoints: Int?
    public var maximumSpreadBasisPoints: Int?
    /// To be set at the exchange before the position's first order; `nil` leaves what is there.
    public var leverage: Int?

    public init(
        leaderStart: Size, leaderEnd: Size, followsLeader: Bool = true, belowMinimum: BelowMinimum = .skip,
        accumulateMilliseconds: Int64 = 60_000, maximumOrderNotional: Notional? = nil, maximumCoinNotional: Notional? = nil,
        bookSlippageBasisPoints: Int? = nil, maximumSpreadBasisPoints: Int? = nil, leverage: Int? = nil
    ) {
        self.leaderStart = leaderStart
        self.leaderEnd = leaderEnd
        self.followsLeader = followsLeader
        self.belowMinimum = belowMinimum
        self.accumulateMilliseconds = accumulateMilliseconds
        self.maximumOrderNotional = maximumOrderNotional
        self.maximumCoinNotional = maximumCoinNotional
        self.bookSlippageBasisPoints = bookSlippageBasisPoints
        self.maximumSpreadBasisPoints = maximumSpreadBasisPoints
        self.leverage = leverage
    }
}

extension EntryTerms {
    public var json: JSON {
        [
            ("leaderStart", .string("\(leaderStart)")), ("leaderEnd", .string("\(leaderEnd)")), ("followsLeader", .bool(followsLeader)),
            ("belowMin", .string(belowMinimum.rawValue)), ("accumulateMs", .integer(accumulateMilliseconds)),
            ("maxOrderNtl", .string(orNull: maximumOrderNotional?.description)), ("maxCoinNtl", .string(orNull: maximumCoinNotional?.description)),
            ("bookBps", bookSlippageBasisPoints.map { .integer($0) } ?? .null),
            ("spreadBps", maximumSpreadBasisPoints.map { .integer($0) } ?? .null), ("leverage", leverage.map { .integer($0) } ?? .null),
        ].present.asObject
    }

    public init(json: JSON) throws(JSONError) {
        func count(_ name: String) throws(JSONError) -> Int? {
            json[name] == nil ? nil : Int(try json.integer(name, 0...1_000_000))
        }
        self.init(
            leaderStart: try json.decimal("leaderStart"), leaderEnd: try json.decimal("leaderEnd"),
            followsLeader: try json.bool("followsLeader"), belowMinimum: try json.choice("belowMin"),
            accumulateMilliseconds: try json.integer("accumulateMs", 0...86_400_000), maximumOrderNotional: try json.maybeDecimal("maxOrderNtl"),
            maximumCoinNotional: try json.maybeDecimal("maxCoinNtl"), bookSlippageBasisPoints: try count("bookBps"),
            maximumSpreadBasisPoints: try count("spreadBps"), leverage: try count("leverage"))
    }
}
