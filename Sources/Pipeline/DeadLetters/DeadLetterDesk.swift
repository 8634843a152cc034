import CopyTrading
import Hyperliquid
import JSON
import RedisStreams

/// What operators do with dead letters: send the entry round again, or end it with an explained outcome.
///
/// What it owes others: an entry that goes round again leads to no second order, and what is ended is answered. A job whose attempt was
/// journalled does not go round again: its order may have traded, so the exchange is asked, and the answer ends it.
public struct DeadLetterDesk: Sendable {
    /// Why a letter cannot be dealt with as asked.
    public struct Refusal: Error, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    private let box: DeadLetterBox
    private let cursors: LeaderCursors
    private let client: ExchangeClient
    private let by: String

    /// - Parameters:
    ///   - cursors: what the leaders have done since.
    ///   - client: asked only about orders that may have been sent.
    ///   - by: who decides.
    public init(box: DeadLetterBox, cursors: LeaderCursors, client: ExchangeClient, by: String) {
        self.box = box
        self.cursors = cursors
        self.client = client
        self.by = by
    }

    // MARK: - Requeue

    /// Puts the entry behind what is in its stream now, as a new entry that names the letter.
    public func requeue(_ letter: DeadLetter) async throws -> DeadLetterBox.Answer {
        let entry = try await check(letter)
        return try await box.resolve(letter, .init(record: record(letter, Self.mark, reason: nil, answered: true), emissions: [entry], goesOn: true))
    }

    /// The entry as it would go round again now. What it leads to is decided on what is held then, and exits never expire: one of a position that
    /// the leader has traded since would be carried out on what came after it.
    /// - Throws: ``Refusal`` when it must not.
    public func check(_ letter: DeadLetter) async throws -> Emission {
        let entry = try Self.again(letter)
        guard let trade = Self.trade(of: letter), let stored = try await cursors.cursor(of: trade.influencer.text),
            let mark = try LeaderCursor(json: JSON.parse(stored)).marks[trade.coin], mark.time > trade.time
        else { return entry }
        throw Refusal(
            "its leader has traded \(trade.coin) since, and it would be carried out on what is held now: drop it; the drift check closes what the leader "
                + "does not hold")
    }

    /// Whose trade an entry is about, in which coin, and when it was, exchange time, milliseconds; `nil` when it cannot be read.
    private static func trade(of letter: DeadLetter) -> (influencer: InfluencerID, coin: Coin, time: Int64)? {
        guard let json = data(letter) else { return nil }
        func time(_ signal: Signal) -> (InfluencerID, Coin, Int64) { (signal.influencer, signal.coin, signal.lastFillTime) }
        switch letter.origin?.stream {
        case .signals: return (try? Signal(json: json)).map(time)
        case .requests: return (try? ExecutionRequest(json: json)).map { time($0.signal) }
        case .jobs: return (try? ExecutionJob(json: json)).map { ($0.influencer, $0.coin, $0.leaderFillTime) }
        default: return nil
        }
    }

    /// The entry as it would go round again, by itself.
    /// - Throws: ``Refusal`` when it must not, or would be put aside again.
    public static func again(_ letter: DeadLetter) throws -> Emission {
        guard let origin = letter.origin, origin.stream.isRequeued else { throw Refusal("it came from \(letter.originName), which no stage reads") }
        if letter.truncated != nil { throw Refusal("only its beginning was kept, and it is too large to be read: drop it") }
        if letter.attempt != nil {
            throw Refusal("an order may have been sent for it: drop it, which asks the exchange what was traded")
        }
        guard Set(letter.original.map(\.name)).count == letter.original.count else {
            throw Refusal("it has a field twice, so it would be put aside again: drop it")
        }
        guard let data = letter.original.first(where: { $0.name == "data" })?.value, case .object(let members)? = try? JSON.parse(data) else {
            throw Refusal("its data is no JSON object, so it would be put aside again: drop it")
        }
        if origin.stream == .jobs, members.contains(where: { $0.name == "origin" && $0.value != .null }) {
            throw Refusal("the worker itself asked for it, and asks again as long as there is a reason: drop it")
        }
        let marked = JSON.object(members.filter { $0.name != mark } + [JSON.Member(mark, .string(letter.id))])
        return Emission(
            origin, letter.original.filter { $0.name != "seq" }.map { name, value in (name, name == "data" ? marked.bytes() : value) })
    }

    /// Names the letter in the data of an entry that goes round again.
    static let mark = "requeued"

    // MARK: - Drop

