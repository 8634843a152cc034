import JSON
import Testing

@testable import Health

@Suite("What a process says of itself")
struct HealthReportTests {
    private func report(_ states: HealthSample.State...) -> HealthReport {
        HealthReport(process: "work-1", samples: states.enumerated().map { HealthSample("check-\($0.offset)", $0.element) })
    }

    @Test("the worst check counts; without what it can do without a process is still one to count on")
    func worst() {
        #expect(report(.ok, .ok).httpStatus == 200)
        #expect(report(.ok, .degraded).httpStatus == 200)
        #expect(report(.ok, .degraded).state == .degraded)
        #expect(report(.degraded, .failed, .ok).httpStatus == 503)
        #expect(report().httpStatus == 503, "nothing was looked at")
    }

    @Test("something is fresh until its limit, and never before it was seen at all")
    func fresh() {
        #expect(HealthSample.fresh("redis", age: .seconds(3), limit: .seconds(3)).state == .ok)
        #expect(HealthSample.fresh("redis", age: .milliseconds(3_001), limit: .seconds(3)).state == .failed)
        #expect(HealthSample.fresh("redis", age: nil, limit: .seconds(3)).state == .failed)
        #expect(HealthSample.fresh("redis", age: nil, limit: .seconds(3), failing: .degraded).state == .degraded)
    }

    @Test("what is wrong may pass within its limit")
    func lasting() {
        #expect(HealthSample.lasting("feed", nil, limit: .seconds(15)).state == .ok)
        #expect(HealthSample.lasting("feed", .seconds(15), limit: .seconds(15)).state == .ok)
        #expect(HealthSample.lasting("feed", .seconds(16), limit: .seconds(15)).state == .failed)
    }

    @Test("a report reads back what it wrote")
    func wire() throws {
        let report = HealthReport(
            process: "audit-1",
            samples: [
                HealthSample("redis", .ok, age: .milliseconds(120), limit: .seconds(3)), HealthSample("postgres", .failed, detail: "no \"route\""),
                HealthSample("exchange", .degraded),
            ])
        #expect(try HealthReport(json: JSON.parse(report.json.text())) == report)
        #expect(report.json.text().contains(#""status":"failed""#))
    }

    @Test("a state that is not known is an error, not health")
    func unknown() throws {
        let text = #"{"process":"a","status":"ok","checks":[{"name":"redis","status":"fine","detail":""}]}"#
        #expect(throws: JSONError.self) { try HealthReport(json: JSON.parse(text)) }
    }
}

@Suite("The board of checks")
struct HealthBoardTests {
    private func board() -> HealthBoard {
        HealthBoard(process: "work-1", checks: ["redis", "feed"].map { name in HealthCheck(name) { HealthSample(name, .ok) } })
    }

    @Test("a check without an answer fails after a while, and the others keep theirs")
    func silent() {
        let board = board()
        let start = ContinuousClock.now
        board.note(HealthSample("redis", .ok), at: start)
        board.note(HealthSample("feed", .ok), at: start)
        #expect(board.report(at: start + HealthBoard.silence).state == .ok)
        board.note(HealthSample("redis", .ok), at: start + .seconds(60))
        let report = board.report(at: start + .seconds(60))
        #expect(report.samples.map(\.state) == [.ok, .failed])
        #expect(report.samples[1].name == "feed")
    }

    @Test("before its first sample a check has failed: a process is not ready by default")
    func unseen() {
        let board = board()
        board.note(HealthSample("redis", .ok), at: .now)
        #expect(board.report.samples.map(\.state) == [.ok, .failed])
    }

    @Test("a check that hangs delays neither the report nor another check")
    func hanging() async throws {
        let board = HealthBoard(
            process: "work-1",
            checks: [
                HealthCheck("hangs") { try? await Task.sleep(for: .seconds(3_600)); return HealthSample("hangs", .ok) },
                HealthCheck("answers") { HealthSample("answers", .ok) },
            ])
        let running = Task { await board.run() }
        for _ in 0..<2_000 where board.report.samples.last?.state != .ok { try await Task.sleep(for: .milliseconds(5)) }
        #expect(board.report.samples.map(\.state) == [.failed, .ok])
        running.cancel()
        await running.value
    }
}
