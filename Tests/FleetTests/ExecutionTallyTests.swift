import CopyTrading
import Foundation
import JSON
import Logging
import Redis
import RedisStreams
import Testing

@testable import vibe

/// The count at the end of a benchmark, on streams written by hand.
@Suite("What a benchmark counts")
struct ExecutionTallyTests {
    private static let fanOut = 2
    private static let keys = Keys()
    private static let partitioning = Partitioning(signals: 1, accounts: 1)

    @Test("a missing result, a second one, a fill without a signal and a signal of no fill are each counted; the rest adds up")
    func faults() async throws {
        let tally = try await tally { redis in
            for fill in [0, 1, 3] { try await signal(fill, redis) }
            for pair in ["0.0", "0.1", "1.0", "1.0"] { try await execution(pair, redis) }
        }
        #expect(tally.published == 3)
        #expect(tally.signals == 3)
        #expect(tally.results == 4)
        #expect(tally.duplicates == 1)
        #expect(tally.lost == 3)
        #expect(tally.lostSignals == 1)
        #expect(tally.strangeSignals == 1)
        #expect(tally.outcomes == [.filled: 4])
        #expect(tally.attempts == 4)
    }

    @Test("a complete run has no faults, and times are taken of measured fills only, from the moment they were due")
    func complete() async throws {
        let tally = try await tally { redis in
            for fill in 0..<3 {
                try await signal(fill, redis)
                for follower in 0..<Self.fanOut { try await execution("\(fill).\(follower)", redis) }
            }
        }
        #expect(tally.lost == 0)
        #expect(tally.duplicates == 0)
        #expect(tally.lostSignals == 0)
        #expect(tally.strangeSignals == 0)
        #expect(tally.executed == 6)
        // fills 1 and 2 are measured; frames arrive 2 ms after their moment, orders go out 10 ms later
        let received = try #require(tally.hops[.dueToReceived])
        #expect(received.count == 4)
        #expect((1_980...2_020).contains(received.microseconds(50)))
        #expect((9_900...10_100).contains(try #require(tally.hops[.receivedToSent]).microseconds(99)))
        #expect((11_900...12_100).contains(try #require(tally.hops[.dueToSent]).microseconds(100)))
    }

    /// Runs the tally over what `write` puts into the streams of a real server: three fills published, of which the last two are measured.
    private func tally(_ write: (RedisConnection) async throws -> Void) async throws -> ExecutionTally {
        try await withRun { run in
            let logger = CommandLogger.make("test")
            let server = try await PrivateRedis.start(in: run, logger: logger)
            let redis = RedisConnection(
                endpoint: try RedisEndpoint(parsing: server.url), timeout: .seconds(5), name: "test", logger: logger)
            do {
                try await write(redis)
                let mark = try await self.mark(redis)
                let tally = try await ExecutionTally.make(
                    StreamScan(redis: redis, keys: Self.keys, partitioning: Self.partitioning), published: 3, fanOut: Self.fanOut,
                    schedule: schedule, measured: 1..<3, window: BenchWindow(from: mark, to: mark))
                await redis.close()
                await server.stop()
                return tally
            } catch {
                await redis.close()
                await server.stop()
                throw error
            }
        }
    }

    private let schedule = LoadSchedule(fills: 0..<3, leaders: 1, rate: 100, start: 1_700_000_000_000_000)

    private func mark(_ redis: RedisConnection) async throws -> BenchMark {
        BenchMark(
            counters: try await StreamCounters.read(redis, Self.keys), redis: try await RedisUsage.read(redis), machine: nil, processes: [:])
    }

    private func signal(_ fill: Int, _ redis: RedisConnection) async throws {
        let trade = SyntheticFill(number: fill, leaders: 1).trade
        try await add(.signals, id: "signal-\(fill)", ["firstFill": .integer(trade)], redis)
    }

    /// A request, a job and a result of a pair such as `1.0`: fill 1, follower 0.
    private func execution(_ pair: String, _ redis: RedisConnection) async throws {
        let fill = Int(pair.prefix(1)) ?? 0
        let due = schedule.due(fill)
        let result = ExecutionResult(
            job: JobID("job-\(pair)"), request: RequestID("request-\(pair)"), signal: SignalID("signal-\(fill)"), subscription: "s",
            subscriber: "s", account: "0x00", influencer: "i", coin: "C", action: .open, side: .buy, outcome: .filled, attempts: 1,
            times: .init(received: due + 2_000, planned: due + 3_000, prepared: due + 5_000, sent: due + 12_000, acknowledged: due + 14_000))
        try await add(.requests, id: "request-\(pair)", [:], redis)
        try await add(.jobs, id: "job-\(pair)", [:], redis)
        try await add(.results, id: "job-\(pair)", result.json, redis)
    }

    private func add(_ stream: RedisStreams.Stream, id: String, _ data: JSON, _ redis: RedisConnection) async throws {
        let key = Self.keys.stream(StreamPartition(stream, 0))
        _ = try await redis.send(RedisCommand("XADD", key, "*", "id", id, "data", data.text())).checked()
    }
}
