import CopyTrading
import Hyperliquid
import Testing

@testable import Ingestion

@Suite struct SocketTests {
    private func key(_ tid: Int64) -> SocketMerge.Key { .init(user: "0xaa", tid: tid, isOwn: true) }

    @Test("each socket's part is told: first, again, missed")
    func merge() {
        var merge = SocketMerge(sockets: 3)
        merge.delivered(key(1), by: 1, at: 0)
        merge.delivered(key(1), by: 0, at: 5)
        merge.delivered(key(2), by: 0, at: 10)
        merge.delivered(key(2), by: 0, at: 11)
        merge.settle(at: SocketMerge.window - 1)
        #expect(merge.statistics.map(\.missed) == [0, 0, 0])
        merge.settle(at: SocketMerge.window)
        #expect(merge.statistics.map(\.missed) == [0, 0, 1])
        merge.delivered(key(2), by: 2, at: SocketMerge.window)
        merge.settle(at: SocketMerge.window + 10)
        #expect(
            merge.statistics == [
                SocketStatistics(first: 1, duplicates: 1, missed: 0), SocketStatistics(first: 1, duplicates: 0, missed: 1),
                SocketStatistics(first: 0, duplicates: 1, missed: 1),
            ])
    }

    @Test("the memory of deliveries is bounded; the oldest are decided early")
    func bounded() {
        var merge = SocketMerge(sockets: 2)
        for tid in 0..<Int64(SocketMerge.limit + 100) { merge.delivered(key(tid), by: 0, at: 0) }
        #expect(merge.statistics[1].missed == 100)
    }

    @Test("a subscription is covered while one socket has it, and lost with the last")
    func coverage() {
        var coverage = Coverage()
        let fills = FeedSubscription.userFills(user: "0xaa")
        let trades = FeedSubscription.trades(coin: "BTC")
        let isFirst = coverage.subscribed(fills, socket: 0)
        let isSecond = coverage.subscribed(fills, socket: 1)
        _ = coverage.subscribed(trades, socket: 0)
        #expect(isFirst && !isSecond)
        #expect(coverage.lost(socket: 0) == [trades])
        #expect(coverage.covers(fills) && !coverage.covers(trades))
        let isUnknown = coverage.ended(fills, socket: 0)
        let isLast = coverage.ended(fills, socket: 1)
        #expect(!isUnknown && isLast && !coverage.covers(fills))
        #expect(coverage.lost(socket: 1).isEmpty)
    }

    @Test("a trade is a fill of either party, with its side and whether it took; of nobody else, and of none who traded with itself")
    func parties() throws {
        let trade = MarketTrade(
            coin: "BTC", side: .sell, price: Price(50_000), size: Size(2), time: 7, hash: "0x0a", tid: 3, buyer: "0xaa", seller: "0xbb")
        let buyer = try #require(trade.leaderFill(of: "0xaa"))
        let seller = try #require(trade.leaderFill(of: "0xbb"))
        #expect(buyer.side == .buy && !buyer.crossed && seller.side == .sell && seller.crossed)
        #expect(buyer.source == .market && buyer.tid == 3 && buyer.time == 7 && buyer.size == Size(2))
        #expect(trade.leaderFill(of: "0xcc") == nil)
        var own = trade
        own.seller = "0xaa"
        #expect(own.leaderFill(of: "0xaa") == nil)
    }

    @Test("reads are paced to the weight they cost: a rest allows a burst, and no more than the rate follows")
    func weight() {
        let start = ContinuousClock.now
        var budget = WeightBudget(perMinute: 600, now: start)
        // ten seconds' worth at once
        #expect(budget.book(100, at: start) == start)
        #expect(budget.book(20, at: start) == start + .seconds(2))
        #expect(budget.book(2, at: start) == start + .milliseconds(2_200))
        let later = start + .seconds(3_600)
        #expect(budget.book(100, at: later) == later)
        #expect(budget.book(10, at: later) == later + .seconds(1))
    }
}
