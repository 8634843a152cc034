import CopyTrading

/// For one market the prices up to which its holders are certainly solvent, so that a price move looks only at those who might not be.
///
/// An account that was found solvent spreads half of what it has above maintenance over its positions; while no mark has moved further than
/// that, it cannot have fallen below. See `Engine+Liquidation`.
struct LiquidationWatch {
    private struct Band {
        var account: Account
        /// Reached at or below, at or above.
        var low: Price
        var high: Price
    }

    private var bands: [ObjectIdentifier: Band] = [:]
    /// No band is reached strictly between the two; they may lie further apart from the mark than needed, never less.
    private var highestLow = Price(e8: .min)
    private var lowestHigh = Price(e8: .max)

    mutating func set(_ account: Account, low: Price, high: Price) {
        bands[ObjectIdentifier(account)] = Band(account: account, low: low, high: high)
        highestLow = max(highestLow, low)
        lowestHigh = min(lowestHigh, high)
    }

    mutating func remove(_ account: Account) { bands[ObjectIdentifier(account)] = nil }

    /// Accounts whose band `mark` has left, by address.
    mutating func reached(at mark: Price) -> [Account] {
        guard mark <= highestLow || mark >= lowestHigh else { return [] }
        var reached: [Account] = []
        highestLow = Price(e8: .min)
        lowestHigh = Price(e8: .max)
        for band in bands.values {
            if mark <= band.low || mark >= band.high { reached.append(band.account) }
            highestLow = max(highestLow, band.low)
            lowestHigh = min(lowestHigh, band.high)
        }
        return reached.sorted { $0.address < $1.address }
    }
}

/// How far an account's liquidation has gone.
struct LiquidationProgress {
    /// Whether it is on the engine's list of accounts to look at.
    var isUnchecked = false
    /// Its large positions were reduced; the rest follows after the pause.
    var isReduced = false
    /// Milliseconds since 1970.
    var pausedUntil: Int64 = 0

    /// A position above this is first reduced by a part only.
    static let largePosition = Notional(100_000)
    static let firstPartPercent: Int64 = 20
    static let pause: Int64 = 30_000
}

/// Why an order or a trade was made for an account that is liquidated.
struct LiquidationCause: Equatable {
    enum Method: String {
        /// An order to the book.
        case market
        /// Taken over by the liquidator.
        case backstop
        /// Closed against those on the other side.
        case deleveraging
    }

    var user: String
    var mark: Price
    var method: Method
    var isIsolated: Bool

    /// Nobody pays a fee when the exchange itself brings the two sides together.
    var isFree: Bool { method != .market }
}
