import CopyTrading
import JSON

/// What an account pays, as fractions of the traded value, and the schedule behind it. The account's rates have the discounts of its
/// volume, stake and referral in them.
public struct AccountFees: Sendable, Equatable {
    public var perpetual: Rates
    public var spot: Rates
    public var schedule: Schedule
    /// Fraction by which a referral lowers the rates; zero without.
    public var referralDiscount: Ratio
    /// Fraction by which the stake lowers the rates; zero without.
    public var stakingDiscount: Ratio
    /// The last days, with the current one.
    public var dailyVolumes: [DailyVolume]

    public struct Rates: Sendable, Equatable {
        public var taker: Ratio
        /// Negative: a rebate.
        public var maker: Ratio
    }

    public struct Schedule: Sendable, Equatable {
        public var perpetual: Rates
        public var spot: Rates
        /// From the lowest volume.
        public var volumeTiers: [VolumeTier]
        /// From the lowest share.
        public var makerTiers: [MakerTier]
        public var referralDiscount: Ratio
    }

    public struct VolumeTier: Sendable, Equatable {
        /// USDC of 14 days' volume above which the rates hold.
        public var volume: WideDecimal
        public var perpetual: Rates
        public var spot: Rates
    }

    public struct MakerTier: Sendable, Equatable {
        /// Share of the exchange's maker volume above which the rate holds.
        public var makerShare: Ratio
        /// Negative: a rebate.
        public var maker: Ratio
    }

    /// USDC.
    public struct DailyVolume: Sendable, Equatable {
        /// `2025-05-23`, UTC.
        public var date: String
        public var taker: WideDecimal
        public var maker: WideDecimal
        public var exchange: WideDecimal
    }
}

extension AccountFees {
    /// The answer of `userFees`.
    init(json: JSON) throws(JSONError) {
        perpetual = Rates(taker: try json.ratio("userCrossRate"), maker: try json.ratio("userAddRate"))
        spot = Rates(taker: try json.ratio("userSpotCrossRate"), maker: try json.ratio("userSpotAddRate"))
        schedule = try json.at("feeSchedule", Schedule.init(json:))
        referralDiscount = try json.ratio("activeReferralDiscount")
        stakingDiscount = try json.maybe("activeStakingDiscount") { tier throws(JSONError) in try tier.ratio("discount") } ?? .zero
        dailyVolumes = try json.list("dailyUserVlm") { day throws(JSONError) in
            DailyVolume(
                date: try day.string("date"), taker: try day.wideDecimal("userCross"), maker: try day.wideDecimal("userAdd"),
                exchange: try day.wideDecimal("exchange"))
        }
    }
}

extension AccountFees.Schedule {
    init(json: JSON) throws(JSONError) {
        perpetual = try AccountFees.Rates.perpetual(json)
        spot = try AccountFees.Rates.spot(json)
        let tiers = try json.field("tiers")
        do {
            volumeTiers = try tiers.list("vip") { tier throws(JSONError) in
                AccountFees.VolumeTier(
                    volume: try tier.wideDecimal("ntlCutoff"), perpetual: try AccountFees.Rates.perpetual(tier),
                    spot: try AccountFees.Rates.spot(tier))
            }
            makerTiers = try tiers.list("mm") { tier throws(JSONError) in
                AccountFees.MakerTier(makerShare: try tier.ratio("makerFractionCutoff"), maker: try tier.ratio("add"))
            }
        } catch { throw error.under("tiers") }
        referralDiscount = try json.ratio("referralDiscount")
    }
}

extension AccountFees.Rates {
    fileprivate static func perpetual(_ json: JSON) throws(JSONError) -> Self {
        Self(taker: try json.ratio("cross"), maker: try json.ratio("add"))
    }

    fileprivate static func spot(_ json: JSON) throws(JSONError) -> Self {
        Self(taker: try json.ratio("spotCross"), maker: try json.ratio("spotAdd"))
    }
}

extension InfoRequest where Answer == AccountFees {
    public static func userFees(_ user: String) -> Self { Self("userFees", [("user", .string(user))], decode: AccountFees.init(json:)) }
}
