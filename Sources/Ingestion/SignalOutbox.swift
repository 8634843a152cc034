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
    var cursor: LeaderCursor
    var record: LeaderRecordKeeper

    var leaderState: SignalPublisher.LeaderState {
        SignalPublisher.LeaderState(influencer: influencer.text, cursor: cursor.json.bytes(), record: record.json.bytes())
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
