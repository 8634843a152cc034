import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct TokenBucketTests {
    private func booking(_ cell: Cell, _ rate: TokenRate, tokens: Int = 1, nonce: Int64, bucket: String = "s", wide: Bool = true) -> AttemptBooking {
        var charges = [Charge(name: "subscriber:\(bucket)", key: cell.keys.tokens("subscriber", bucket), rate: rate, tokens: tokens)]
        if wide { charges.append(Charge(name: "egress:e", key: cell.keys.tokens("egress", "e"), rate: TokenRate(period: 1_000_000, burst: 1_000_000), tokens: 1)) }
        return AttemptBooking(signer: "0xsigner", nonce: nonce, charges: charges, records: [("job\(nonce)", Array("record".utf8))])
    }

    @Test("begin-attempts: a burst goes, then the wait and the bucket that limits; nothing limited is journalled or debited elsewhere", arguments: PrivateRedis.Mode.allCases)
    func burst(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let journal = AttemptJournal(redis: cell.redis, keys: cell.keys, stage: cell.work)
        let slow = TokenRate(period: 1_000_000, burst: 5)
        let answers = try #require(try await journal.begin([(0, epoch, (1...7).map { booking(cell, slow, nonce: $0) })])[0])
        #expect(answers.prefix(5).allSatisfy { $0 == .go })
        guard case .wait(let wait, "subscriber:s") = answers[5] else { Issue.record("\(answers[5])"); return }
        #expect((900_000...1_000_000).contains(wait))
        let egress = try #require(try await cell.integer("GET", cell.keys.tokens("egress", "e")))
        let time = try #require(try await cell.redis.send(RedisCommand("TIME")).array)
        let now = (time[0].integer ?? 0) * 1_000_000 + (time[1].integer ?? 0)
        #expect((4_000_000...5_000_000).contains(egress - now), "five debits of a second, not seven")
        #expect(try await journal.records(0).map(\.job).sorted() == ["job1", "job2", "job3", "job4", "job5"])
        #expect(try await journal.nonces(0) == ["0xsigner": 5])
    }

    @Test("begin-attempts: more tokens than a bucket ever holds is never, not a long wait", arguments: PrivateRedis.Mode.allCases)
    func never(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let journal = AttemptJournal(redis: cell.redis, keys: cell.keys, stage: cell.work)
        let answers = try await journal.begin([(0, epoch, [booking(cell, TokenRate(period: 1_000, burst: 5), tokens: 6, nonce: 1)])])
        #expect(answers == [[.never(limitedBy: "subscriber:s")]])
    }

    @Test("R-41, begin-attempts: a nonce that does not rise is refused with the highest one, and takes no tokens", arguments: PrivateRedis.Mode.allCases)
    func nonce(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let journal = AttemptJournal(redis: cell.redis, keys: cell.keys, stage: cell.work)
        let rate = TokenRate(period: 1_000_000, burst: 2)
        let answers = try await journal.begin([(0, epoch, [booking(cell, rate, nonce: 9), booking(cell, rate, nonce: 9), booking(cell, rate, nonce: 10)])])
        #expect(answers == [[.go, .nonceTooLow(highest: 9), .go]])
    }

    @Test("begin-attempts: another epoch is fenced; the other partitions of the same call are not", arguments: PrivateRedis.Mode.allCases)
    func fenced(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work", "01")
        let journal = AttemptJournal(redis: cell.redis, keys: cell.keys, stage: cell.work)
        let rate = TokenRate(period: 1, burst: 100)
        let answers = try await journal.begin([(0, "1", [booking(cell, rate, nonce: 1)]), (1, epoch, [booking(cell, rate, nonce: 1)])])
        #expect(answers[0] == nil)
        #expect(answers[1] == [.go])
        #expect(try await journal.records(0).isEmpty)
        #expect(try await journal.records(1).count == 1)
    }

    @Test("begin-attempts: a clock that was set back closes a bucket for no longer than its depth", arguments: PrivateRedis.Mode.allCases)
    func clockSetBack(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let journal = AttemptJournal(redis: cell.redis, keys: cell.keys, stage: cell.work)
        _ = try await cell.redis.send(RedisCommand("SET", cell.keys.tokens("subscriber", "s"), "99999999999999999"))
        let answers = try #require(try await journal.begin([(0, epoch, [booking(cell, TokenRate(period: 1_000, burst: 5), nonce: 1)])])[0])
        guard case .wait(let wait, _) = answers[0] else { Issue.record("\(answers)"); return }
        #expect(wait <= 5_000)
        // it fills from then on, though the clock has not come back to where it was
        try await Task.sleep(for: .milliseconds(20))
        #expect(try await journal.begin([(0, epoch, [booking(cell, TokenRate(period: 1_000, burst: 5), nonce: 1)])]) == [[.go]])
    }

    @Test("take-tokens: a clock that was set back leaves a bucket empty, and it fills from then on", arguments: PrivateRedis.Mode.allCases)
    func readsAfterClockSetBack(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let bucket = TokenBucket(redis: cell.redis, key: cell.keys.tokens("egress", "e"), rate: TokenRate(period: 1_000, burst: 5))
        _ = try await cell.redis.send(RedisCommand("SET", cell.keys.tokens("egress", "e"), "99999999999999999"))
        guard case .wait(let wait) = try await bucket.take(1) else { Issue.record("the bucket is empty"); return }
        #expect(wait <= 5_000)
        try await Task.sleep(for: .milliseconds(20))
        #expect(try await bucket.take(1) == .taken)
    }

    @Test("penalise-bucket: the bucket stays closed as long as the exchange asked, and a shorter penalty does not open it", arguments: PrivateRedis.Mode.allCases)
    func penalise(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let journal = AttemptJournal(redis: cell.redis, keys: cell.keys, stage: cell.work)
        let rate = TokenRate(period: 1_000, burst: 5)
        let charge = Charge(name: "subscriber:s", key: cell.keys.tokens("subscriber", "s"), rate: rate, tokens: 1)
        try await journal.penalise(charge, for: .seconds(30))
        try await journal.penalise(charge, for: .seconds(1))
        let answers = try #require(try await journal.begin([(0, epoch, [booking(cell, rate, nonce: 1)])])[0])
        guard case .wait(let wait, _) = answers[0] else { Issue.record("\(answers)"); return }
        #expect((29_000_000...30_010_000).contains(wait))
    }

    @Test("begin-attempts: an entry leaves the spare tokens, an exit takes them; spare that never fits is never", arguments: PrivateRedis.Mode.allCases)
    func spare(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let journal = AttemptJournal(redis: cell.redis, keys: cell.keys, stage: cell.work)
        let rate = TokenRate(period: 1_000_000, burst: 5)
        func booking(_ nonce: Int64, tokens: Int = 1, spare: Int) -> AttemptBooking {
            let charge = Charge(name: "egress:e", key: cell.keys.tokens("egress", "e"), rate: rate, tokens: tokens, spare: spare)
            return AttemptBooking(signer: "0xsigner", nonce: nonce, charges: [charge], records: [])
        }
        let entries = try #require(try await journal.begin([(0, epoch, (1...4).map { booking($0, spare: 2) })])[0])
        #expect(entries.prefix(3).allSatisfy { $0 == .go })
        guard case .wait(let wait, "egress:e") = entries[3] else { Issue.record("\(entries[3])"); return }
        #expect((900_000...1_000_000).contains(wait))
        let exits = try #require(try await journal.begin([(0, epoch, [booking(5, tokens: 2, spare: 0), booking(6, tokens: 4, spare: 2)])])[0])
        #expect(exits == [.go, .never(limitedBy: "egress:e")])
    }

    @Test("take-tokens: takes, tells the wait, never what never fits, and makes up for what was spent already", arguments: PrivateRedis.Mode.allCases)
    func takeTokens(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let bucket = TokenBucket(redis: cell.redis, key: cell.keys.tokens("egress", "e"), rate: TokenRate(period: 1_000_000, burst: 20))
        #expect(try await bucket.take(21) == .never)
        #expect(try await bucket.take(18, leaving: 3) == .never)
        #expect(try await bucket.take(15, leaving: 3) == .taken)
        guard case .wait(let wait) = try await bucket.take(3, leaving: 3) else { Issue.record("three tokens must stay"); return }
        #expect((900_000...1_000_000).contains(wait))
        #expect(try await bucket.take(3) == .taken)
        try await bucket.spend(10)
        guard case .wait(let debt) = try await bucket.take(1) else { Issue.record("eight tokens are owed"); return }
        #expect((8_900_000...9_000_000).contains(debt))
        try await bucket.penalise(for: .seconds(30))
        guard case .wait(let penalty) = try await bucket.take(1) else { Issue.record("the bucket is closed"); return }
        #expect((30_000_000...31_000_000).contains(penalty))
    }
}
