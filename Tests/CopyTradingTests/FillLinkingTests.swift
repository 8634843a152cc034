import Testing

@testable import CopyTrading

@Suite("Linking fills of one millisecond")
struct FillLinkingTests {
    private func fill(_ tid: Int64, _ start: String, _ side: Side, _ size: String) -> LeaderFill {
        Sample.fill(side, size, from: start, tid: tid)
    }

    @Test("a position that returns to a value within the millisecond is passed through by every fill")
    func cycle() {
        let fills = [fill(9, "0", .buy, "1"), fill(8, "1", .sell, "1"), fill(7, "0", .buy, "2"), fill(6, "2", .sell, "2")]
        let linking = FillLinking(fills, from: .zero)
        #expect(linking.linked.map(\.tid) == [7, 6, 9, 8])
        #expect(linking.rest.isEmpty)
        #expect(FillLinking(fills.reversed(), from: .zero).linked == linking.linked)
    }

    @Test("a detour that returns is taken before the way out")
    func detour() {
        let fills = [fill(1, "0", .buy, "5"), fill(2, "0", .sell, "1"), fill(3, "-1", .buy, "1")]
        #expect(FillLinking(fills, from: .zero).linked.map(\.tid) == [2, 3, 1])
    }

    @Test("fills that do not lie on the way are left")
    func rest() {
        let fills = [fill(3, "0", .buy, "1"), fill(2, "5", .buy, "1"), fill(1, "1", .buy, "1")]
        let linking = FillLinking(fills, from: .zero)
        #expect(linking.linked.map(\.tid) == [3, 1])
        #expect(linking.rest.map(\.tid) == [2])
        #expect(FillLinking(fills, from: Size(7)).rest.count == 3)
    }

    @Test("of two fills that begin at one position and never meet, the smaller trade id is followed")
    func fork() {
        let fills = [fill(2, "0", .buy, "2"), fill(1, "0", .buy, "1"), fill(3, "1", .buy, "5")]
        let linking = FillLinking(fills, from: .zero)
        #expect(linking.linked.map(\.tid) == [1, 3])
        #expect(linking.rest.map(\.tid) == [2])
    }

    @Test("without a known position the way begins where nothing leads to")
    func unknownStart() {
        #expect(FillLinking.start(of: [fill(1, "7", .buy, "1"), fill(2, "3", .buy, "4")]) == Size(3))
        #expect(FillLinking.start(of: [fill(5, "1", .sell, "1"), fill(4, "0", .buy, "1")]) == .zero)
    }

    @Test("the memory of trade ids forgets by count and by time, oldest first")
    func seenFills() {
        var seen = SeenFills(limit: 3, horizon: 1_000)
        for tid in 1...4 as ClosedRange<Int64> { #expect(seen.record(Sample.fill(.buy, "1", from: "0", tid: tid)) == .new) }
        #expect(seen.count == 3)
        #expect(seen.record(Sample.fill(.buy, "1", from: "0", tid: 4)) == .duplicate)
        #expect(seen.record(Sample.fill(.sell, "1", from: "0", tid: 4)) == .conflict)
        #expect(seen.record(Sample.fill(.buy, "1", from: "0", tid: 5, after: 1_001)) == .new)
        #expect(seen.count == 1)
        for tid in 10...5_000 as ClosedRange<Int64> { _ = seen.record(Sample.fill(.buy, "1", from: "0", tid: tid, after: 1_001)) }
        #expect(seen.count == 3)
    }
}
