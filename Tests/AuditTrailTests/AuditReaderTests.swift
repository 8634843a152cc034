import AuditTrail
import CopyTrading
import Testing

struct AuditReaderTests {
    /// Two signals to two subscriptions; the second signal is a flip.
    private func copies() -> Copies {
        var copies = Copies()
        copies.signal("s1")
        copies.signal("s2", legs: 2)
        for subscription in ["a", "b"] {
            copies.request("s1", subscription)
            copies.request("s2", subscription, legs: 2)
            copies.job("s1", subscription)
            copies.job("s2", subscription, leg: 0)
            copies.job("s2", subscription, leg: 1)
        }
        copies.result("s1", "a", cloid: "0x1", sent: 10)
        copies.result("s1", "b", outcome: "SKIP_STALE")
        copies.result("s2", "a", leg: 0, cloid: "0x2", sent: 20)
        copies.result("s2", "a", leg: 1, outcome: "OK_PARTIAL", cloid: "0x3", sent: 20)
        copies.result("s2", "b", leg: 0, outcome: "SKIP_NO_POSITION")
        return copies
    }

    private func stored(_ copies: Copies) async throws -> Trail {
        let trail = try await Trail()
        _ = try await trail.writer.write(Array(copies.batches.values))
        return trail
    }

    @Test("pairs count each leg of each request, and name those without a result")
    func pairs() async throws {
        var copies = copies()
        let incomplete = try await stored(copies).reader.pairs()
        #expect(incomplete.signals == 2 && incomplete.requests == 4 && incomplete.pairs == 6 && incomplete.results == 5)
        #expect(incomplete.missing == 1 && incomplete.duplicates == 0 && incomplete.executed == 3)
        let pair = try #require(incomplete.unanswered.first)
        #expect(incomplete.unanswered.count == 1 && pair.signal == "s2" && pair.subscription == "b" && pair.request == "s2/b")
        #expect(pair.legs == 2 && pair.jobs == 1 && pair.results == 1)
        copies.result("s2", "b", leg: 1, outcome: "FAIL_REJECTED")
        let complete = try await stored(copies).reader.pairs()
        #expect(complete.missing == 0 && complete.unanswered.isEmpty && complete.results == complete.pairs)
        #expect(complete.outcomes == [.filled: 2, .partial: 1, .stale: 1, .noPosition: 1, .rejected: 1])
        copies.result("s2", "b", leg: 1, outcome: "NO_SUCH_CODE")
        let twice = try await stored(copies).reader.pairs()
        #expect(twice.duplicates == 1 && twice.unknownOutcomes == 1 && twice.unanswered.map(\.request) == ["s2/b"])
        copies.result("s1", "a", leg: 1)
        let more = try await stored(copies).reader.pairs()
        #expect(more.duplicates == 2 && more.missing == 0 && more.unanswered.map { "\($0.request) \($0.legs) \($0.jobs)" } == ["s1/a 1 2", "s2/b 2 2"])
    }

    @Test("a job that a worker made by itself is due one result, too; what an order did that rested at the exchange has a result alone")
    func own() async throws {
        var copies = Copies()
        copies.signal("s1")
        copies.request("s1", "a")
        copies.job("s1", "a")
        copies.result("s1", "a")
        copies.ownResult("p1", "a", origin: "protection")
        let none = try await stored(copies).reader.pairs()
        #expect(none.pairs == 1 && none.results == 2 && none.missing == 0 && none.duplicates == 0 && none.unansweredOwn.isEmpty)

        copies.ownJob("d1", "a", origin: "drift")
        let incomplete = try await stored(copies).reader.pairs()
        #expect(incomplete.missing == 1 && incomplete.duplicates == 0 && incomplete.unanswered.isEmpty)
        #expect(incomplete.unansweredOwn.map { "\($0.job) \($0.subscription ?? "") \($0.results)" } == ["d1 a 0"])
        var dropped = copies
        dropped.drop(job: "d1")
        let ended = try await stored(dropped).reader.pairs()
        #expect(ended.missing == 0 && ended.dropped == 1 && ended.unansweredOwn.isEmpty)

        copies.ownResult("d1", "a", origin: "drift")
        let complete = try await stored(copies).reader.pairs()
        #expect(complete.missing == 0 && complete.duplicates == 0 && complete.unansweredOwn.isEmpty)

        copies.ownResult("d1", "a", origin: "drift")
        copies.ownResult("p1", "a", origin: "protection")
        let reader = try await stored(copies).reader
        let twice = try await reader.pairs()
        #expect(twice.missing == 0 && twice.duplicates == 2 && twice.unanswered.isEmpty)
        #expect(twice.unansweredOwn.map { "\($0.job) \($0.results)" } == ["d1 2", "p1 2"])
        #expect(try await reader.pairs(listed: 1).unansweredOwn.map(\.job) == ["d1"])
    }

