import Testing

@testable import RawFrames

@Suite struct RecordBufferTests {
    @Test("a full buffer refuses what is new, and tells of it in one gap at its place")
    func overflow() {
        var buffer = RecordBuffer(.init(frames: 2, bytes: 1_000))
        for time in 1...5 { buffer.add(frame("\(time)", at: Int64(time))) }
        #expect(buffer.dropped == 3)
        let first = buffer.batch(records: 10, bytes: 1_000)
        #expect(first.map(\.record) == [.frame(frame("1", at: 1)), .frame(frame("2", at: 2))])
        buffer.written(2)
        buffer.add(frame("6", at: 6))
        let second = buffer.batch(records: 10, bytes: 1_000)
        #expect(second.map(\.record) == [.gap(RawFrameGap(from: 3, to: 5, count: 3, reason: "buffer_full")), .frame(frame("6", at: 6))])
        #expect((first + second).map(\.number) == [1, 2, 3, 4])
    }

    @Test("a gap that no frame follows is told all the same, once the rest is written")
    func gapAtTheEnd() {
        var buffer = RecordBuffer(.init(frames: 1, bytes: 1_000))
        buffer.add(frame("1", at: 1))
        buffer.add(frame("2", at: 2))
        buffer.written(buffer.batch(records: 10, bytes: 1_000).count)
        #expect(buffer.batch(records: 10, bytes: 1_000).map(\.record) == [.gap(RawFrameGap(from: 2, to: 2, count: 1, reason: "buffer_full"))])
    }

    @Test("bytes are bounded too, and a batch ends before its bound but is never empty")
    func bytes() {
        var buffer = RecordBuffer(.init(frames: 100, bytes: 25))
        for _ in 0..<4 { buffer.add(frame("0123456789")) }
        #expect(buffer.count == 2 && buffer.dropped == 2)
        #expect(buffer.batch(records: 10, bytes: 5).count == 1)
        #expect(buffer.batch(records: 10, bytes: 19).count == 1)
        #expect(buffer.batch(records: 10, bytes: 20).count == 2)
        buffer.written(1)
        buffer.add(frame("0123456789"))
        #expect(buffer.dropped == 2)
    }

    @Test("declared gaps of leaders find room where frames do not, up to a bound of their own")
    func leaderGaps() {
        var buffer = RecordBuffer(.init(frames: 1, bytes: 10, leaderGaps: 2))
        let gap = LeaderGap(influencer: "a", coin: "BTC", from: 1, to: 2, reason: .fillsMissing, handling: .resynchronised)
        let kept = (0..<3).map { _ in buffer.add(gap) }
        #expect(kept == [true, true, false] && buffer.count == 2)
        buffer.written(1)
        let again = buffer.add(gap)
        #expect(again && buffer.count == 2)
    }
}
