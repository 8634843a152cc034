import CopyTrading

/// Holds the signals of a run against the fills that leaders made: each fill in one signal, none twice, all in order.
///
/// Knows nothing of how signals are built: a signal says how many fills it stands for, which is its first and its last, and from where to
/// where they took the position, so each must cover exactly the next fills of its leader and coin.
struct SignalCheck {
    struct Track: Hashable, Comparable {
        let leader: String
        let coin: String

        static func < (a: Track, b: Track) -> Bool { (a.leader, a.coin) < (b.leader, b.coin) }
    }

    struct MadeFill: Equatable {
        let trade: Int64
        /// Signed: what the position changed by.
        let change: Size
    }

    /// In the order in which they were made.
    private var made: [Track: [MadeFill]] = [:]
    private var covered: [Track: Int] = [:]
    private var positions: [Track: Size] = [:]
    private var ids: Set<String> = []
    private(set) var fills = 0
    private(set) var signals = 0
    private(set) var faults: [String] = []
    /// Signals by tier.
    private(set) var tiers: [Int: Int] = [:]

    /// A run with many faults has one cause; more of them tell nothing more.
    static let mostFaults = 20

    mutating func made(_ fill: MadeFill, by leader: String, in coin: String) {
        made[Track(leader: leader, coin: coin), default: []].append(fill)
        fills += 1
    }

    /// - Parameter signal: the next of its leader and coin, as the stream has them.
    mutating func found(_ signal: Signal) {
        signals += 1
        tiers[signal.tier, default: 0] += 1
        let track = Track(leader: signal.influencer.text, coin: signal.coin.text)
        let name = "signal \(signal.id) of \(track.leader) in \(track.coin)"
        guard ids.insert(signal.id.text).inserted else { return note("\(name) is there twice") }
        let fills = made[track] ?? []
        let start = covered[track] ?? 0
        let end = start + signal.fillCount
        guard end <= fills.count else { return note("\(name) stands for \(signal.fillCount) fills, \(fills.count - start) are left") }
        let part = fills[start..<end]
        guard part.first?.trade == signal.firstFill, part.last?.trade == signal.lastFill else {
            return note("\(name) covers trades \(signal.firstFill) to \(signal.lastFill), next is \(part.first.map { "\($0.trade)" } ?? "none")")
        }
        let position = positions[track] ?? .zero
        let after = part.reduce(position) { $0 + $1.change }
        guard signal.start == position, signal.end == after else {
            return note("\(name) goes from \(signal.start) to \(signal.end), the fills from \(position) to \(after)")
        }
        covered[track] = end
        positions[track] = after
    }

    /// Fills without a signal.
    var missing: Int { fills - covered.values.reduce(0, +) }

    /// What is wrong in the end; empty when every fill is in exactly one signal.
    var verdict: [String] {
        var verdict = faults
        for (track, fills) in made.sorted(by: { $0.key < $1.key }) where (covered[track] ?? 0) < fills.count && verdict.count < Self.mostFaults {
            verdict.append("\(fills.count - (covered[track] ?? 0)) fills of \(track.leader) in \(track.coin) have no signal")
        }
        return verdict
    }

    private mutating func note(_ fault: String) {
        if faults.count < Self.mostFaults { faults.append(fault) }
    }
}
