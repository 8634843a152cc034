import CopyTrading
import JSON
import RedisStreams
import Settings
import Testing

@testable import vibe

/// The checks of chaos one by one, on what they would read. What they read of a real fleet: `ChaosCheckTests` of the pipeline's tests.
@Suite("Invariants of chaos, one by one")
struct InvariantTests {
    private static let account = "0x" + String(repeating: "a", count: 40)
    private static let other = "0x" + String(repeating: "b", count: 40)

    private func job(_ number: Int) -> JobID { JobID(String(repeating: "0", count: 30) + "\(10 + number)") }
    private func cloid(_ number: Int, _ attempt: Int = 1) -> String { ClientOrderID(job: job(number), attempt: attempt).text }

    private func result(
        _ number: Int, action: Action = .open, attempts: Int = 1, epochs: [Int64] = [5], asked: String = "2", account: String = account,
        sent: Int64 = 1_000_000, position: String = "0", outcome: Outcome = .filled
    ) throws -> ExecutionResult {
        var result = ExecutionResult(
            job: job(number), request: "r", signal: "s", subscription: "s0:leader", subscriber: "s0", account: AccountID(account),
            influencer: "leader", coin: "BTC", action: action, side: .buy, outcome: outcome, requestedSize: try Size(parsing: asked),
            position: try Size(parsing: position), cloid: ClientOrderID(job: job(number), attempt: attempts), attempts: attempts,
            times: ExecutionResult.Times(sent: sent))
        result.epochs = epochs
        return result
    }

    private func event(
        _ cloid: String, status: String = "filled", filled: String = "2", account: String = account, time: Int64 = 1_000, nonce: Int64 = 1
    ) throws -> LedgerEvent {
        try LedgerEvent(line: [
            "timeMs": .integer(time), "account": .string(account), "nonce": .integer(nonce), "action": "order", "cloid": .string(cloid), "coin": "BTC",
            "status": .string(status), "totalSz": .string(filled),
        ])
    }

    private func orders(_ results: ExecutionResult...) -> SentOrders {
        var orders = SentOrders()
        for result in results { orders.add(result, stream: "results:00") }
        return orders
    }

    // MARK: - 2

    private func attempts(_ result: ExecutionResult, _ events: LedgerEvent...) -> InvariantVerdict {
        var verdict = InvariantVerdict(.oneOrder)
        var check = AttemptCheck(orders(result))
        for event in events { check.add(event, &verdict) }
        return verdict
    }

    @Test("an entry has a second order only when the first was not accepted")
    func entryAttempts() throws {
        let entry = try result(1, attempts: 2)
        #expect(attempts(entry, try event(cloid(1, 2))).isUpheld)
        #expect(attempts(entry, try event(cloid(1), status: "iocCancelRejected", filled: "0"), try event(cloid(1, 2))).isUpheld)
        let twice = attempts(entry, try event(cloid(1), filled: "1"), try event(cloid(1, 2), filled: "1"))
        #expect(twice.count == 1 && twice.findings[0].contains(cloid(1, 2)))
        #expect(twice.looked == 2)
    }

    @Test("an exit tries again while less is filled than was asked, and never beside an order that rests")
    func exitAttempts() throws {
        let exit = try result(1, action: .close, attempts: 2)
        #expect(attempts(exit, try event(cloid(1), filled: "1.5"), try event(cloid(1, 2), filled: "0.5")).isUpheld)
        #expect(attempts(exit, try event(cloid(1)), try event(cloid(1, 2))).count == 1)
        #expect(attempts(exit, try event(cloid(1), status: "resting", filled: "0"), try event(cloid(1, 2))).count == 1)
        // sent, though the first was not proven to have no effect: it had one later
        let late = attempts(exit, try event(cloid(1, 2), filled: "0.5"), try event(cloid(1), filled: "1"))
        #expect(late.count == 1 && late.findings[0].contains("landed after attempt 2"))
    }

    // MARK: - 4

    private func epochs(_ results: SentOrders, _ events: LedgerEvent...) -> (InvariantVerdict, unattributed: Int) {
        var verdict = InvariantVerdict(.fencing)
        var check = EpochCheck(results, transit: .seconds(10))
        for event in events { check.add(event, &verdict) }
        return (verdict, check.unattributed)
    }

