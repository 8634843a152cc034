import CopyTrading
import JSON

/// What trading costs an account.
extension InfoQuery {
    func fees(to writer: inout WireWriter) throws(JSONError) {
        let account = try account()
        let rates = account.map { engine.feeRates(of: $0, now: now) } ?? engine.fees.base
        writer.json([
            "dailyUserVlm": .array(dailyVolumes(of: account)),
            "feeSchedule": engine.fees.json,
            "userCrossRate": .decimal(millionths: rates.taker), "userAddRate": .decimal(millionths: rates.maker),
            "userSpotCrossRate": "0.0007", "userSpotAddRate": "0.0004", "activeReferralDiscount": "0.0", "trial": nil,
            "feeTrialEscrow": "0.0", "nextTrialAvailableTimestamp": nil, "stakingLink": nil,
            "activeStakingDiscount": ["bpsOfMaxSupply": "0.0", "discount": "0.0"],
        ])
    }

    /// A bare number: tenths of a basis point, 0 for a builder that is not approved.
    func maximumBuilderFee(to writer: inout WireWriter) throws(JSONError) {
        let builder = try json.at("builder", Address.init(json:)).text
        writer.integer((try account())?.builderApprovals[builder] ?? 0)
    }

    func approvedBuilders(to writer: inout WireWriter) throws(JSONError) {
        let approved = (try account())?.builderApprovals.filter { $0.value > 0 }.keys.sorted() ?? []
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

    /// Oldest first.
    private func dailyVolumes(of account: Account?) -> [JSON] {
        let today = DailyVolumes.day(of: now)
        return (today - DailyVolumes.window...today).map { day in
            func volume(_ volumes: DailyVolumes?) -> DailyVolumes.Day { volumes?.days.first { $0.number == day } ?? DailyVolumes.Day(number: day) }
            let own = volume(account?.volumes)
            return [
                "date": .string(Calendar.text(day * DailyVolumes.dayMilliseconds)), "userCross": .decimal(own.taker), "userAdd": .decimal(own.maker),
                "exchange": .decimal(volume(engine.volumes).taker),
            ]
        }
    }
}

extension FeeSchedule {
    /// With the exchange's spot tiers, market makers' rebates and discounts (its documentation, November 2026), which nothing here is charged by.
    var json: JSON {
        let spot = [("0.0006", "0.0003"), ("0.0005", "0.0002"), ("0.0004", "0.0001"), ("0.00035", "0.0"), ("0.0003", "0.0"), ("0.00025", "0.0")]
        let vip = zip(tiers, spot).map { tier, spot -> JSON in
            [
                "ntlCutoff": .decimal(tier.cutoff), "cross": .decimal(millionths: tier.rates.taker), "add": .decimal(millionths: tier.rates.maker),
                "spotCross": .string(spot.0), "spotAdd": .string(spot.1),
            ]
        }
        return [
            "cross": .decimal(millionths: base.taker), "add": .decimal(millionths: base.maker), "spotCross": "0.0007", "spotAdd": "0.0004",
            "tiers": [
                "vip": .array(vip),
                "mm": [
                    ["makerFractionCutoff": "0.005", "add": "-0.00001"], ["makerFractionCutoff": "0.015", "add": "-0.00002"],
                    ["makerFractionCutoff": "0.03", "add": "-0.00003"],
                ],
            ],
            "referralDiscount": "0.04", "stakingDiscountTiers": [["bpsOfMaxSupply": "0.0", "discount": "0.0"]],
        ]
    }
}
