import CopyTrading

/// The signals that the recorded fills make, each with the moment it would have been published, all leaders together in one order.
struct RecordedSignals: Sendable {
    struct Item: Sendable {
        let signal: Signal
        /// Milliseconds since 1970: the recording's own clock, so that nothing depends on when it is replayed.
        let time: Int64
    }

    let items: [Item]
    /// The leaders' positions after the last fill.
    let finalPositions: [InfluencerID: [Coin: Size]]

    init(_ leaders: [SimulationInput.Leader]) {
        var items: [Item] = []
        var positions: [InfluencerID: [Coin: Size]] = [:]
        for leader in leaders {
            var builder = SignalBuilder(influencer: leader.influencer, network: "recording")
            builder.leaderEquity = leader.equity
            items += Self.play(leader.fills, into: &builder)
            positions[leader.influencer] = builder.positions
        }
        self.items = items.enumerated().sorted { a, b in
            (a.element.time, a.element.signal.influencer, a.offset) < (b.element.time, b.element.signal.influencer, b.offset)
        }.map(\.element)
        finalPositions = positions
    }

    /// Each millisecond's fills arrive together, at once; gaps wait as they do live.
    private static func play(_ fills: [LeaderFill], into builder: inout SignalBuilder) -> [Item] {
        var items: [Item] = []
        func take(_ events: [SignalEvent], at moment: Int64) {
            for case .signal(let signal) in events { items.append(Item(signal: signal, time: moment / 1_000)) }
        }
        let blocks = Dictionary(grouping: fills, by: \.time).sorted { $0.key < $1.key }
        for (time, block) in blocks {
            let arrival = time * 1_000
            while let deadline = builder.nextDeadline, deadline <= arrival { take(builder.flush(at: deadline), at: deadline) }
            take(builder.receive(message: block.sorted { $0.tid < $1.tid }, at: arrival), at: arrival)
        }
        while let deadline = builder.nextDeadline { take(builder.flush(at: deadline), at: deadline) }
        return items
    }
}
