import CopyTrading

/// How many requests an account may send over its life: a number to begin with, one more for each USDC traded, and those it bought.
/// An exhausted account has one request in ten seconds left; cancels have a higher ceiling, so that nobody is stuck with his orders.
struct RequestBudget {
    /// Items of all accepted actions.
    private(set) var used: Int64 = 0
    /// Bought by reserveRequestWeight.
    var reserved: Int64 = 0
    private var lastGrant: Int64?

    static let grantInterval: Int64 = 10_000
    static let additionalCancels: Int64 = 100_000
    /// What an action costs that came after its `expiresAfter`.
    static let expiredCost = 5
    /// USDC for one request.
    static let reservationPrice = Notional(e8: 50_000)

    /// - Parameter initial: requests of an account that has not traded.
    func limit(initial: Int, volume: Notional) -> Int64 { Int64(initial) + reserved + volume.e8 / Notional.scale }

    mutating func charge(_ items: Int) { used += Int64(items) }

    /// Charges an action when it may be carried out.
    /// - Returns: the exchange's text when it may not; nothing is charged then.
    mutating func use(_ items: Int, isCancel: Bool, initial: Int, volume: Notional, now: Int64) -> String? {
        let limit = limit(initial: initial, volume: volume)
        let ceiling = isCancel ? min(limit + Self.additionalCancels, 2 * limit) : limit
        if used + Int64(items) > ceiling {
            guard items == 1, lastGrant.map({ now - $0 >= Self.grantInterval }) ?? true else {
                return "Too many cumulative requests sent (\(used + Int64(items)) > \(ceiling)) for cumulative volume traded "
                    + "$\(volume.truncated(decimals: 2)). Place taker orders to free up 1 request per USDC traded."
            }
            lastGrant = now
        }
        charge(items)
        return nil
    }
}
