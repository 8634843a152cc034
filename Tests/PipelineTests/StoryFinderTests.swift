import CopyTrading
import Testing

@testable import vibe

/// What `vibe explain` finds by the beginning of an id.
@Suite struct StoryFinderTests {
    @Test("a story is found by its signal, request, job and order, and by nothing else")
    func ids() async throws {
        try await Fleet.run(.alike(2)) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let finder = StoryFinder(connection: fleet.postgresObserver, redis: fleet.observer, keys: fleet.keys, partitioning: fleet.partitioning)
            let result = try #require(try await fleet.truth().results.first)
            let cloid = try #require(result.cloid?.text)
            for (id, copies) in [(result.signal.text, 2), (result.request.text, 1), (result.job.text, 1), (cloid, 1)] {
                let story = try await finder.find(String(id.prefix(24)).uppercased())
                #expect(story.signalID == result.signal.text, "\(id)")
                #expect(story.results.count == copies && story.requests.count == copies, "\(id)")
            }
            await #expect(throws: Failure.self) { try await finder.find("0xabcdefabcdef") }
        }
    }
}
