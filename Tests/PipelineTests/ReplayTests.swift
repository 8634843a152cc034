import AuditTrail
import ConfigStore
import CopyTrading
import JSON
import Postgres
import RawFrames
import Testing

@testable import vibe

/// A day that a fleet decided is decided again from its audit trail.
@Suite struct ReplayTests {
    private let cast = Cast([
        .init("all", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 60000}"#),
        .init(
            "capped", of: "leader",
            settings: #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {max_order_notional: "400", entry_expiry_ms: 60000}"#),
        .init("off", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.1"}, state: paused"#),
    ])

    @Test("every decision comes out the same, jobs and skips, under every configuration of the day; what was altered is shown, both sides")
    func day() async throws {
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll()
            var signals = try await fleet.load(cycles: 2)
            try await fleet.settled(signals: signals)
            let newer = try await fleet.apply(try cast.configuration { $0.settings.replacing("\"0.1\"", with: "\"0.2\"") })
            try await fleet.eventually("decisions are made under the new configuration") {
                signals += try await fleet.load(cycles: 1)
                try await fleet.settled(signals: signals)
                return try await fleet.truth().jobs.values.contains { $0.job.decision?["configVersion"] == .integer(newer) }
            }
            let truth = try await fleet.verify()

            let clean = try await replay(fleet)
            #expect(clean.map(\.isClean) == clean.map { _ in true })
            #expect(clean.reduce(0) { $0 + $1.requests } == truth.requests.count)
            #expect(clean.reduce(0) { $0 + $1.identical } == truth.results.count)
            #expect(clean.allSatisfy { $0.legs == $0.identical && $0.different == 0 && $0.unrecorded == 0 })
            #expect(clean.allSatisfy { $0.finalLine.hasPrefix("replayed: day=") })
            let versions = truth.jobs.values.compactMap { $0.job.decision?["configVersion"] }
            #expect(Set(versions.map { $0.text() }) == ["1", "2"] && versions.count == truth.jobs.count)
            let planned = truth.results(of: "off:leader")
            #expect(!planned.isEmpty && planned.allSatisfy { $0.decision != nil })
            #expect(truth.results(of: "all:leader").allSatisfy { $0.decision == nil })

            try await alterSize(truth, fleet)
            try await alterSkip(truth, fleet)
            try await alterLifecycle(truth, fleet)
            try await forgetDecision(truth, fleet)
        }
    }

    @Test("R-08: a composed request is decided again from its parts, and other parts are a difference")
    func composed() async throws {
        try await Fleet.run(Cast.alike(2)) { fleet in
            try await fleet.match()
            try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            // Opened, added to, turned over; and opened, reduced.
            let moves = [("BTC", Side.buy, "1"), ("ETH", .buy, "2"), ("BTC", .buy, "1"), ("ETH", .sell, "1"), ("BTC", .sell, "3")]
            for (coin, side, size) in moves {
                try await fleet.exchange.trade("leader", coin, side, size)
            }
            try await fleet.eventually("ten requests wait") { try await fleet.added(.requests) == 10 }
            try await fleet.plan(coalesceAfter: .milliseconds(1))
            try await fleet.settled(signals: 5)
            let truth = try await fleet.verify()
            let reports = try await replay(fleet)
            #expect(reports.allSatisfy { $0.isClean && $0.unrecorded == 0 })
            #expect(reports.reduce(0) { $0 + $1.identical } == truth.results.count)

            let job = try #require(truth.jobs.values.first { $0.job.coin == "BTC" }).job
            var record = try DecisionRecord(json: try #require(job.decision))
            #expect(record.composedOf.count == 2)
            let parts = record.composedOf.map(\.text).joined(separator: " ")
            record.composedOf.removeFirst()
            var altered = job
            altered.decision = record.json
            try await withStored(job.id, .jobs, altered.json, job.json, fleet) { reports in
                let field = ReplayDifference.Field(name: "composedOf", recorded: record.composedOf[0].text, again: parts)
                let difference = try onlyDifference(reports)
                #expect(difference.fields == [field])
            }
        }
    }

    @Test("a day that is not on record is answered with those that are")
    func otherDay() async throws {
        try await Fleet.run(Cast.alike(1)) { fleet in
            let reader = AuditReader(fleet.postgresObserver)
            let day = try #require(ArchiveDay("2001-02-03"))
            func failure() async -> Failure? {
                do { _ = try await DayReplay.run(day, reader, store(fleet), shown: 1) } catch { return error as? Failure }
                return nil
            }
            let empty = try #require(await failure())
            #expect(empty.kind == .usage && empty.problem.contains("2001-02-03"))
            #expect(empty.nextStep?.contains("none of any day") == true)
            try await fleet.startAll()
            try await fleet.settled(signals: try await fleet.load(cycles: 1))
            let days = try await reader.requestDays().map { "\(ArchiveDay(number: $0))" }
            #expect(!days.isEmpty)
            #expect(await failure()?.nextStep == "days on record: \(days.joined(separator: ", "))")
        }
    }

    @Test("a day of which nothing could be decided again proves nothing")
    func nothingProven() throws {
        var report = ReplayReport(day: try #require(ArchiveDay("2026-11-26")), expected: 1, shown: 1)
        report.requests = 1
        report.legs = 1
        #expect(!report.isClean)
        #expect(report.finalLine == "FAILED: day=2026-11-26 requests=1 legs=1 identical=0 different=0 unrecorded=0")
        report.identical = 1
        #expect(report.isClean)
        #expect(report.finalLine == "replayed: day=2026-11-26 requests=1 legs=1 identical=1 different=0 unrecorded=0")
    }

    // MARK: - What is altered, and put right again

    /// An entry's size: the first difference, and the only one.
    private func alterSize(_ truth: Truth, _ fleet: Fleet) async throws {
        let item = try #require(truth.jobs.values.first { if case .size = $0.job.quantity { true } else { false } })
        var altered = item.job
        altered.quantity = .size(try Size(parsing: "7.5"))
        try await withStored(item.job.id, .jobs, altered.json, item.job.json, fleet) { reports in
            let difference = try onlyDifference(reports)
            guard case .size(let size) = item.job.quantity else { return }
            #expect(difference.fields == [ReplayDifference.Field(name: "sz", recorded: "7.5", again: "\(size)")])
            #expect(difference.job == item.job.id && difference.request == item.job.request && difference.same > 10)
            let report = try #require(reports.first { !$0.isClean })
            let text = report.text(for: Terminal(descriptor: -1))
            #expect(text.contains("sz") && text.contains("7.5") && text.contains("\(size)") && text.contains(item.job.id.text))
            #expect(report.finalLine.hasPrefix("FAILED: ") && report.finalLine.contains(" different=1 "))
            #expect(report.json["clean"] == false)
        }
    }

    /// A skip's outcome.
    private func alterSkip(_ truth: Truth, _ fleet: Fleet) async throws {
        let skip = try #require(truth.results(of: "off:leader").first { $0.outcome == .paused })
        var altered = skip
        altered.outcome = .stale
        try await withStored(skip.job, .results, altered.json, skip.json, fleet) { reports in
            let difference = try onlyDifference(reports)
            #expect(difference.fields == [ReplayDifference.Field(name: "outcome", recorded: "SKIP_STALE", again: "SKIP_PAUSED")])
        }
    }

    /// The lifecycle that an exit is said to have begun with: decided on that, the exit is the same, but it is not what was left before.
    private func alterLifecycle(_ truth: Truth, _ fleet: Fleet) async throws {
        let job = try #require(truth.jobs.values.first { $0.job.action == .reduce || $0.job.action == .close }).job
        var record = try DecisionRecord(json: try #require(job.decision))
        let before = try #require(record.lifecycle)
        record.lifecycle?.k = Ratio(e18: before.k.e18 + 1)
        var altered = job
        altered.decision = record.json
        try await withStored(job.id, .jobs, altered.json, job.json, fleet) { reports in
            // A reduce passes its lifecycle on, so that the next decision does not begin with what this one now leaves.
            let fields = reports.flatMap(\.differences).flatMap(\.fields)
            #expect(fields.allSatisfy { $0.name == "lifecycle before" })
            #expect(fields.contains { $0.recorded == record.lifecycle?.json.text() && $0.again == before.json.text() })
            #expect(reports.reduce(0) { $0 + $1.different } == (job.action == .reduce ? 2 : 1))
        }
    }

    /// As an earlier version of the program would have left it: no difference, but no proof either.
    private func forgetDecision(_ truth: Truth, _ fleet: Fleet) async throws {
        let job = try #require(truth.jobs.values.first).job
        var bare = job
        bare.decision = nil
        try await withStored(job.id, .jobs, bare.json, job.json, fleet) { reports in
            #expect(reports.allSatisfy { $0.different == 0 } && reports.reduce(0) { $0 + $1.unrecorded } == 1)
            let report = try #require(reports.first { $0.unrecorded == 1 })
            #expect(report.legs == report.identical + 1 && report.isClean)
            #expect(report.unrecordedNames.count == 1 && report.unrecordedNames[0].contains(job.request.text))
        }
    }

    // MARK: - Parts

    private func store(_ fleet: Fleet) -> ConfigStore { ConfigStore(url: fleet.database, logger: fleet.log.logger("replay")) }

    /// Of each day that the test touched: one, or two around midnight.
    private func replay(_ fleet: Fleet) async throws -> [ReplayReport] {
        let reader = AuditReader(fleet.postgresObserver)
        var reports: [ReplayReport] = []
        for day in try await reader.requestDays() {
            reports.append(try await DayReplay.run(ArchiveDay(number: day), reader, store(fleet), shown: 10))
        }
        return reports
    }

    private func onlyDifference(_ reports: [ReplayReport]) throws -> ReplayDifference {
        #expect(reports.reduce(0) { $0 + $1.different } == 1)
        return try #require(reports.flatMap(\.differences).first)
    }

    /// Replays with one entry's JSON exchanged.
    private func withStored(
        _ job: JobID, _ kind: AuditKind, _ altered: JSON, _ original: JSON, _ fleet: Fleet, _ check: ([ReplayReport]) throws -> Void
    ) async throws {
        for json in [altered, original] {
            let rows = try await fleet.postgresObserver.query(
                "UPDATE audit_entries SET data = $3::json WHERE job_id = $1 AND kind = $2 RETURNING job_id",
                [.text(job.text), .text(kind.name), .text(json.text())])
            #expect(rows.count == 1)
            let reports = try await replay(fleet)
            if json == altered { try check(reports) } else { #expect(reports.allSatisfy { $0.isClean }) }
        }
    }
}
