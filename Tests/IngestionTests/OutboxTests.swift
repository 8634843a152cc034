import CopyTrading
import Testing

@testable import Ingestion

/// what of one leader goes to Redis in one call, and in which order.
@Suite struct OutboxTests {
    /// 22:26:40 on 2026-07-19, milliseconds.
    private let evening: Int64 = 1_784_500_000_000

    /// A leader that buys one coin at each of these times; a publication each.
    private func publications(of leader: InfluencerID, at times: [Int64]) -> [Publication] {
        var builder = SignalBuilder(influencer: leader, network: "testnet")
        var publications: [Publication] = []
        for (index, time) in times.enumerated() {
            let fill = LeaderFill(
                coin: "BTC", price: Price(50_000), size: Size(1), side: .buy, time: time, startPosition: Size(index), dir: "", oid: 1, crossed: true,
                tid: Int64(index + 1))
            var signals: [Signal] = []
            for case .signal(let signal) in builder.receive(message: [fill], at: time * 1_000) { signals.append(signal) }
            publications.append(
                Publication(
                    partition: 0, epoch: "1", influencer: leader, signals: signals, cursor: builder.cursor, record: LeaderRecordKeeper(since: time)))
        }
        return publications
    }

    @Test("R-11: what one leader has to publish becomes one publication, with the last one's cursor, whatever others publish in between")
    func merged() {
        let three = publications(of: "a", at: [evening, evening + 1, evening + 2])
        let other = publications(of: "b", at: [evening + 3])
        let merged = Publication.merged([three[0], other[0], three[1], three[2]])
        #expect(merged.map(\.influencer) == ["a", "b"])
        #expect(merged[0].signals.map(\.end) == [Size(1), Size(2), Size(3)] && merged[1].signals.map(\.end) == [Size(1)])
        #expect(merged[0].cursor == three[2].cursor && merged[0].record == three[2].record)
        #expect(merged[0].parts(now: evening).count == 1)
        #expect(Publication.merged([]).isEmpty)
    }

    @Test("R-11: a call takes signals of one day, and a bounded number; a cursor alone takes one")
    func parts() {
        let crowded = Publication.merged(publications(of: "a", at: (0..<Int64(300)).map { evening + $0 }))[0]
        #expect(crowded.parts(now: evening).map(\.signals.count) == [256, 44])
        let overnight = Publication.merged(publications(of: "a", at: [evening, evening + 86_400_000]))[0]
        #expect(overnight.parts(now: evening).map(\.day) == ["2026-07-19", "2026-07-20"])
        var alone = overnight
        alone.signals = []
        #expect(alone.parts(now: evening).map(\.day) == ["2026-07-19"] && alone.parts(now: evening)[0].signals.isEmpty)
    }
}
