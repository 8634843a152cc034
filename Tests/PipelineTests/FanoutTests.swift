import ConfigStore
import CopyTrading
import RedisStreams
import Testing

/// Many copies of one signal: their order, and the book they share (R-74).
@Suite struct FanoutTests {
    @Test("R-74: ranks are 1…n without holes across the chunks of a fan-out, a take-over between them included")
    func ranks() async throws {
        // three chunks
        let cast = Cast.alike(600)
        try await Fleet.run(cast) { fleet in
            let first = try await fleet.match("match-1") { HoldingHandler($0, after: 1) }
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the first chunk is out") { try await fleet.added(.requests) == 256 }
            first.kill()
            try await fleet.match("match-2")
            try await fleet.eventually("all are out") { try await fleet.added(.requests) == 600 }
            try await fleet.settled(signals: 1, groups: [Group.matcher, Group.audit])
            let requests = try await fleet.truth().requests
            let places = try requests.map { try #require($0.place) }
            #expect(places.map(\.rank).sorted() == Array(1...600))
            #expect(Set(places.map(\.followers)) == [600])
            #expect(Set(places.map(\.part)) == [FanoutPlace.whole / 600])
            // the order that has turned, whatever partition each is in
            let names = cast.followers.map { SubscriptionID("\($0.id):leader") }.sorted()
            let order = requests.sorted { $0.place!.rank < $1.place!.rank }.map(\.subscription)
            let turn = try #require(order.first.flatMap { names.firstIndex(of: $0) })
            #expect(order == Array(names[turn...] + names[..<turn]))
        }
    }

    @Test("R-74: copies together take their share of a thin book, each its part; what is too small is skipped, and exits are whole")
    func thinBook() async throws {
        func follower(_ id: String, _ notional: Int) -> Cast.Follower {
            .init(id, of: "leader", settings: #"sizing: {mode: fixed_notional, notional: "\#(notional)"}, limits: {entry_expiry_ms: 60000}"#)
        }
        let cast = Cast([follower("large", 3_000), follower("middle", 1_000), follower("tiny", 12)])
        // some 4,000 USDC a side, all within 50 bps
        try await Fleet.run(cast, simulator: { $0.levelDepth = Notional(200) }) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", .init(fanoutDepthShare: 50))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.watch(withDepth: true)
            try await fleet.eventually("the book is known") { fleet.quotes.depth("BTC") != nil && fleet.quotes.quote("BTC")?.bestAsk != nil }
            let before = try #require(fleet.quotes.depth("BTC"))
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let books = [before, try #require(fleet.quotes.depth("BTC"))]
            let opened = try await fleet.verify()
            let results = try ["large", "middle", "tiny"].map { try #require(opened.results(of: "\($0):leader").first) }
            #expect(results.map(\.outcome) == [.filled, .filled, .noBook])
            #expect(results.map { $0.place?.followers } == [3, 3, 3])
            #expect(results.prefix(2).allSatisfy { ($0.copyLag ?? 0) > 0 } && results[2].copyLag == nil)
            #expect(results[2].detail?.contains("by depth") == true)
            let cuts = try results.prefix(2).map { result in try #require(result.clips.first { $0.gate == .depth }) }
            // another book may have come between the two
            let rooms = books.map { $0.visible(to: .buy, within: results[0].limit ?? Price(50_250)).e8 / 2 }
            #expect(cuts.reduce(0) { $0 + $1.after.e8 } <= rooms.max()!)
            let perThousand = cuts[0].after.e8 * 1_000 / cuts[1].after.e8
            #expect(books[0].asks != books[1].asks || (2_999...3_000).contains(perThousand), "\(cuts)")

            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let closed = try await fleet.verify()
            for follower in cast.followers { #expect(closed.position(of: follower.account, "BTC") == .zero) }
            let exits = closed.results.filter { $0.action == .close }
            #expect(exits.filter(\.outcome.isExecuted).count == 2)
            #expect(exits.flatMap(\.clips).allSatisfy { $0.gate != .depth })
        }
    }

    @Test("R-74: where no book is known, copies go as they are")
    func unknownBook() async throws {
        let cast = Cast.alike(2)
        try await Fleet.run(cast, simulator: { $0.levelDepth = Notional(200) }) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", .init(fanoutDepthShare: 1))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            #expect(truth.results.flatMap(\.clips).allSatisfy { $0.gate != .depth })
        }
    }
}
