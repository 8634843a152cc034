import AuditTrail
import CopyTrading
import JSON
import Postgres

/// Every fill that a leader made is in exactly one signal, in its order, or in a declared gap.
///
/// Beside ``SignalCheck``, which allows no gap: chaos may cost history that the exchange does not give twice, and then it is declared.
struct SourceCheck {
    private struct Track: Hashable {
        var leader: String
        var coin: String
    }

    private struct Gap {
        var leader: String
        /// `nil`: all of the leader's.
        var coin: String?
        var times: ClosedRange<Int64>
    }

    private var fills: [Track: [ChaosObservations.SourceFill]] = [:]
    /// Of each fill, in how many signals it is.
    private var covered: [Track: [Int]] = [:]
    private var next: [Track: (fill: Int, receivedAt: Int64)] = [:]
    /// Signals of public trades that came after later ones.
    private var late = 0

    static func run(
        _ source: [ChaosObservations.SourceFill], _ reader: AuditReader, _ connection: PostgresConnection, _ verdict: inout InvariantVerdict
    ) async throws {
        var check = SourceCheck()
        for fill in source { check.fills[Track(leader: fill.leader, coin: fill.coin), default: []].append(fill) }
        check.covered = check.fills.mapValues { Array(repeating: 0, count: $0.count) }
        var found: [Signal] = []
        try await reader.forEachPage(of: .signals) { rows in
            for row in rows {
                guard let json = row.data.flatMap({ try? JSON.parse($0) }), let signal = try? Signal(json: json) else { continue }
                // those that no fill led to: a leader's position was read again, or a subscription joins
                if signal.join == nil, signal.cause != .resync { found.append(signal) }
            }
        }
        for signal in found { check.add(signal, &verdict) }
        check.finish(try await gaps(connection), &verdict)
    }

    private mutating func add(_ signal: Signal, _ verdict: inout InvariantVerdict) {
        let track = Track(leader: signal.influencer.text, coin: signal.coin.text)
        let name = "signal \(signal.id) of \(track.leader) in \(track.coin)"
        let made = fills[track] ?? []
        guard let first = made.firstIndex(where: { $0.trade == signal.firstFill }),
            let last = made[first...].firstIndex(where: { $0.trade == signal.lastFill })
        else { return verdict.find("\(name): its fills \(signal.firstFill) to \(signal.lastFill) were never made in this order") }
        if last - first + 1 != signal.fillCount {
            verdict.find("\(name): stands for \(signal.fillCount) fills, from its first to its last are \(last - first + 1)")
        }
        let before = next[track] ?? (0, 0)
        if first < before.fill {
            // Public trades have no positions that would show that one is missing: where the socket that had it is slow, and another, just
            // subscribed, is not, the later ones are acted on first.
            if signal.tier == 2, signal.receivedAt > before.receivedAt { late += 1 } else {
                verdict.find("\(name): its first fill is before the last one of the signal before it")
            }
        }
        next[track] = (max(before.fill, last + 1), max(before.receivedAt, signal.receivedAt))
        for index in first...last { covered[track]?[index] += 1 }
    }

    private func finish(_ gaps: [Gap], _ verdict: inout InvariantVerdict) {
        var declared = 0
        for (track, counts) in covered.sorted(by: { ($0.key.leader, $0.key.coin) < ($1.key.leader, $1.key.coin) }) {
            for (fill, count) in zip(fills[track] ?? [], counts) where count != 1 {
                let name = "fill \(fill.trade) of \(track.leader) in \(track.coin)"
                if count > 1 { verdict.find("\(name) is in \(count) signals"); continue }
                let isDeclared = gaps.contains {
                    $0.leader == track.leader && ($0.coin ?? track.coin) == track.coin && $0.times.contains(fill.time)
                }
                if isDeclared { declared += 1 } else { verdict.find("\(name) is in no signal and in no declared gap") }
            }
        }
        if late > 0 { verdict.note("\(Format.count(late)) signals of public trades that came after later ones") }
        verdict.note("\(Format.count(covered.reduce(0) { $0 + $1.value.count })) fills of leaders compared, \(Format.count(declared)) of them in declared gaps")
    }

    private static func gaps(_ connection: PostgresConnection) async throws -> [Gap] {
        try await connection.query("SELECT influencer, coin, from_ms, to_ms FROM leader_gaps").map { row throws(PostgresError) in
            let from = try row.integer("from_ms")
            return Gap(
                leader: try row.text("influencer"), coin: try row.maybeText("coin"), times: from...max(from, try row.integer("to_ms")))
        }
    }
}