    @Test("what is there twice is named")
    func duplicates() async throws {
        var copies = copies()
        #expect(try await stored(copies).reader.duplicates().isEmpty)
        copies.signal("s1")
        copies.request("s1", "a")
        copies.job("s1", "a")
        copies.result("s1", "a", cloid: "0x2")
        let found = try await stored(copies).reader.duplicates()
        #expect(
            found.map { "\($0.what) \($0.id) \($0.count)" }.sorted() == [
                "job s1/a/0 2", "order 0x2 2", "request s1/a 2", "result s1/a/0 2", "signal s1 2",
            ])
    }

    @Test("entries without their cause are named")
    func orphans() async throws {
        var copies = copies()
        #expect(try await stored(copies).reader.orphans().isEmpty)
        copies.request("s9", "a")
        copies.result("s8", "a")
        let found = try await stored(copies).reader.orphans()
        #expect(found.map { "\($0.kind.name) \($0.cause ?? "")" }.sorted() == ["execution_requests s9", "execution_results s8/a"])
    }

    @Test("an order that overtook another of its lane is named; orders of one action are equals")
    func reorders() async throws {
        #expect(try await stored(copies()).reader.reorders().isEmpty)
        var copies = Copies()
        for signal in ["s1", "s2", "s3"] { copies.job(signal, "a") }
        copies.result("s1", "a", cloid: "0x1", sent: 50)
        copies.result("s2", "a", cloid: "0x2", sent: 30)
        copies.result("s3", "a", cloid: "0x3", sent: 60)
        let found = try await stored(copies).reader.reorders()
        #expect(found.map { "\($0.account) \($0.coin) \($0.job) \($0.cloid) \($0.seq) \($0.overtakenBy)" } == ["0xa BTC s1/a/0 0x1 1 2"])
    }

    @Test("a signal's story has all its copies, or one subscription's")
    func signalStory() async throws {
        let trail = try await stored(copies())
        let story = try await trail.reader.story(of: SignalID("s2"))
        #expect(story.signal?.entryID.milliseconds == Trail.noon + 2)
        #expect(story.requests.map(\.request) == ["s2/a", "s2/b"])
        #expect(story.jobs.count == 4 && story.results.count == 3 && !story.isTruncated)
        let one = try await trail.reader.story(of: SignalID("s2"), subscription: "b")
        #expect(one.signal != nil && one.requests.count == 1 && one.jobs.count == 2 && one.results.map(\.outcome) == ["SKIP_NO_POSITION"])
        #expect(try await trail.reader.story(of: SignalID("s2"), limit: 3).isTruncated)
        #expect(try await trail.reader.story(of: SignalID("nothing")).isEmpty)
    }

    @Test("fan-outs come with their copies and configuration versions, page by page")
    func fanout() async throws {
        var copies = Copies()
        for number in 1...7 {
            copies.signal("s\(number)")
            for subscription in ["a", "b"].prefix(number % 3) { copies.request("s\(number)", subscription, version: number) }
        }
        let trail = try await stored(copies)
        var pages: [Int] = []
        var found: [AuditFanout] = []
        try await trail.reader.forEachFanout(size: 3) { page in
            pages.append(page.count)
            found += page
        }
        #expect(pages == [3, 3, 1])
        #expect(found.map(\.copies.count) == [1, 2, 0, 1, 2, 0, 1])
        #expect(found[4].copies.map(\.subscription) == ["a", "b"] && found[4].copies.map(\.request) == ["s5/a", "s5/b"])
        #expect(found[4].copies.map(\.configVersion) == [5, 5])
    }

    @Test("a subscription's requests for a signal are told apart, and one that went round again is one")
    func requests() async throws {
        var copies = Copies()
        copies.signal("s1")
        for subscription in ["a", "b", "b"] { copies.request("s1", subscription) }
        let trail = try await stored(copies)
        try await trail.connection.execute("UPDATE audit_entries SET subscription = 'a', request_id = 'other' WHERE seq = 3")
        var found: [AuditFanout] = []
        try await trail.reader.forEachFanout { found += $0 }
        #expect(found.map(\.requests) == [["a": ["s1/a", "other"], "b": ["s1/b"]]])
        try await trail.connection.execute("UPDATE audit_entries SET subscription = 'b', request_id = 's1/b' WHERE seq = 3")
        found = []
        try await trail.reader.forEachFanout { found += $0 }
        #expect(found.map(\.requests) == [["a": ["s1/a"], "b": ["s1/b"]]])
    }

    @Test("pages cover all streams of a stage, each row once and in order")
    func pages() async throws {
        let trail = try await Trail()
        let day: Int64 = 86_400_000
        for number in 0..<3 {
            let stream = "vibe:{c0}:execution_results:0\(number)"
            let entries = (1...25).map { Trail.entry(stream, Int64($0), at: Trail.noon + Int64($0 / 5) * day) }
                .enumerated().map { offset, entry in
                    AuditEntry(
                        stream: stream, entryMilliseconds: entry.entryMilliseconds, entrySequence: Int64(offset), fields: entry.fields)
                }
            _ = try await trail.writer.write(stream: stream, epoch: 1, entries: entries)
        }
        var rows: [AuditRow] = []
        try await trail.reader.forEachPage(of: .results, size: 7) { page in
            #expect(page.count <= 7)
            rows += page
        }
        #expect(rows.count == 75)
        #expect(
            rows.map { "\($0.stream) \($0.seq ?? 0)" }
                == (0..<3).flatMap { stream in (1...25).map { "vibe:{c0}:execution_results:0\(stream) \($0)" } })
    }

    @Test("a day's requests come with the jobs and skips they led to, also of a later day, page by page; other days' do not")
    func decisions() async throws {
        let trail = try await Trail()
        let midnight = (Trail.noon / 86_400_000 + 1) * 86_400_000
        func entry(_ stream: String, _ seq: Int64, at time: Int64, _ data: String) -> AuditEntry {
            Trail.entry(stream, seq, at: time, data: data)
        }
        let times = [midnight - 1, midnight, midnight + 86_399_999, midnight + 86_400_000]
        let requests = zip(1..., times).map { number, time in
            entry(Trail.requests, Int64(number), at: time, #"{"id":"r\#(number)","subscription":"a","signal":{"id":"s\#(number)"}}"#)
        }
        let late = midnight + 86_400_005
        _ = try await trail.writer.write(stream: Trail.requests, epoch: 1, entries: requests)
        _ = try await trail.writer.write(
            stream: Trail.jobs, epoch: 1, entries: [entry(Trail.jobs, 1, at: late, #"{"id":"j2","request":"r2","signal":"s2"}"#)])
        _ = try await trail.writer.write(
            stream: Trail.results, epoch: 1,
            entries: [
                entry(Trail.results, 1, at: midnight + 86_399_999, #"{"job":"j3","request":"r3","signal":"s3","outcome":"SKIP_STALE"}"#),
                entry(Trail.results, 2, at: late, #"{"job":"j2","request":"r2","signal":"s2","outcome":"OK_FILLED","cloid":"0x1"}"#),
            ])
        let day = Int32(midnight / 86_400_000)
        var pages: [[AuditDecision]] = []
        try await trail.reader.forEachDecision(on: day, size: 1) { pages.append($0) }
        #expect(pages.map { $0.map(\.request.request) } == [["r2"], ["r3"]])
        let answers = pages.flatMap { $0 }.map { $0.answers.map { "\($0.kind.name) \($0.job ?? "")" } }
        #expect(answers == [["execution_jobs j2"], ["execution_results j3"]])
        #expect(try await trail.reader.requestCount(on: day) == 2)
        #expect(try await trail.reader.requestDays() == [day - 1, day, day + 1])
        #expect(try await trail.reader.requestCount(on: day + 2) == 0)
    }

    @Test(
        "the stage is read from a stream's key",
        arguments: [
            ("vibe:{c0}:execution_jobs:17", AuditKind.jobs), ("vibe:{c0}:influencer_signals:01", .signals), ("execution_results", .results),
            ("vibe:{c0}:dead_letters", .other("dead_letters")), ("p:{a:b}:execution_requests:0", .requests),
        ])
    func kinds(stream: String, kind: AuditKind) {
        #expect(AuditKind(stream: stream) == kind)
        #expect(AuditKind(name: kind.name) == kind)
    }
}