    @Test("nothing of an older epoch after the successor traded the account; of another account only what was on its way")
    func fencing() throws {
        let known = orders(
            try result(1, epochs: [5]), try result(2, epochs: [6]), try result(3, epochs: [5], account: Self.other), try result(4, epochs: []))
        #expect(epochs(known, try event(cloid(1)), try event(cloid(2))).0.isUpheld)
        let fenced = epochs(known, try event(cloid(2)), try event(cloid(1))).0
        #expect(fenced.count == 1 && fenced.findings[0].contains(cloid(1)) && fenced.findings[0].contains("epoch 5"))
        #expect(epochs(known, try event(cloid(2)), try event(cloid(1), status: "iocCancelRejected", filled: "0")).0.isUpheld)
        #expect(epochs(known, try event(cloid(2)), try event(cloid(3), account: Self.other, time: 10_900)).0.isUpheld)
        #expect(epochs(known, try event(cloid(2)), try event(cloid(3), account: Self.other, time: 11_100)).0.count == 1)
        let without = epochs(known, try event(cloid(4)))
        #expect(without.0.lookedAtNothing && !without.0.isUpheld && without.unattributed == 1)
    }

    @Test("each attempt of a result has its own epoch, and none where only a predecessor knew it")
    func epochsOfAttempts() throws {
        let exit = try result(1, action: .close, attempts: 3, epochs: [0, 7, 8])
        let read = try ExecutionResult(json: exit.json)
        #expect(read == exit && read.epochs == [0, 7, 8])
        let known = orders(read)
        #expect((1...3).map { known.attempts[cloid(1, $0)]?.epoch } == [0, 7, 8])
        #expect(known.attempts[cloid(1, 3)]?.time == 1_000_000 && known.attempts[cloid(1, 2)]?.time == 0)
        #expect(try ExecutionResult(json: try result(1, epochs: []).json).epochs.isEmpty)
    }

    // MARK: - 6

    private func rates(_ limit: String, _ events: [LedgerEvent], jitter: Duration = .zero) throws -> InvariantVerdict {
        let wide = try RateLimit(parsing: "1000000/1s:1000000")
        let limits = RateLimits(subscriber: wide, account: try RateLimit(parsing: limit), egress: wide, maximumWait: .seconds(1))
        var verdict = InvariantVerdict(.rates)
        var check = RateCheck(orders(try result(99)), limits: limits, egress: "default", jitter: jitter)
        for event in events { check.add(event) }
        check.finish(&verdict)
        return verdict
    }

    @Test("a burst and one more pass at once; each after it must have waited its interval, or the jitter")
    func buckets() throws {
        let atOnce = try (1...8).map { try event("0x\($0)", status: "refused", filled: "0", nonce: Int64($0)) }
        #expect(try rates("2/1s:5", Array(atOnce.prefix(6))).isUpheld)
        #expect(try rates("2/1s:5", Array(atOnce.prefix(7))).count == 1)
        #expect(try rates("2/1s:5", atOnce).count == 2)
        #expect(try rates("2/1s:5", Array(atOnce.prefix(7)), jitter: .milliseconds(500)).isUpheld)
        let paced = try (1...20).map { try event("0x\($0)", time: 1_000 + 500 * Int64($0), nonce: Int64($0)) }
        #expect(try rates("2/1s:1", paced).isUpheld)
        let hasty = try (1...20).map { try event("0x\($0)", time: 1_000 + 400 * Int64($0), nonce: Int64($0)) }
        #expect(!(try rates("2/1s:1", hasty).isUpheld))
    }

    @Test("orders of one action are tokens of one moment; strangers take none")
    func actions() throws {
        let one = try (1...7).map { try event("0x\($0)", nonce: 1) }
        let verdict = try rates("2/1s:5", one)
        #expect(verdict.count == 1 && verdict.looked == 1)
        let strangers = try (1...7).map { try event("0x\($0)", account: Self.other, nonce: Int64($0)) }
        #expect(try rates("2/1s:5", strangers).lookedAtNothing)
    }

    @Test("the moment of sending counts, not that of arriving, unless it is by a clock that was minutes wrong", arguments: [
        // sent a second apart, and arrived together
        [(1_000_000, 4_000), (2_000_000, 4_000), (3_000_000, 4_000)],
        // the middle one by a worker whose clock is at the moment of the third
        [(400_000_000, 400_000), (600_000_000, 500_000), (600_000_000, 600_000)],
    ] as [[(sentMicroseconds: Int64, arrivedMilliseconds: Int64)]])
    func sendingTimes(moments: [(sentMicroseconds: Int64, arrivedMilliseconds: Int64)]) throws {
        let limit = try RateLimit(parsing: "2/1s:1")
        let limits = RateLimits(subscriber: limit, account: limit, egress: limit, maximumWait: .seconds(1))
        var known = SentOrders()
        for (index, moment) in moments.enumerated() { known.add(try result(index + 1, sent: moment.sentMicroseconds), stream: "results") }
        var verdict = InvariantVerdict(.rates)
        var check = RateCheck(known, limits: limits, egress: "default", jitter: .zero)
        for (index, moment) in moments.enumerated() {
            check.add(try event(cloid(index + 1), time: moment.arrivedMilliseconds, nonce: Int64(index + 1)))
        }
        check.finish(&verdict)
        #expect(verdict.isUpheld && verdict.looked == 3)
    }

