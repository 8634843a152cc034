import CopyTrading
import JSON
import Redis
import Testing

@testable import Pipeline
@testable import RedisStreams

/// What crosses the streams and what is kept in Redis: whoever may write there may break it, but not the process that reads it.
@Suite("Broken records of the streams")
struct RecordFuzzTests {
    /// Every record is tried on every input; what one of them reads it writes, and reads back the same.
    private struct Reader: Sendable {
        let name: String
        /// `nil` when it is refused.
        let reread: @Sendable (JSON) throws -> Bool?

        init<Record: Equatable & SendableMetatype>(
            _ name: String, _ read: @escaping @Sendable (JSON) throws(JSONError) -> Record, _ write: @escaping @Sendable (Record) -> JSON
        ) {
            self.name = name
            reread = { json in
                let record: Record
                do throws(JSONError) { record = try read(json) } catch {
                    guard !error.description.isEmpty else { throw Fuzz.Broken("\(name): an error without words") }
                    return nil
                }
                return try read(JSON.parse(write(record).bytes())) == record
            }
        }
    }

    private static let readers = [
        Reader("signal", Signal.init(json:), { $0.json }), Reader("request", ExecutionRequest.init(json:), { $0.json }),
        Reader("job", ExecutionJob.init(json:), { $0.json }), Reader("result", ExecutionResult.init(json:), { $0.json }),
        Reader("attempt", AttemptRecord.init(json:), { $0.json }), Reader("sleeve", Sleeve.init(json:), { $0.json }),
        Reader("lifecycle", Lifecycle.init(json:), { $0.json }), Reader("account", AccountRecord.init(json:), { $0.json }),
        Reader("decision", DecisionRecord.init(json:), { $0.json }), Reader("cursor", LeaderCursor.init(json:), { $0.json }),
        Reader("leader", LeaderRecordKeeper.init(json:), { $0.json }), Reader("orders", LeaderOrders.init(json:), { $0.json }),
    ]

    @Test("each record reads back what it writes, or refuses with an error that says why")
    func records() throws {
        try Fuzz.run("records", corpus: Records.all.map { $0.bytes() }, cases: 900) { input in
            guard let json = try? JSON.parse(input) else { return }
            for reader in Self.readers {
                if try reader.reread(json) == false { throw Fuzz.Broken("\(reader.name) is not what was written") }
            }
        }
    }

    @Test("every record of the corpus is read by its own reader, so that the breaking begins from whole ones")
    func corpus() throws {
        for reader in Self.readers where !["cursor", "leader", "orders"].contains(reader.name) {
            #expect(try Records.all.contains { try reader.reread($0) == true }, "\(reader.name)")
        }
    }

    @Test("whatever request, job and sleeve are read, planning and preparing them come to an end")
    func decisions() throws {
        let subscription = Records.subscription
        try Fuzz.run("decisions", corpus: Records.all.map { $0.bytes() }, cases: 600) { input in
            guard let json = try? JSON.parse(input) else { return }
            if let request = try? ExecutionRequest(json: json) {
                let facts = (try? json.at("facts", DecisionRecord.init(json:)))?.facts ?? PlanningFacts(instrument: Records.instrument)
                _ = Planner.decide(request: request, subscription: subscription, facts: facts, lifecycle: nil, now: request.signal.lastFillTime)
            }
            let sleeve = (try? Sleeve(json: json)) ?? Records.sleeve
            let job = (try? ExecutionJob(json: json)) ?? Records.job
            for attempt in [1, 5] {
                let quote = Quote(reference: job.referencePrice, bestBid: job.referencePrice, bestAsk: sleeve.averageEntry)
                let preparation = Preparation.decide(
                    job: job, sleeve: sleeve, otherSleevesOnCoin: ["other": sleeve], instrument: Records.instrument, quote: quote,
                    now: job.leaderFillTime, attempt: attempt)
                guard case .send(let intent) = preparation else { continue }
                _ = sleeve.settling(intent, job: job, filled: intent.size, averagePrice: intent.limit)
            }
        }
    }

    @Test("an entry as Redis gives it is read, or refused as an unexpected reply")
    func entries() throws {
        var random = SplitMix64(seed: Fuzz.seed)
        for _ in 0..<2_000 {
            let value = Self.value(&random, depth: 0)
            do {
                for entry in try StreamEntry.list(value) {
                    #expect((0...StreamEntry.latest).contains(entry.milliseconds))
                    _ = (entry.milliseconds * 1_000, entry.sequence, entry.deliveries + 1, entry.text("data"))
                }
            } catch { #expect("\(error)".contains("unexpected reply")) }
        }
        let late = try StreamEntry.list(.array([.array([.string(Array("9223372036854775807-1".utf8)), .array([]), .integer(.max)])]))
        #expect(late[0].milliseconds == 253_402_300_799_999 && late[0].deliveries == Int(Int32.max))
    }

    private static func value(_ random: inout SplitMix64, depth: Int) -> RedisValue {
        switch random.below(depth > 3 ? 5 : 9) {
        case 0: .null
        case 1: .integer(random.pick([0, -1, .max, .min]))
        case 2: .string(Array((random.pick(Hostile.numbers) + random.pick(["", "-0", "-9223372036854775808", "-x"])).utf8))
        case 3: .string([0xFF, 0x00, UInt8(random.below(256))])
        case 4: .error("ERR")
        // in the shape of entries
        case 5: .array([value(&random, depth: 9), .array([value(&random, depth: 9), value(&random, depth: 9)]), value(&random, depth: 9)])
        default: .array((0..<random.below(4)).map { _ in value(&random, depth: depth + 1) })
        }
    }
}
