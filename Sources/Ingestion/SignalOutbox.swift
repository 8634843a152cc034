import CopyTrading
import JSON
import Logging
import Redis
import RedisStreams

/// Signals of one leader with the cursor and the record that account for them.
struct Publication: Sendable {
    var partition: Int
    /// The lease under which they were found: under another one they are found again, from the cursor that it began with.
    var epoch: String?
    var influencer: InfluencerID
    var signals: [Signal]
    /// Signals of which nothing is published, now or when their fills are read again: others came after them.
    var leftOut: [LeftOut] = []
    var cursor: LeaderCursor
    var record: LeaderRecordKeeper

    struct LeftOut: Sendable {
        var id: SignalID
        /// Of the last fill, exchange milliseconds.
        var time: Int64
    }

    /// What one call of the script takes.
    struct Part {
        var day: String
        var signals: [Signal] = []
        var leftOut: [SignalID] = []
    }

    var leaderState: SignalPublisher.LeaderState {
        SignalPublisher.LeaderState(influencer: influencer.text, cursor: cursor.json.bytes(), record: record.json.bytes())
    }

    /// Its signals as the calls of the script take them: of one day each, and no more than one takes. Without signals there is one for the
    /// cursor alone.
    /// - Parameter now: milliseconds since 1970.
    func parts(now: Int64) -> [Part] {
        var parts: [Part] = []
        for signal in signals {
            let day = Day.of(signal.lastFillTime)
            if let last = parts.last, last.day == day, last.signals.count < SignalPublisher.mostItems {
                parts[parts.count - 1].signals.append(signal)
            } else {
                parts.append(Part(day: day, signals: [signal]))
            }
        }
        for left in leftOut {
            let day = Day.of(left.time)
            if let place = parts.firstIndex(where: { $0.day == day }) {
                parts[place].leftOut.append(left.id)
            } else {
                parts.append(Part(day: day, leftOut: [left.id]))
            }
        }
        return parts.isEmpty ? [Part(day: Day.of(now))] : parts
    }

    /// Those of each leader as one, in their order; the last one's cursor and record account for all of them.
    /// - Parameter publications: each under the lease that is held now.
    static func merged(_ publications: [Publication]) -> [Publication] {
        var merged: [Publication] = []
        var places: [InfluencerID: Int] = [:]
        for publication in publications {
            if let place = places[publication.influencer] {
                merged[place].signals += publication.signals
                merged[place].leftOut += publication.leftOut
                merged[place].cursor = publication.cursor
                merged[place].record = publication.record
            } else {
                places[publication.influencer] = merged.count
                merged.append(publication)
            }
        }
        return merged
    }
}

extension Emission {
    /// The signal as a stream entry: the few fields an operator reads, and the record itself in `data`.
    init(signal: Signal, partition: Int) {
        self.init(
            StreamPartition(.signals, partition), id: signal.id.text, owner: ("influencer", signal.influencer.text),
            coin: signal.coin.text, action: signal.legs.map(\.action.rawValue).joined(separator: "+"), trace: signal.id.text,
            data: signal.json.bytes())
    }
}