    // MARK: - 7

    private func stream(
        added: Int, length: Int, firstSeq: Int?, acknowledged: Int, pending: Int = 0, undelivered: Int = 0
    ) -> StreamPicture {
        let group = StreamPicture.Group(
            name: "audit", delivered: "9-0", pending: pending, pendingPresent: pending, undelivered: undelivered, acknowledged: acknowledged,
            consumers: [])
        return StreamPicture(
            streams: [
                StreamPicture.Stream(
                    partition: StreamPartition(.results, 0), exists: true, added: added, length: length, last: "9-0",
                    first: length > 0 ? "5-0" : nil, firstSeq: firstSeq, groups: [group])
            ], leftovers: [])
    }

    private func trimming(_ picture: StreamPicture) -> InvariantVerdict {
        var verdict = InvariantVerdict(.trimming)
        TrimCheck.run(picture, &verdict)
        return verdict
    }

    @Test("what a group has not acknowledged must be there, pending or undelivered, whichever was acknowledged since")
    func trimmed() {
        #expect(trimming(stream(added: 10, length: 4, firstSeq: 7, acknowledged: 10)).isUpheld)
        #expect(trimming(stream(added: 10, length: 0, firstSeq: nil, acknowledged: 10)).isUpheld)
        #expect(trimming(stream(added: 10, length: 4, firstSeq: 7, acknowledged: 7, pending: 1, undelivered: 2)).isUpheld)
        // one of the trimmed six was not: the counter alone, 9 of 10 with 6 trimmed, would allow it
        #expect(trimming(stream(added: 10, length: 4, firstSeq: 7, acknowledged: 9)).count == 1)
        #expect(trimming(stream(added: 10, length: 4, firstSeq: 7, acknowledged: 8, pending: 1)).count == 1)
        #expect(trimming(stream(added: 10, length: 0, firstSeq: nil, acknowledged: 9)).count == 1)
    }

    @Test("entries deleted behind the first, a stream that is gone and a group that is gone are named")
    func gone() {
        #expect(trimming(stream(added: 10, length: 3, firstSeq: 7, acknowledged: 10)).findings.first?.contains("1 entries behind seq 6") == true)
        var picture = stream(added: 10, length: 4, firstSeq: 7, acknowledged: 10)
        picture.streams[0].exists = false
        #expect(trimming(picture).count == 10)
        picture = stream(added: 10, length: 4, firstSeq: 7, acknowledged: 10)
        picture.streams[0].groups = []
        #expect(trimming(picture).findings.first?.contains("audit") == true)
    }

    // MARK: - 8

    @Test("leases belong to members that are alive, while there are any; files and memory do not grow")
    func rest() {
        let server = ServerFacts(
            version: "7", usedMemory: 0, maximumMemory: 0, policy: "noeviction", hasAOF: true, lastAOFWriteFailed: false, clients: 1)
        func verdict(_ owners: [String?], members: [String], _ change: (inout ChaosObservations) -> Void = { _ in }) -> InvariantVerdict {
            let partitions = owners.enumerated().map { index, owner in
                var partition = PartitionStatus(name: "0\(index)")
                partition.owner = owner
                return partition
            }
            let stage = StageStatus(
                name: "work", reads: "", members: members.map { StageStatus.Member(name: $0, silence: 0) }, partitions: partitions)
            let status = CellStatus(
                time: 0, stages: [stage], deadLetters: 0, deadExits: 0, checks: [], server: server, admissionLimits: Admission.Limits(backlog: 1_000))
            var observations = ChaosObservations()
            observations.restAfter = .zero
            change(&observations)
            var verdict = InvariantVerdict(.rest)
            RestCheck.run(stream(added: 1, length: 1, firstSeq: 1, acknowledged: 1), status, observations, &verdict)
            return verdict
        }
        #expect(verdict(["work-1", "work-1"], members: ["work-1"]).isUpheld)
        #expect(verdict(["work-1", "work-2"], members: ["work-1"]).findings == ["work 01: leased to work-2, which is not alive"])
        #expect(verdict(["work-1", nil], members: ["work-1"]).findings == ["work 01: nobody holds its lease, and 1 could"])
        #expect(verdict([nil], members: []).isUpheld)
        let usage = ChaosObservations.Usage(process: "work-1", memory: (100 << 20, 265 << 20), files: (10, 43))
        #expect(verdict(["work-1"], members: ["work-1"]) { $0.usage = [usage] }.count == 2)
        #expect(verdict(["work-1"], members: ["work-1"]) { $0.restAfter = nil }.count == 1)
        #expect(verdict(["work-1"], members: ["work-1"]) { $0.members = ["work-1", "work-2"] }.count == 1)
    }

