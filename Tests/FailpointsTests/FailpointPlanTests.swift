import Testing

@testable import Failpoints

@Suite("Failpoints")
struct FailpointPlanTests {
    private func refusal(_ text: String) -> FailpointPlan.Fault? {
        do {
            _ = try FailpointPlan(parsing: text, seed: 0)
            return nil
        } catch { return error }
    }

    /// The passes among the first so many at which something happens.
    private func passes(_ text: String, seed: UInt64 = 0, of count: Int) throws -> [Int] {
        let plan = try FailpointPlan(parsing: text, seed: seed)
        let armed = ArmedFailpoints(plan)
        return (1...count).compactMap { _ in armed.decide(plan.orders[0].point)?.pass }
    }

    @Test("a plan is read part by part, and reads back as it was written")
    func good() throws {
        let text = "work.after_journal=kill@37;audit.after_commit=stop@5;match.before_commit=delay:20ms%1000;ingest.before_publish=throw@1"
        let plan = try FailpointPlan(parsing: text, seed: 3)
        #expect(plan.orders.map(\.point) == [.workAfterJournal, .auditAfterCommit, .matchBeforeCommit, .ingestBeforePublish])
        #expect(plan.orders.map(\.action) == [.kill, .stop, .delay(microseconds: 20_000), .fail])
        #expect(plan.orders.map(\.moment) == [.pass(37), .pass(5), .oneIn(1_000), .pass(1)])
        #expect("\(plan)" == text)
    }

    @Test(
        "delays are a whole number and us, ms or s, up to a minute",
        arguments: [("1us", 1), ("250ms", 250_000), ("60s", 60_000_000), ("60000ms", 60_000_000)])
    func delays(text: String, microseconds: Int) throws {
        #expect(try FailpointPlan(parsing: "plan.after_fetch=delay:\(text)@1", seed: 0).orders[0].action == .delay(microseconds: microseconds))
    }

    @Test(
        "a fault names the part that is wrong and says what it should be",
        arguments: [
            ("", "POINT=ACTION@N"), ("work.after_journal", "POINT=ACTION@N"), ("work.after_journal=kill=1@2", "POINT=ACTION@N"),
            ("work.after_lunch=kill@1", "work.after_journal"), ("=kill@1", "work.after_journal"),
            ("work.after_journal=kill", "@N"), ("work.after_journal=kill@", "@N"), ("work.after_journal=kill@0", "@N"),
            ("work.after_journal=kill@-1", "@N"), ("work.after_journal=kill%1000000001", "@N"), ("work.after_journal=kill@ 1", "@N"),
            ("work.after_journal=explode@1", "delay:TIME"), ("work.after_journal=@1", "delay:TIME"),
            ("work.after_journal=delay:5@1", "delay:TIME"), ("work.after_journal=delay:61s@1", "delay:TIME"),
            ("work.after_journal=delay:0ms@1", "delay:TIME"), ("work.after_journal=delay:99999999999999999999s@1", "delay:TIME"),
            ("work.after_write=throw@1", "no failure of its own"), ("match.before_commit=stop@9", "at most once"),
        ])
    func faults(part: String, expected: String) throws {
        let fault = try #require(refusal("match.before_commit=kill@1;" + part))
        #expect(fault.part == part)
        #expect(fault.expected.contains(expected))
    }

    @Test("@N is the N-th pass and no other")
    func nthPass() throws {
        #expect(try passes("work.after_journal=kill@3", of: 10) == [3])
        #expect(try passes("work.after_journal=kill@1", of: 10) == [1])
    }

    @Test("points count each for itself, and one that is not armed never acts")
    func ownCounts() throws {
        let armed = ArmedFailpoints(try FailpointPlan(parsing: "work.before_send=kill@2;work.after_reply=kill@1", seed: 0))
        #expect(armed.decide(.workBeforeSend) == nil)
        #expect(armed.decide(.workAfterWrite) == nil)
        #expect(armed.decide(.workAfterReply)?.pass == 1)
        #expect(armed.decide(.workBeforeSend)?.pass == 2)
    }

    @Test("%N happens about once in N passes, the same with the same seed and otherwise with another seed or at another point")
    func probability() throws {
        let drawn = try passes("work.before_send=kill%10", seed: 7, of: 10_000)
        #expect((900...1_100).contains(drawn.count))
        #expect(try passes("work.before_send=kill%10", seed: 7, of: 10_000) == drawn)
        #expect(try passes("work.before_send=kill%10", seed: 8, of: 10_000) != drawn)
        #expect(try passes("work.after_reply=kill%10", seed: 7, of: 10_000) != drawn)
        #expect(try passes("work.before_send=kill%1", of: 3) == [1, 2, 3])
    }

    @Test("an armed throw is the caller's to throw, a delay lets it go on")
    func acting() throws {
        let armed = ArmedFailpoints(try FailpointPlan(parsing: "work.before_send=throw@2;plan.after_fetch=delay:1us@1", seed: 0))
        #expect([armed.pass(.workBeforeSend), armed.pass(.workBeforeSend), armed.pass(.workBeforeSend)] == [false, true, false])
        #expect(!armed.pass(stage: "plan", .afterFetch))
    }

    @Test("each step of each stage is a point of its own; the auditor's commit to its stream is an acknowledgement")
    func steps() {
        let steps: [Failpoint.Step] = [.beforeFetch, .afterFetch, .beforeCommit, .afterCommit]
        let points = ["match", "plan", "work", "audit"].flatMap { stage in steps.map { Failpoint.of(stage: stage, $0) } }
        #expect(!points.contains(nil) && Set(points).count == 16)
        #expect(Failpoint.of(stage: "audit", .beforeCommit)?.rawValue == "audit.before_ack")
        #expect(Failpoint.of(stage: "audit", .afterCommit)?.rawValue == "audit.after_ack")
        #expect(Failpoint.of(stage: "another", .afterFetch) == nil)
    }

    @Test("nothing is armed unless the environment says so")
    func unarmed() {
        #expect(!Failpoint.isArmed)
        Failpoint.reached(.workAfterJournal)
    }
}
