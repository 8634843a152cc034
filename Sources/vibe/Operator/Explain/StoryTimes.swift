import CopyTrading
import Foundation
import JSON

/// The time that one leg spent in each hop, as far as it has come.
struct StoryTimes: Sendable {
    /// In the order of the pipeline. The first fill is a step of its own when the signal's fills are of different times.
    enum Step: String, Sendable {
        case firstFill, leaderFill, received, signal, request
        /// Of a leg that the planner skipped, or whose job is not on record.
        case planned
        case job, prepared, sent, acknowledged, result

        var text: String {
            switch self {
            case .firstFill: "leader's first fill"
            case .leaderFill: "leader's fill"
            case .received: "frame received"
            default: rawValue
            }
        }
    }

    struct Hop: Sendable, Equatable {
        var step: Step
        /// Microseconds since 1970.
        var at: Int64
        /// Since the step before and since the first, microseconds; below zero where the clocks of two machines disagree.
        var time: Int64
        var sum: Int64
    }

    /// What the bucket asked for, microseconds. An entry that would have been stale by then ended at once instead of waiting.
    struct TokenWait: Sendable, Equatable {
        var microseconds: Int64
        var bucket: String
    }

    let hops: [Hop]
    /// From the leader's last fill to the answer that ours was filled, microseconds; `nil` when it is not known to have been.
    let lag: Int64?
    let tokenWait: TokenWait?

    init(_ leg: StoryLeg) {
        var hops: [Hop] = []
        for stamp in Self.stamps(leg) {
            let at = hops.last.map { stamp.at(after: $0.at) } ?? stamp.at
            hops.append(Hop(step: stamp.step, at: at, time: at - (hops.last?.at ?? at), sum: at - (hops.first?.at ?? at)))
        }
        self.hops = hops
        lag = leg.result?.copyLag
        tokenWait = leg.result?.times.limitedBy.map {
            TokenWait(microseconds: leg.result?.times.limitedMicroseconds ?? 0, bucket: $0)
        }
    }

    /// From the received frame to the written order, microseconds: what is ours to answer for. `nil` when none was written.
    var engine: Int64? {
        func at(_ step: Step) -> Int64? { hops.first { $0.step == step }?.at }
        guard let received = at(.received), let sent = at(.sent) else { return nil }
        return sent - received
    }

    func rendered(for terminal: Terminal, indent: Int) -> String {
        let full = table(withClock: true)
        let table = full.fits(terminal, indent: indent) ? full : table(withClock: false)
        let margin = String(repeating: " ", count: indent)
        var lines = [table.rendered(for: terminal, indent: indent)]
        if let engine { lines.append(margin + "engine \(Format.time(microseconds: engine)), frame received → sent") }
        if let lag { lines.append(margin + "lag \(Format.time(microseconds: lag)), leader's fill → filled") }
        if let tokenWait {
            lines.append(margin + "token wait \(Format.time(microseconds: tokenWait.microseconds)), limited by \(tokenWait.bucket)")
        }
        return lines.joined(separator: "\n")
    }

    private func table(withClock: Bool) -> Table {
        var table = Table([.text("HOP")] + (withClock ? [.text("AT")] : []) + [.figure("TIME"), .figure("SUM")])
        for (index, hop) in hops.enumerated() {
            let clock = withClock ? [Table.Cell(Self.clock(hop.at))] : []
            let times = [hop.time, hop.sum].map { Table.Cell(index == 0 ? "" : Format.time(microseconds: $0)) }
            table.add([Table.Cell(hop.step.text)] + clock + times)
        }
        return table
    }

    private static func clock(_ microseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(microseconds / 1_000_000))
        let text = ISO8601DateFormatter().string(from: date)
        let fraction = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
        return text.dropLast() + "." + fraction + "Z"
    }
}

extension StoryTimes {
    private struct Stamp {
        var step: Step
        /// Microseconds since 1970.
        var at: Int64
        /// What the clock counts in, microseconds: the exchange's and Redis' give whole milliseconds.
        var unit: Int64

        /// The moment itself lies within the unit: as early in it as the step before allows.
        func at(after earlier: Int64) -> Int64 { (at..<at + unit).contains(earlier) ? earlier : at }
    }

    /// Those that happened. Publication times are those of the entries' ids, Redis' own.
    private static func stamps(_ leg: StoryLeg) -> [Stamp] {
        let times = leg.result?.times
        func milliseconds(_ step: Step, _ value: Int64?) -> Stamp { Stamp(step: step, at: (value ?? 0) * 1_000, unit: 1_000) }
        func microseconds(_ step: Step, _ value: Int64?) -> Stamp { Stamp(step: step, at: value ?? 0, unit: 1) }
        let first = milliseconds(.firstFill, leg.signal?.firstFillTime)
        let last = milliseconds(.leaderFill, times?.leaderFillMilliseconds ?? leg.job?.leaderFillTime ?? leg.signal?.lastFillTime)
        let received = microseconds(.received, times?.received ?? leg.job?.receivedAt ?? leg.signal?.receivedAt)
        // The frame is that of the first fill: later fills of the signal may have followed it.
        let source = first.at == last.at ? [last, received] : last.at > received.at ? [first, received, last] : [first, last, received]
        let decided = leg.jobEntry.map { milliseconds(.job, $0.id.milliseconds) } ?? microseconds(.planned, times?.planned)
        let stamps = source + [
            milliseconds(.signal, leg.signalEntry?.id.milliseconds), milliseconds(.request, leg.requestEntry?.id.milliseconds), decided,
            microseconds(.prepared, times?.prepared ?? leg.attempt?.preparedAt), microseconds(.sent, times?.sent),
            microseconds(.acknowledged, times?.acknowledged), milliseconds(.result, leg.resultEntry?.id.milliseconds),
        ]
        return stamps.filter { $0.at > 0 }
    }
}

extension StoryTimes.Hop {
    var json: JSON { ["hop": .string(step.rawValue), "atUs": .integer(at), "us": .integer(time), "sumUs": .integer(sum)] }
}

extension StoryTimes.TokenWait {
    var json: JSON { ["us": .integer(microseconds), "bucket": .string(bucket)] }
}