    // MARK: - 9, 10

    @Test("a hand-over above its limit is said, and fails above the factor")
    func recovery() {
        var observations = ChaosObservations()
        func took(_ seconds: Int) -> ChaosObservations.HandOver {
            .init(cause: .killed, partition: "work 03", took: .seconds(seconds), limit: .seconds(4))
        }
        func verdict() -> InvariantVerdict {
            var verdict = InvariantVerdict(.recovery)
            RecoveryCheck.run(observations, &verdict)
            return verdict
        }
        #expect(verdict().lookedAtNothing)
        observations.handOvers = [took(3), took(5), took(12)]
        #expect(verdict().isUpheld && verdict().looked == 3)
        #expect(verdict().notes == ["killed: 3, p95 12.0 s, longest 12.0 s, 2 above 4.0 s"])
        observations.handOvers.append(took(13))
        #expect(verdict().count == 1 && verdict().findings[0].contains("work 03"))
    }

    @Test("health is right about progress, but for a while around every change")
    func health() {
        var observations = ChaosObservations()
        observations.faults = [.init(name: "redis down", began: 20_000, healed: 60_000)]
        func sample(_ at: Int64, _ isGreen: Bool, _ could: Bool) -> ChaosObservations.HealthSample {
            .init(process: "work-1", at: at, isGreen: isGreen, couldProgress: could)
        }
        func verdict() -> InvariantVerdict {
            var verdict = InvariantVerdict(.health)
            HealthTruthCheck.run(observations, &verdict)
            return verdict
        }
        // still green when the fault begins, and still red when it heals
        observations.health = [sample(0, true, true), sample(21_000, true, false), sample(40_000, false, false), sample(61_000, false, true), sample(80_000, true, true)]
        #expect(verdict().isUpheld && verdict().looked == 3)
        observations.health[2].isGreen = true
        #expect(verdict().count == 1 && verdict().findings[0].contains("green while progress was impossible (redis down)"))
        observations.health[2].isGreen = false
        observations.health[4].isGreen = false
        observations.health[4].concern = "redis failed"
        #expect(verdict().count == 1 && verdict().findings[0].contains("red while progress was possible, redis failed"))
    }

    @Test("where others have the processor a process may be red for a moment, and no longer")
    func starvation() {
        var observations = ChaosObservations()
        func violations() -> Int {
            var verdict = InvariantVerdict(.health)
            HealthTruthCheck.run(observations, &verdict)
            return verdict.count
        }
        observations.health = [true, false, false, true, true].enumerated().map {
            .init(process: "work-1", at: Int64($0) * 1_000, isGreen: $1, couldProgress: true)
        }
        #expect(violations() == 2)
        observations.tolerances.starvation = .seconds(4)
        #expect(violations() == 0)
        observations.tolerances.starvation = .seconds(3)
        #expect(violations() == 2)
        // not green again as far as it was looked
        observations.health[3].isGreen = false
        observations.health[4].isGreen = false
        observations.tolerances.starvation = .seconds(4)
        #expect(violations() == 4)
        observations.tolerances.starvation = .seconds(5)
        #expect(violations() == 0)
    }

    // MARK: - How it is told

    @Test("one line an invariant; a check that looked at nothing fails and says so, unless nothing was to be expected")
    func text() {
        var upheld = InvariantVerdict(.rates)
        upheld.look(1_234)
        var broken = InvariantVerdict(.trimming)
        broken.look(9)
        for number in 1...25 { broken.find("entry \(number)") }
        let empty = InvariantVerdict(.health)
        let text = ChaosVerdictText(verdicts: [upheld, broken, empty, InvariantVerdict(.recovery, mustLook: false)])
        let lines = text.rendered(for: Terminal(width: 100)).split(separator: "\n").map(String.init)
        #expect(lines[0] == "✓  6 no bucket overdrawn: 1,234 submissions")
        #expect(lines[1].hasPrefix("✗  7 ") && lines[1].hasSuffix("25 violations in 9 entries"))
        #expect(lines.count == 2 + 21 + 3 && lines[22].hasSuffix("… 5 more"))
        #expect(lines[23].hasPrefix("✗ 10 ") && lines[23].contains("nothing to look at"))
        #expect(lines[24].hasPrefix("✓  9 "))
        #expect(lines[25] == "FAILED: 2 of 4 invariants (7, 10)")
        #expect(text.json["upheld"] == false)
        #expect(ChaosVerdictText(verdicts: [upheld]).finalLine == "upheld: 1 invariants")
        #expect(upheld.json["looked"] == 1_234 && broken.json["violations"] == 25)
    }
}
