import CopyTrading

/// Which coins' histories are known, and which are read next: those that a request asked for and that nobody knows, then those that leaders
/// hold, then all others. What is known stays until newer is read.
struct HistoryBook: Sendable {
    /// Unknown coins that are wanted, read together.
    static let atOnce = 4
    /// A coin that could not be read is tried again after the first, then twice as long each time, at most the last; milliseconds.
    static let firstPause: Int64 = 5_000
    static let longestPause: Int64 = 600_000
    /// Coins noted as asked for; more than the exchange has are not real.
    static let mostAsked = 4_096

    /// Completed days to read; 0: nobody needs any.
    var span = 0
    var listed: Set<Coin> = []
    /// By leaders.
    var held: Set<Coin> = []
    private(set) var asked: Set<Coin> = []
    private(set) var histories: [Coin: CoinHistory] = [:]
    private var failures: [Coin: (count: Int, notBefore: Int64)] = [:]

    /// What is known of the coin; one that is not known is read next.
    mutating func history(of coin: Coin) -> CoinHistory? {
        if asked.count < Self.mostAsked { asked.insert(coin) }
        return histories[coin]
    }

    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - isTurn: whether one that is not urgent may be read.
    /// - Returns: unknown coins that are wanted, or else at most one that is merely due.
    func next(at now: Int64, isTurn: Bool) -> (coins: [Coin], isUrgent: Bool) {
        guard span > 0 else { return ([], false) }
        let today = CoinHistory.day(at: now)
        let due = listed.filter { coin in
            (failures[coin]?.notBefore ?? 0) <= now && histories[coin].map { $0.day < today || $0.span < span } ?? true
        }
        let sorted = due.sorted { (rank($0), $0) < (rank($1), $1) }
        let urgent = sorted.filter { histories[$0] == nil && rank($0) < Self.others }.prefix(Self.atOnce)
        if !urgent.isEmpty { return (Array(urgent), true) }
        return (isTurn ? Array(sorted.prefix(1)) : [], false)
    }

    mutating func took(_ history: CoinHistory, of coin: Coin) {
        failures[coin] = nil
        histories[coin] = history
    }

    /// - Returns: how often in a row it could not be read.
    @discardableResult
    mutating func failed(_ coin: Coin, at now: Int64) -> Int {
        let count = (failures[coin]?.count ?? 0) + 1
        failures[coin] = (count, now + min(Self.firstPause << min(count - 1, 10), Self.longestPause))
        return count
    }

    private static let others = 2

    private func rank(_ coin: Coin) -> Int { asked.contains(coin) ? 0 : held.contains(coin) ? 1 : Self.others }
}
