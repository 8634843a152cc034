import CopyTrading
import JSON

/// What trading costs an account.
extension InfoQuery {
    /// Days that userFees lists, today last.
    static let feeDays: Int64 = 15

    func fees(to writer: inout WireWriter) throws(JSONError) {
        let account = try account()
        let rates = engine.feeRates(of: account)
        writer.json([
            "dailyUserVlm": .array(dailyVolumes(of: account)),
            "feeSchedule": FeeSchedule.json(taker: engine.parameters.takerFeeMillionths, maker: engine.parameters.makerFeeMillionths),
            "userCrossRate": .decimal(millionths: rates.taker), "userAddRate": .decimal(millionths: rates.maker),
            "userSpotCrossRate": "0.0007", "userSpotAddRate": "0.0004", "activeReferralDiscount": "0.0", "trial": nil,
            "feeTrialEscrow": "0.0", "nextTrialAvailableTimestamp": nil, "stakingLink": nil,
            "activeStakingDiscount": ["bpsOfMaxSupply": "0.0", "discount": "0.0"],
        ])
    }

    /// A bare number: tenths of a basis point, 0 for a builder that is not approved.
    func maximumBuilderFee(to writer: inout WireWriter) throws(JSONError) {
        let builder = try json.at("builder", Address.init(json:)).text
        writer.integer((try account())?.report.builderFees[builder] ?? 0)
    }

    func approvedBuilders(to writer: inout WireWriter) throws(JSONError) {
        let approved = (try account())?.report.builderFees.filter { $0.value > 0 }.keys.sorted() ?? []
        writer.array(approved) { writer, builder in writer.plain(builder) }
    }

    func referral(to writer: inout WireWriter) throws(JSONError) {
        let volume = (try account())?.tradedVolume ?? .zero
        writer.json([
            "referredBy": nil, "cumVlm": .decimal(volume.truncated(decimals: 2)), "unclaimedRewards": "0.0", "claimedRewards": "0.0",
            "builderRewards": "0.0", "referrerState": ["stage": "needToTrade", "data": ["required": "10000.0"]], "rewardHistory": [],
            "tokenToState": [],
        ])
    }

    private func dailyVolumes(of account: Account?) -> [JSON] {
        let today = CandleInterval.day.start(of: now)
        return (0..<Self.feeDays).reversed().map { ago in
            let day = today - ago * CandleInterval.dayLength
            let fills = account?.fills.kept.in(day...day + CandleInterval.dayLength - 1) ?? []
            func volume(crossed: Bool) -> JSON {
                .decimal(
                    fills.lazy.filter { $0.crossed == crossed }.reduce(Notional.zero) {
                        Money.clamped($0, adding: Money.product($1.price, $1.size))
                    })
            }
            let exchange = universe.markets.reduce(Notional.zero) { Money.clamped($0, adding: $1.candles.value(onDay: day)) }
            return [
                "date": .string(Calendar.text(day)), "userCross": volume(crossed: true), "userAdd": volume(crossed: false),
                "exchange": .decimal(exchange),
            ]
        }
    }
}

/// The exchange's published fee tiers (its documentation, November 2026).
enum FeeSchedule {
    static func json(taker: Int, maker: Int) -> JSON {
        [
            "cross": .decimal(millionths: taker), "add": .decimal(millionths: maker), "spotCross": "0.0007", "spotAdd": "0.0004",
            "tiers": [
                "vip": [
                    tier("5000000.0", "0.0004", "0.00012", "0.0006", "0.0003"), tier("25000000.0", "0.00035", "0.00008", "0.0005", "0.0002"),
                    tier("100000000.0", "0.0003", "0.00004", "0.0004", "0.0001"), tier("500000000.0", "0.00028", "0.0", "0.00035", "0.0"),
                    tier("2000000000.0", "0.00026", "0.0", "0.0003", "0.0"), tier("7000000000.0", "0.00024", "0.0", "0.00025", "0.0"),
                ],
                "mm": [
                    ["makerFractionCutoff": "0.005", "add": "-0.00001"], ["makerFractionCutoff": "0.015", "add": "-0.00002"],
                    ["makerFractionCutoff": "0.03", "add": "-0.00003"],
                ],
            ],
            "referralDiscount": "0.04", "stakingDiscountTiers": [["bpsOfMaxSupply": "0.0", "discount": "0.0"]],
        ]
    }

    private static func tier(_ cutoff: String, _ cross: String, _ add: String, _ spotCross: String, _ spotAdd: String) -> JSON {
        [
            "ntlCutoff": .string(cutoff), "cross": .string(cross), "add": .string(add), "spotCross": .string(spotCross),
            "spotAdd": .string(spotAdd),
        ]
    }
}

extension Engine {
    /// Millionths of the value traded.
    func feeRates(of account: Account?) -> (taker: Int, maker: Int) { (parameters.takerFeeMillionths, parameters.makerFeeMillionths) }
}
