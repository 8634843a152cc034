import CopyTrading
import JSON

/// What longs paid shorts for one hour.
public struct FundingRate: Sendable, Equatable {
    public var coin: Coin
    /// Fraction of the position's value at the oracle's price; negative when shorts paid.
    public var rate: Ratio
    /// Mean premium of the impact price over the oracle's.
    public var premium: Ratio
    /// Milliseconds since 1970, some tens after the hour.
    public var time: Int64

    init(json: JSON) throws(JSONError) {
        coin = Coin(try json.string("coin"))
        rate = try json.ratio("fundingRate")
        premium = try json.ratio("premium")
        time = try json.milliseconds("time")
    }
}

extension InfoRequest where Answer == [FundingRate] {
    /// At most 500 hours, oldest first; ``ExchangeClient/fundingHistory(_:from:to:)`` pages through all.
    public static func fundingHistory(_ coin: Coin, from: Int64, to: Int64? = nil) -> Self {
        Self("fundingHistory", [("coin", .string(coin.text)), ("startTime", .integer(from)), ("endTime", .integer(orNone: to))]) {
            answer throws(JSONError) in try answer.map(FundingRate.init(json:))
        }
    }
}

extension ExchangeClient {
    /// Every hour from `from` to `to` (milliseconds since 1970), oldest first.
    public func fundingHistory(_ coin: Coin, from: Int64, to: Int64? = nil) async throws(InfoError) -> [FundingRate] {
        let paging = TimePaging(from: from, pageSize: PageSize.updates, time: { (rate: FundingRate) in rate.time }, key: \.time)
        return try await readAll(paging) { .fundingHistory(coin, from: $0, to: to) }
    }
}

/// A venue's next funding of a coin, as `predictedFundings` compares them.
public struct PredictedFunding: Sendable, Equatable {
    public var coin: Coin
    /// `HlPerp`, `BinPerp`, `BybitPerp`.
    public var venue: String
    /// For one interval.
    public var rate: Ratio
    /// Milliseconds since 1970; for `HlPerp` the boundary already passed.
    public var time: Int64
    public var intervalHours: Int64?
}

extension InfoRequest where Answer == [PredictedFunding] {
    /// `[["BTC",[["BinPerp",{"fundingRate","nextFundingTime","fundingIntervalHours"}],…]],…]`; a venue without the coin has null.
    public static func predictedFundings() -> Self {
        Self("predictedFundings") { answer throws(JSONError) in
            try answer.map { entry throws(JSONError) -> [PredictedFunding] in
                let (coin, venues) = try entry.pair(
                    { coin throws(JSONError) in Coin(try coin.asString()) },
                    { venues throws(JSONError) in
                        try venues.map { venue throws(JSONError) in
                            try venue.pair({ name throws(JSONError) in try name.asString() }, { value throws(JSONError) in value })
                        }
                    })
                var fundings: [PredictedFunding] = []
                for (venue, value) in venues where value != .null {
                    fundings.append(
                        PredictedFunding(
                            coin: coin, venue: venue, rate: try value.ratio("fundingRate"), time: try value.integer("nextFundingTime"),
                            intervalHours: try value.integer(ifPresent: "fundingIntervalHours")))
                }
                return fundings
            }.flatMap { $0 }
        }
    }
}
