import CopyTrading
import JSON

/// One leg of one copy: everything that is on record about it. It ends in exactly one result, and is open until then.
struct StoryLeg: Sendable {
    /// Position in the signal, from 0; `nil` for what belongs to no leg of it, or when the signal is not on record.
    let index: Int?
    let signalEntry: StoryEntry?
    let requestEntry: StoryEntry?
    let jobEntry: StoryEntry?
    let resultEntry: StoryEntry?
    /// What the entries say; `nil` where there is none, or it cannot be read.
    let signal: Signal?
    let job: ExecutionJob?
    let result: ExecutionResult?
    /// What the journal says about the order that may be at the exchange; `nil` when none is open.
    let attempt: OpenAttempt?
    /// The entries that cannot be read, each with what is wrong.
    let faults: [String]

    init(
        index: Int?, signal signalEntry: StoryEntry?, request requestEntry: StoryEntry?, job jobEntry: StoryEntry?,
        result resultEntry: StoryEntry?, attempt record: String?
    ) {
        var faults: [String] = []
        func read<Value>(_ entry: StoryEntry?, _ decode: (JSON) throws(JSONError) -> Value) -> Value? {
            guard let entry else { return nil }
            do throws(JSONError) {
                guard let data = entry.data else { throw JSONError(problem: "its record is not JSON") }
                return try decode(data)
            } catch {
                faults.append("\(entry.stream) \(entry.id) cannot be read: \(error)")
                return nil
            }
        }
        func open(_ record: String) -> OpenAttempt? {
            do throws(JSONError) { return try OpenAttempt(json: try JSON.parse(record)) } catch {
                faults.append("the open attempt's record cannot be read: \(error)")
                return nil
            }
        }
        self.index = index
        self.signalEntry = signalEntry
        self.requestEntry = requestEntry
        self.jobEntry = jobEntry
        self.resultEntry = resultEntry
        signal = read(signalEntry, Signal.init(json:))
            ?? read(requestEntry) { json throws(JSONError) in try json.at("signal", Signal.init(json:)) }
        job = read(jobEntry, ExecutionJob.init(json:))
        result = read(resultEntry, ExecutionResult.init(json:))
        attempt = record.flatMap(open)
        self.faults = faults
    }

    /// The follower's among all that copy the signal; `nil` where it is not on record.
    var place: FanoutPlace? { result?.place ?? job?.place ?? requestEntry?.data.flatMap { (try? FanoutPlace.read($0)) ?? nil } }

    /// The leader's side of it.
    var leg: Leg? { index.flatMap { index in signal.flatMap { $0.legs.indices.contains(index) ? $0.legs[index] : nil } } }

    /// Each gate that changed the size, once, in their order. A result repeats its job's clips and adds those made at sending;
    /// until there is one those are in the journal.
    var clips: [Clip] {
        let planned = job?.clips ?? []
        let later = result?.clips ?? attempt?.clips ?? []
        return later.starts(with: planned) ? later : planned + later
    }

    /// The numbers behind the outcome, without those of ``clips``.
    var detail: String? {
        let clips = Set(clips.map(\.description))
        let texts = ((result?.detail ?? job?.detail)?.split(separator: "; ") ?? []).filter { !clips.contains(String($0)) }
        return texts.isEmpty ? nil : texts.joined(separator: "; ")
    }
}

/// What of the attempt journal's record is not in the job: how the order was made when it was last sent.
struct OpenAttempt: Sendable, Equatable {
    var number: Int64
    var cloid: String
    /// Coins, unsigned.
    var size: Size
    var limit: Price
    var reduceOnly: Bool
    var clips: [Clip]
    /// Microseconds since 1970.
    var preparedAt: Int64

    init(json: JSON) throws(JSONError) {
        number = try json.integer("attempt")
        cloid = try json.string("cloid")
        size = try json.decimal("sz")
        limit = try json.decimal("limitPx")
        reduceOnly = try json.bool("reduceOnly")
        clips = try [Clip](member: "clips", of: json)
        preparedAt = try json.integer("preparedUs")
    }
}

extension Story {
    /// The legs of a copy in the signal's order, decided or not; then what belongs to none of them. Should a leg have two results, it
    /// is there twice.
    func legs(of copy: Copy) -> [StoryLeg] {
        let expected = jobs(of: copy)
        var ids: [String?] = expected
        for id in copy.jobs.map({ $0.text("id") }) + copy.results.map({ $0.text("job") }) where !ids.contains(id) { ids.append(id) }
        return ids.flatMap { id in
            let results: [StoryEntry?] = copy.results.filter { $0.text("job") == id }
            return (results.isEmpty ? [nil] : results).map { result in
                StoryLeg(
                    index: id.flatMap(expected.firstIndex(of:)), signal: signal, request: copy.request,
                    job: copy.jobs.first { $0.text("id") == id }, result: result, attempt: id.flatMap { attempts[$0] })
            }
        }
    }

    /// Ids are functions of request and leg, so those of legs that nothing is known about yet are known as well.
    private func jobs(of copy: Copy) -> [String] {
        let request = copy.request?.text("id") ?? (copy.jobs + copy.results).lazy.compactMap { $0.text("request") }.first
        // A record that cannot be read is among the faults of the legs that are on record themselves.
        let signal = [signal?.data, copy.request?.data?["signal"]].lazy.compactMap { $0.flatMap { try? Signal(json: $0) } }.first
        guard let request, let signal else { return [] }
        return signal.legs.indices.map { JobID(request: RequestID(request), leg: $0).text }
    }
}

extension StoryLeg {
    var json: JSON {
        let times = StoryTimes(self)
        return [
            "leg": index.map { .integer($0) } ?? .null, "job": .string(orNull: jobID),
            "action": .string(orNull: action?.rawValue), "outcome": .string(orNull: result?.outcome.rawValue),
            "detail": .string(orNull: detail), "clips": .array(clips.map(\.json)), "leader": LeaderCard(self)?.json ?? .null,
            "subscriber": SubscriberCard(self)?.json ?? .null, "hops": .array(times.hops.map(\.json)),
            "engineUs": times.engine.map { .integer($0) } ?? .null, "tokenWait": times.tokenWait?.json ?? .null,
            "rank": place.map { .integer($0.rank) } ?? .null, "of": place.map { .integer($0.followers) } ?? .null,
            "lagUs": result?.copyLag.map { .integer($0) } ?? .null, "faults": .array(faults.map(JSON.string)),
        ]
    }

    var jobID: String? { resultEntry?.text("job") ?? jobEntry?.text("id") }

    /// The subscriber's: an increase may open a position that was not copied before.
    var action: Action? { result?.action ?? job?.action ?? leg?.action }
}
