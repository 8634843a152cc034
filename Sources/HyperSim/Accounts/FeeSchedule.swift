import CopyTrading

/// What a side pays for a trade, in millionths of its value: 450 is 4.5 basis points.
struct FeeRates: Equatable {
    var taker: Int
    var maker: Int
}

/// The exchange's volume tiers for perpetuals, under configured base rates: no tier costs more than the base.
struct FeeSchedule: Equatable {
    struct Tier: Equatable {
        /// Volume of 14 days above which it applies.
        var cutoff: Notional
        var rates: FeeRates
    }

    let base: FeeRates
    /// Ascending.
    let tiers: [Tier]

    private static let exchangeTiers: [(millions: Int, taker: Int, maker: Int)] = [
        (5, 400, 120), (25, 350, 80), (100, 300, 40), (500, 280, 0), (2_000, 260, 0), (7_000, 240, 0),
    ]

    init(base: FeeRates) {
        self.base = base
        tiers = Self.exchangeTiers.map {
            Tier(cutoff: Notional($0.millions * 1_000_000), rates: FeeRates(taker: min(base.taker, $0.taker), maker: min(base.maker, $0.maker)))
        }
    }

    func rates(volume: Notional) -> FeeRates { tiers.last { volume > $0.cutoff }?.rates ?? base }
}

/// A builder's code on an order: who is paid how much of it on top of the fee.
struct BuilderCode: Equatable {
    /// `0x` and 40 lower-case digits.
    var address: String
    /// In tenths of a basis point.
    var fee: Int

    /// For perpetuals: 0.1 %.
    static let maximumFee = 100
    /// What may be approved, as for spot: 1 %.
    static let maximumApproval = 1_000
    static let maximumApprovals = 10
    /// Perpetuals' equity a builder must have.
    static let minimumEquity = Notional(100)

    /// Reads `0.01%`.
    /// - Returns: tenths of a basis point; `nil` when it is no such rate, or above 1 %.
    static func rate(_ text: String) -> Int? {
        guard text.hasSuffix("%"), let percent = try? Size(parsing: text.dropLast()), percent.e8 >= 0, percent.e8 % 100_000 == 0 else { return nil }
        let tenths = Int(percent.e8 / 100_000)
        return tenths <= maximumApproval ? tenths : nil
    }
}
