import CopyTrading
import JSON
import Testing

/// What crosses the streams is read back as it was written, and nonsense is refused with the field's name.
@Suite("JSON of the streams")
struct WireShapeTests {
    private let flip = Sample.signal(from: "10", to: "-5")

    @Test("R-07: a signal, a request and its jobs survive JSON")
    func roundTrips() throws {
        #expect(try Signal(json: JSON.parse(flip.json.text())) == flip)
        var bare = flip
        bare.leaderEquity = nil
        #expect(try Signal(json: JSON.parse(bare.json.text())) == bare)
        let request = Sample.request(flip)
        #expect(try ExecutionRequest(json: JSON.parse(request.json.text())) == request)
        let refused = Sample.plan(flip, age: 60_000) { $0.mayBeSent = true }.jobs
        #expect(refused.map { $0.refusal?.outcome } == [nil, .stale])
        for job in Sample.plan(flip, age: 10).jobs + refused { #expect(try ExecutionJob(json: JSON.parse(job.json.text())) == job) }
    }

    @Test("R-26: a signal by which a subscription joins survives JSON, and is refused where it is none")
    func joins() throws {
        let signal = Sample.joining()
        #expect(try Signal(json: JSON.parse(signal.json.text())) == signal)
        #expect(flip.json["join"] == nil)
        var unnamed = signal
        unnamed.join = nil
        #expect { try Signal(json: unnamed.json) } throws: { "\($0)" == "join: does not belong to join 0 → 10" }
        var late = Sample.signal(from: "10", to: "12", cause: .join)
        late.join = signal.join
        #expect { try Signal(json: late.json) } throws: { "\($0)" == "join: does not belong to join 10 → 12" }
        var free = signal
        free.join?.leaderEntry = .zero
        #expect { try Signal(json: free.json) } throws: { "\($0)" == "join.leaderEntryPx: 0 is not positive" }
    }

    /// `json` with one member replaced.
    private func edited(_ json: JSON, _ name: String, _ value: JSON) -> JSON {
        guard case .object(let members) = json else { return json }
        return .object(members.map { $0.name == name ? JSON.Member(name, value) : $0 })
    }

    @Test("a signal with one wrong field is refused, naming it", arguments: [
        ("v", 2, "v: signal schema 2 is not 1"), ("start", "ten", "start: \"ten\" is not a decimal number"),
        ("start", "11", "legs: are not those of 11 → -5"), ("legs", [], "legs: are not those of 10 → -5"),
        ("avgPx", "0", "avgPx: 0 is not positive"), ("lastFillMs", -1, "lastFillMs: not a time since 1970"),
        ("receivedUs", .integer(Int64.max), "receivedUs: not a time since 1970"), ("coin", .null, "coin: missing"),
        ("cause", "whim", "cause: \"whim\" is none of voluntary, liquidation, adl, settlement, twap, vault_net, spot, dust, resync, join"),
    ] as [(String, JSON, String)])
    func refusedSignals(name: String, value: JSON, problem: String) {
        let json = edited(flip.json, name, value)
        #expect { try Signal(json: json) } throws: { "\($0)" == problem }
    }

    @Test("a job with an impossible quantity, price or expiry is refused, naming it", arguments: [
        ("sz", "0", "sz: 0 is not positive"), ("sz", "-1", "sz: -1 is not positive"), ("refPx", "0", "refPx: 0 is not positive"),
        ("expiresMs", -5, "expiresMs: not a time since 1970"), ("side", "B", "side: \"B\" is none of buy, sell"),
    ] as [(String, JSON, String)])
    func refusedEntries(name: String, value: JSON, problem: String) throws {
        let job = try #require(Sample.plan(Sample.signal(from: "0", to: "10")).jobs.first)
        let json = edited(job.json, name, value)
        #expect { try ExecutionJob(json: json) } throws: { "\($0)" == problem }
    }

    @Test("jobs and sleeves written before these fields existed are read with their defaults")
    func earlierForms() throws {
        func without(_ json: JSON, _ names: Set<String>) -> JSON {
            guard case .object(let members) = json else { return json }
            return .object(members.filter { !names.contains($0.name) })
        }
        var job = try #require(Sample.plan(Sample.signal(from: "0", to: "10")).jobs.first)
        let earlier = try ExecutionJob(json: without(job.json, ["terms", "sharing", "closesManual", "clips"]))
        job.terms = nil
        #expect(earlier == job)
        #expect(Sample.prepare(earlier, .empty).intent?.size == money("0.25"))
        let sleeve = Sleeve(position: Size(1), averageEntry: Price(2000), lifecycle: "life", revision: 3)
        #expect(try Sleeve(json: without(sleeve.json, ["k", "residue", "residueUntilMs", "manual"])) == sleeve)
    }

    @Test("a share outside 0…1 is refused", arguments: ["0", "-0.5", "1.000000000000000001", "x"])
    func refusedShares(share: String) throws {
        let job = try #require(Sample.plan(Sample.signal(from: "10", to: "0")).jobs.first)
        let json = edited(job.json, "share", .string(share))
        #expect { try ExecutionJob(json: json) } throws: { ($0 as? JSONError)?.path == "share" }
    }

    @Test("a cursor survives JSON and refuses another schema")
    func cursor() throws {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["BTC": Size(2)], at: Sample.t0 - 5))
        _ = builder.receive(message: GoldenVectorTests.opening, at: Sample.received)
        let cursor = builder.cursor
        #expect(cursor.positions == ["BTC": Size(2), "ETH": Size(10)])
        #expect(cursor.resumeFrom == Sample.t0)
        #expect(cursor.marks["ETH"]?.tids == [301, 205, 103])
        #expect(try LeaderCursor(json: JSON.parse(cursor.json.text())) == cursor)
        #expect(try LeaderCursor(json: JSON.parse(LeaderCursor().json.text())) == LeaderCursor())
        let earlier = try LeaderCursor(json: edited(cursor.json, "joinedThrough", .null))
        #expect(cursor.joinedThrough == 0 && earlier.joinedThrough == nil)
        #expect(throws: JSONError(path: "v", problem: "cursor schema 9 is not 1")) {
            try LeaderCursor(json: edited(cursor.json, "v", 9))
        }
    }

    @Test("a cursor does not count what still waits, and asks to read it again")
    func pendingCursor() {
        var builder = Sample.builder()
        let first = Sample.fill(.buy, "0.001", from: "0", tid: 1)
        let beyond = Sample.fill(.buy, "0.001", from: "0.005", tid: 3, after: 40)
        let other = Sample.fill(.buy, "1", from: "0", tid: 4, oid: 2, after: 90, coin: "BTC")
        _ = builder.receive(message: [first, beyond, other], at: Sample.received)
        #expect(builder.cursor.positions == ["ETH": money("0.001"), "BTC": Size(1)])
        #expect(builder.cursor.resumeFrom == Sample.t0 + 40)
        _ = builder.receive(message: [Sample.fill(.buy, "0.004", from: "0.001", tid: 2, after: 30)], at: Sample.received)
        #expect(builder.cursor.positions == ["ETH": money("0.006"), "BTC": Size(1)])
        #expect(builder.cursor.resumeFrom == Sample.t0 + 90)
    }

    @Test("R-10: fills from before the snapshot are history: neither traded nor told")
    func history() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(10)], at: Sample.t0 + 1))
        #expect(builder.receive(message: GoldenVectorTests.opening, at: Sample.received).isEmpty)
        let unlisted = Sample.fill(.buy, "1", from: "0", tid: 4, coin: "BTC")
        #expect(builder.receive(message: [unlisted], at: Sample.received).isEmpty)
        #expect(builder.historyDropped == 4)
    }
}
