import CopyTrading
import HyperSim

/// The leaders and coins of a load test. The simulated exchange and the generator of fills make them up alike, each in its own process.
///
/// Every leader trades one coin of its own, so that no leader waits for another: what a run measures is the pipeline, not a shared book.
enum SyntheticLoad {
    /// What a leader trades each time, coins.
    static let size = Size(1)
    /// A subscriber's order, USDC: above the exchange's minimum of 10, and small against the depth of one book level.
    static let orderNotional = 25

    /// Name and configuration id of a leader, `lead-0007`.
    static func leader(_ index: Int) -> String { "lead-" + padded(index) }

    static func address(_ index: Int) -> String { LeaderAddress.of(leader(index)) }

    /// The coin of the leader with the same index, `SYN0007` at 50 to 149 USDC.
    static func coin(_ index: Int) -> SyntheticCoin {
        SyntheticCoin(name: "SYN" + padded(index), price: Price(50 + index % 100), sizeDecimals: 3)
    }

    static func padded(_ index: Int) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