    /// Ends the entry: a job or request that can be read with a result for each of its legs, all else with the record that it was dropped.
    public func drop(_ letter: DeadLetter, reason: String) async throws -> DeadLetterBox.Answer {
        let results = try await results(of: letter, reason: reason)
        return try await box.resolve(
            letter,
            .init(
                record: record(letter, "dropped", reason: reason, answered: !results.isEmpty),
                emissions: results.map { Emission(result: $0, partition: letter.origin?.index ?? 0) }, goesOn: false))
    }

    private func results(of letter: DeadLetter, reason: String) async throws -> [ExecutionResult] {
        let detail = "dropped by \(by): \(reason) (dead letter \(letter.id), \(letter.reason): \(letter.error))"
        guard letter.truncated == nil, let json = Self.data(letter) else { return [] }
        switch letter.origin?.stream {
        case .jobs:
            guard let job = try? ExecutionJob(json: json) else { return [] }
            return [try await result(of: job, letter, detail)]
        case .requests:
            guard let request = try? ExecutionRequest(json: json) else { return [] }
            return request.signal.legs.enumerated().map { index, leg in
                let skipped = SkippedLeg(
                    job: JobID(request: request.id, leg: index), action: leg.action, side: leg.side, outcome: .dropped, detail: detail)
                return ExecutionResult(skipping: skipped, of: request, at: WallClock.microseconds)
            }
        default: return []
        }
    }

    private func result(of job: ExecutionJob, _ letter: DeadLetter, _ detail: String) async throws -> ExecutionResult {
        var result = ExecutionResult(
            job: job, outcome: .dropped, detail: detail, requestedSize: .zero, fills: OrderFills(), position: nil, cloid: nil, attempts: 0,
            times: job.times(planned: letter.milliseconds * 1_000))
        guard let attempt = letter.attempt else { return result }
        let record = try AttemptRecord(json: JSON.parse(attempt))
        let fills = try await traded(record)
        result.cloid = record.cloid
        result.attempts = record.attempt
        result.limit = record.intent.limit
        result.reduceOnly = record.intent.reduceOnly
        result.requestedSize = record.filledBefore + record.intent.size
        result.filledSize = fills.filled
        result.averagePrice = fills.averagePrice
        // What was traded was traded; that it went no further is in the detail.
        if !fills.filled.isZero { result.outcome = .partial }
        return result
    }

    /// All that the job's attempts traded.
    private func traded(_ record: AttemptRecord) async throws -> OrderFills {
        if case .known(let order) = try await client.orderStatus(record.account.text, cloid: record.cloid.text), !order.isTerminal {
            throw Refusal("its order \(record.cloid) is still at work at the exchange: try again in a moment")
        }
        var sum = OrderFills()
        if let average = record.averageBefore { sum.add(size: record.filledBefore, price: average, fee: .zero) }
        let from = record.preparedAt / 1_000 - 60_000
        for fill in try await client.fills(record.account.text, from: from) where fill.cloid == record.cloid.text {
            sum.add(size: fill.size, price: fill.price, fee: fill.fee)
        }
        return sum
    }

    // MARK: - The record

    private static func data(_ letter: DeadLetter) -> JSON? {
        letter.original.first { $0.name == "data" }.flatMap { try? JSON.parse($0.value) }
    }

    /// - Parameter answered: results, or the entry's further way, answer what was asked for. Else the record does, and names what.
    private func record(_ letter: DeadLetter, _ decision: String, reason: String?, answered: Bool) -> Emission {
        var members: [(String, JSON)] = [
            ("letter", .string(letter.id)), ("origin", .string(letter.originName)), ("entry", .string(letter.entry)), ("as", .string(decision)),
            ("reason", .string(orNull: reason)), ("by", .string(by)), ("deadReason", .string(letter.reason)), ("error", .string(letter.error)),
        ]
        let data = Self.data(letter)
        func name(_ member: String) -> String? { data.flatMap { try? $0.string(member) } }
        let own = name("id") ?? letter.original("id")
        switch letter.origin?.stream {
        // what is there once more by right
        case _ where decision == Self.mark: members.append(("again", .string(orNull: own)))
        case _ where answered: break
        case .signals: members.append(("signal", .string(orNull: own)))
        case .requests: members.append(("request", .string(orNull: own)))
        case .jobs: members += [("request", .string(orNull: name("request"))), ("job", .string(orNull: own))]
        default: break
        }
        return Emission(
            StreamPartition(.interventions, 0), id: letter.id, owner: ("subscriber", letter.original("subscriber") ?? "-"),
            coin: letter.original("coin") ?? "-", action: decision, trace: "\(letter.originName) \(letter.entry)", data: JSON.object(members.map { JSON.Member($0.0, $0.1) }).bytes())
    }
}

extension RedisStreams.Stream {
    /// A stage reads it and hands on: its dead letters may go round again.
    fileprivate var isRequeued: Bool { self == .signals || self == .requests || self == .jobs }
}
