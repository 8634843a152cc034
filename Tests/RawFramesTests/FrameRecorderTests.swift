import CopyTrading
import Logging
import Postgres
import TestServers
import Testing

@testable import RawFrames

@Suite struct FrameRecorderTests {
    @Test("frames are stored as they came, under their day, with what they are found by")
    func stored() async throws {
        let site = try await Site()
        let odd = RawFrame(receivedAt: day21 + 86_400_000_000, origin: "rest", channel: "trades\0", users: [], coin: "xyz:CL\0", bytes: [0xFF, 0, 0x22])
        await site.record { recorder in
            recorder.keep(frame(#"{"channel":"userFills"}"#))
            recorder.keep(odd)
            recorder.declare(
                LeaderGap(
                    influencer: "leader", coin: "BTC", from: 5, to: 9, expected: Size(2), found: Size(-1), reason: .fillsMissing,
                    handling: .resynchronised))
        }
        let rows = try await site.connection.query(
            "SELECT day::text AS day, source, number, channel, users, coin, frame FROM raw_frames ORDER BY number", results: .binary)
        #expect(try rows.map { try $0.text("day") } == ["2026-11-21", "2026-11-22"])
        #expect(try rows[0].texts("users") == ["0xaa"] && rows[1].texts("users") == [])
        #expect(try rows[1].text("channel") == "trades" && rows[1].maybeText("coin") == "xyz:CL")
        #expect(try rows[1].bytes("frame") == odd.bytes)
        let gap = try await site.connection.query("SELECT influencer, coin, expected::text AS e, found::text AS f, reason, handled FROM leader_gaps")[0]
        #expect(try gap.text("e") == "2" && gap.text("f") == "-1" && gap.text("reason") == "fills_missing" && gap.text("handled") == "resynchronised")
    }

    @Test("while Postgres is away frames wait within the bound; when it is back they are stored, and so is what was lost")
    func outage() async throws {
        let server = try PrivatePostgres()
        let site = try await Site(server)
        var configuration = FrameRecorder.Configuration(bufferedFrames: 3, bufferedBytes: 1_000)
        configuration.retryAfter = .milliseconds(20)
        let recorder = site.recorder("ingest-1@1", configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await recorder.run() }
            recorder.keep(frame("0", at: day21))
            while recorder.statistics.written < 1 { await Task.yield() }
            server.stop()
            for index in 1...5 { recorder.keep(frame("\(index)", at: day21 + Int64(index))) }
            #expect(recorder.statistics.dropped == 2)
            try server.start()
            while recorder.statistics.written < 5 { try await Task.sleep(for: .milliseconds(5)) }
            recorder.keep(frame("6", at: day21 + 6))
            recorder.stop()
            try await group.waitForAll()
        }
        let texts = try await PostgresConnection(url: site.url, name: "again", logger: Logger(label: "test"))
            .query("SELECT convert_from(frame, 'UTF8') AS text FROM raw_frames ORDER BY number").map { try $0.text("text") }
        #expect(texts == ["0", "1", "2", "3", "6"])
        let gap = try await PostgresConnection(url: site.url, name: "again", logger: Logger(label: "test")).query("SELECT * FROM raw_frame_gaps")[0]
        #expect(try gap.integer("count") == 2 && gap.integer("from_us") == day21 + 4 && gap.integer("to_us") == day21 + 5)
    }

    @Test("a batch that is written again changes nothing, and another start of the process is another source")
    func repeated() async throws {
        let site = try await Site()
        for source in ["ingest-1@1", "ingest-1@1", "ingest-1@2"] {
            await site.record(source) { recorder in
                recorder.keep(frame("a"))
                recorder.keep(frame("b"))
            }
        }
        #expect(try await site.count("raw_frames") == 4)
    }

    @Test("without frames wanted only gaps are stored")
    func none() async throws {
        let site = try await Site()
        await site.record("ingest-1@1", .init(keepsFrames: false)) { recorder in
            recorder.keep(frame("a"))
            recorder.declare(LeaderGap(influencer: "a", coin: nil, from: 1, to: 2, reason: .unverified, handling: .entriesDropped))
        }
        #expect(try await site.count("raw_frames") == 0)
        #expect(try await site.count("leader_gaps") == 1)
    }
}
