import AuditTrail
import ConfigStore
import CopyTrading
import JSON
import Pipeline
import Postgres
import RedisStreams

/// Reads a ``RecoveryPlan`` from the audit trail and the configuration, beginning at the newest ``Checkpoint``, or else with all there is.
///
/// Of each partition of a stream a contiguous beginning is stored, and different partitions lag differently. So an entry is delivered again
/// when not all that it must lead to is stored, and what is stored already is put on lists that its stage consults: it emits the rest. Ids
/// are functions of their inputs, so the lists need nothing else. A request that was decided is decided again on the record of that decision.
/// One without such a record may precede one that was decided: that one tells whether it had an order, and leaves the life that is stored.
/// A signal of which only requests are stored is taken out of one of them, a job of which only the result is out of that; whatever else is
/// missing comes from the source, which is read again from the last stored signal.
struct RecoveryReader: Sendable {
    /// Unfinished work and published signals are looked for so far back; as long as a source is deduplicated.
    static let window = SignalPublisher.memory
    /// As long as a worker's emissions are remembered.
    static let emittedWindow: Int32 = 2
    /// Of a leader's fills so much is read again before its last one on record: in another coin an earlier one may have been waited for.
    static let overlap: Int64 = 600_000
    private static let dayMilliseconds: Int64 = 86_400_000

    let postgres: PostgresConnection
    let config: ConfigStore
    let keys: Keys
    let partitioning: Partitioning

    /// A signal whose fan-out is not complete.
    struct UnfinishedSignal {
        let signal: Signal
        /// Under which its fan-out began; `nil` when that is not known.
        let configVersion: Int64?
    }

    var prefix: String { keys.key("") }
    var reader: AuditReader { AuditReader(postgres) }

    /// - Parameter now: milliseconds since 1970.
    func read(now: Int64, progress: @Sendable (String) -> Void) async throws -> RecoveryPlan {
        let today = Int32(now / Self.dayMilliseconds)
        let since = today - Int32(Self.window.components.seconds / 86_400)
        var plan = RecoveryPlan()
        progress("how far each stream is on record")
        let marks = try await reader.watermarks(prefix)
        // an epoch is a time of Redis' clock at least, and what is written under it has a later id
        plan.newestEpoch = marks.values.map { max($0.epoch, $0.last.milliseconds) }.max() ?? 0
        var checkpoint: Checkpoint?
        do { checkpoint = try await Checkpoint.load(keys, partitioning, watermarks: marks.mapValues(\.last), from: postgres) } catch let error as JSONError {
            plan.doubts.append("the checkpoint cannot be read, and all of the trail is: \(error)")
        }
        plan.checkpoint = checkpoint?.takenAt
        try await reader.prepareForRecovery(from: checkpoint?.starts(keys))
        var again: [StreamPartition: [CellRebuild.Entry]] = [:]
        let letters = keys.stream(StreamPartition(.deadLetters, 0))
        let aside = try await reader.putAside(letters, since: since)
        func take(_ row: AuditRow) -> Bool {
            guard let partition = partition(ofStream: row.stream), !aside.contains("\(partition.name)|\(row.entryID)") else { return false }
            again[partition, default: []].append(CellRebuild.Entry(id: row.entryID.description, fields: row.fields))
            return true
        }
        progress("signals and their requests")
        let signals = try await readSignals(since, &plan, take)
        var missing = signals.missing
        progress("requests without a plan")
        let unplanned = try await reader.unplannedRequests(prefix, since: since).filter(take)
        progress("jobs without a result")
        for row in try await reader.unansweredJobs(prefix, since: since) { _ = take(row) }
        for (partition, jobs) in try await readJobsOfResults(since, &plan) { missing[partition] = jobs }
        for row in try await reader.openLetters(letters, keys.stream(StreamPartition(.interventions, 0))) {
            guard let partition = partition(ofStream: row.stream) else { continue }
            again[partition, default: []].append(CellRebuild.Entry(id: row.entryID.description, fields: row.fields))
        }
        for partition in partitioning.all {
            let mark = marks[keys.stream(partition)]
            plan.streams.append(
                RecoveryPlan.StreamPart(
                    partition: partition, lastID: mark?.last.description ?? "0-0", lastNumber: mark?.lastSeq ?? 0, again: again[partition] ?? [],
                    missing: missing[partition] ?? []))
        }
        progress("decisions")
        try await readDecisions(of: unplanned.compactMap(\.request), since, &plan)
        try await readParts(of: unplanned, since, checkpoint, &plan)
        try await readPassed(unplanned, signals.unfinished, since, checkpoint, &plan)
        progress("positions and lifecycles")
        let undecided = try await readSleeves(since: checkpoint, &plan)
        try await readLifecycles(after: undecided, since: checkpoint, &plan)
        plan.emitted = checkpoint?.emitted ?? [:]
        for (stream, ids) in try await reader.ownEmissions(prefix, since: today - Self.emittedWindow) {
            if let partition = partition(ofStream: stream) { plan.emitted[partition.index, default: []] += ids }
        }
        progress("leaders")
        try await readLeaders(missing.filter { $0.key.stream == .signals }.flatMap(\.value).map(\.emission), since, marks.mapValues(\.last.milliseconds), checkpoint, &plan)
        return plan
    }

    func partition(ofStream key: String) -> StreamPartition? {
        guard key.hasPrefix(prefix) else { return nil }
        let parts = key.dropFirst(prefix.count).split(separator: ":")
        guard let name = parts.first, let stream = RedisStreams.Stream(rawValue: String(name)) else { return nil }
        return StreamPartition(stream, parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    }

    /// `nil` when there is none, or it is not known any more.
    func settings(_ version: Int64?) async throws(ConfigStoreError) -> ConfigSnapshot? {
        guard let version else { return nil }
        do { return try await config.snapshot(version: version) } catch {
            guard case .unknownVersion = error else { throw error }
            return nil
        }
    }

    /// One row that cannot be read must not keep the others back.
    func read<Record>(
        _ data: String, _ name: String, _ plan: inout RecoveryPlan, _ decode: (JSON) throws(JSONError) -> Record
    ) -> Record? {
        do { return try decode(JSON.parse(data)) } catch {
            plan.doubts.append("\(name) cannot be read: \(error)")
            return nil
        }
    }

    // MARK: - Signals

    /// Takes signals whose fan-out is not complete, and gives those that only their requests tell of.
    /// - Returns: these, and all of either kind in their order.
    private func readSignals(
        _ since: Int32, _ plan: inout RecoveryPlan, _ take: (AuditRow) -> Bool
    ) async throws -> (missing: [StreamPartition: [RecoveryPlan.Missing]], unfinished: [UnfinishedSignal]) {
        try await config.load()
        let versions = try await config.versions()
        var unfinished: [UnfinishedSignal] = []
        var fanouts: [Int: [String: String]] = [:]
        var doubts: [String] = []
        try await reader.forEachFanoutCount(prefix, since: since) { page in
            for (row, requests, version) in page {
                guard let partition = partition(ofStream: row.stream) else { continue }
                let signal: Signal
                do { signal = try Signal(json: JSON.parse(row.data ?? "")) } catch {
                    doubts.append("the signal \(row.stream) \(row.entryID) cannot be read: \(error)")
                    continue
                }
                // one without requests names no configuration: that of its time
                let version = version ?? versions.last { $0.since <= row.entryID.milliseconds }?.version
                guard let settings = try await settings(version), requests < settings.followers(of: signal).count, take(row) else { continue }
                unfinished.append(UnfinishedSignal(signal: signal, configVersion: version))
                if let version { fanouts[partition.index, default: [:]][row.entryID.description] = "0|\(version)" }
            }
        }
        plan.fanouts = fanouts
        plan.doubts += doubts
        var missing: [StreamPartition: [RecoveryPlan.Missing]] = [:]
        for (data, version) in try await reader.signalsOfRequests(prefix, since: since) {
            guard let signal = read(data, "the signal of a request", &plan, Signal.init(json:)) else { continue }
            unfinished.append(UnfinishedSignal(signal: signal, configVersion: version))
            let partition = StreamPartition(.signals, partitioning.signal(signal.influencer.text))
            let emission = Emission(
                partition, id: signal.id.text, owner: ("influencer", signal.influencer.text), coin: signal.coin.text,
                action: signal.legs.map(\.action.rawValue).joined(separator: "+"), trace: signal.id.text, data: Array(data.utf8))
            missing[partition, default: []].append(RecoveryPlan.Missing(emission: emission, configVersion: version))
        }
        plan.knownRequests = Set(try await reader.requests(ofSignals: unfinished.map(\.signal.id.text)))
        return (missing, unfinished)
    }

    // MARK: - Decisions

    /// Jobs of which only the result is stored, as far as that tells of them: so that the order of a lane stays on record.
    private func readJobsOfResults(_ since: Int32, _ plan: inout RecoveryPlan) async throws -> [StreamPartition: [RecoveryPlan.Missing]] {
        var jobs: [StreamPartition: [RecoveryPlan.Missing]] = [:]
        for row in try await reader.answersWithoutJob(prefix, since: since) {
            guard let stream = partition(ofStream: row.stream) else { continue }
            do {
                let job = ExecutionJob(of: try ExecutionResult(json: JSON.parse(row.data ?? "")))
                jobs[StreamPartition(.jobs, stream.index), default: []].append(
                    RecoveryPlan.Missing(emission: Emission(job: job, partition: stream.index)))
                plan.answered[stream.index, default: []].append(job.id.text)
            } catch { plan.doubts.append("the result \(row.stream) \(row.entryID) cannot be read: \(error)") }
        }
        return jobs
    }

    private func readDecisions(of unplanned: [String], _ since: Int32, _ plan: inout RecoveryPlan) async throws {
        for leg in try await reader.knownLegs(prefix, of: unplanned, since: since) {
            guard let partition = partition(ofStream: leg.stream) else { continue }
            plan.knownLegs[partition.index, default: []].insert(leg.job)
            if let decision = leg.decision { plan.decisions[partition.index, default: [:]][leg.request] = decision }
        }
    }

    /// What requests without a complete plan had been composed of, as the record of that tells, or those that went into them.
    private func readParts(of unplanned: [AuditRow], _ since: Int32, _ checkpoint: Checkpoint?, _ plan: inout RecoveryPlan) async throws {
        guard !unplanned.isEmpty else { return }
        var parts: [String: [String]] = [:]
        for row in unplanned {
            guard let id = row.request, let record = record(of: id, row, plan), !record.composedOf.isEmpty else { continue }
            parts[id] = record.composedOf.map(\.text)
        }
        let decided = Set(parts.keys)
        for part in try await reader.composedParts(prefix, of: unplanned.compactMap(\.request), since: since) where !decided.contains(part.into) {
            parts[part.into, default: []].append(part.request)
        }
        let requests = try await self.requests(Set(parts.values.joined()), since: checkpoint, &plan)
        for row in unplanned {
            guard let id = row.request, let own = parts[id], let partition = partition(ofStream: row.stream) else { continue }
            plan.undecided[partition.index, default: [:]][id] = UndecidedRequest(parts: own.compactMap { requests[$0] })
        }
    }

    /// What the request of a row was decided on, as far as that is read already.
    private func record(of request: String, _ row: AuditRow, _ plan: RecoveryPlan) -> DecisionRecord? {
        guard let partition = partition(ofStream: row.stream), let text = plan.decisions[partition.index]?[request] else { return nil }
        return try? DecisionRecord(json: JSON.parse(text))
    }

    // MARK: - Positions

    /// - Returns: those whose last result answers a job that is not on record, by field, with the time of the result.
    private func readSleeves(
        since checkpoint: Checkpoint?, _ plan: inout RecoveryPlan
    ) async throws -> [String: (partition: Int, sleeve: Sleeve, at: Int64)] {
        plan.sleeves = checkpoint?.sleeves ?? [:]
        var undecided: [String: (partition: Int, sleeve: Sleeve, at: Int64)] = [:]
        for stored in try await reader.lastSleeves(prefix) {
            guard let partition = partition(ofStream: stored.stream) else { continue }
            let field = HoldingKey(SubscriptionID(stored.subscription), Coin(stored.coin)).field
            do {
                var sleeve = Sleeve.empty
                if let record = stored.sleeve {
                    let json = try JSON.parse(record)
                    if json != .null { sleeve = try Sleeve(json: json) }
                } else {
                    // written before results carried it: the position is what matters
                    sleeve.position = try Size(parsing: stored.position ?? "0")
                    if !sleeve.isEmpty { plan.doubts.append("of \(field) only the position \(sleeve.position) is on record") }
                }
                plan.sleeves[partition.index, default: [:]][field] = sleeve.isEmpty ? nil : sleeve
                if !stored.isDecided { undecided[field] = (partition.index, sleeve, stored.at) }
            } catch { plan.doubts.append("the sleeve of \(field) cannot be read: \(error)") }
        }
        return undecided
    }

    private func readLifecycles(
        after undecided: [String: (partition: Int, sleeve: Sleeve, at: Int64)], since checkpoint: Checkpoint?, _ plan: inout RecoveryPlan
    ) async throws {
        let decisions = try await reader.lastDecisions(prefix)
        plan.lifecycles = checkpoint?.lifecycles ?? [:]
        for (field, last) in undecided { plan.lifecycles[last.partition]?[field] = nil }
        var records: [String: DecisionRecord] = [:]
        for item in decisions {
            do { records[item.request] = try DecisionRecord(json: JSON.parse(item.decision)) } catch {
                plan.doubts.append("the decision about \(item.request) cannot be read: \(error)")
            }
        }
        let requests = try await requests(of: records, since: checkpoint, &plan)
        for item in decisions {
            guard let partition = partition(ofStream: item.stream), let record = records[item.request] else { continue }
            let holding = HoldingKey(SubscriptionID(item.subscription), Coin(item.coin))
            if let later = undecided[holding.field], later.at >= item.at { continue }
            plan.lifecycles[partition.index, default: [:]][holding.field] = try await lifecycle(after: record, item.request, requests, &plan)
        }
        let decidedAt = Dictionary(decisions.map { (HoldingKey(SubscriptionID($0.subscription), Coin($0.coin)).field, $0.at) }) { max($0, $1) }
        for (field, last) in undecided where last.at >= decidedAt[field] ?? 0 {
            // what was traded tells which life it is of
            guard let id = last.sleeve.lifecycle, let k = last.sleeve.k, !last.sleeve.position.isZero else { continue }
            plan.lifecycles[last.partition, default: [:]][field] = Lifecycle(
                id: id, k: k, status: .copied, direction: last.sleeve.position > .zero ? .buy : .sell)
        }
    }

    /// The requests that these decisions are about, those that were composed into them included.
    func requests(
        of records: [String: DecisionRecord], since checkpoint: Checkpoint?, _ plan: inout RecoveryPlan
    ) async throws -> [String: ExecutionRequest] {
        let requests = try await stored(records.keys, &plan)
        let parts = Set(records.values.flatMap { $0.composedOf.map(\.text) }).subtracting(requests.keys)
        return requests.merging(try await self.requests(parts, since: checkpoint, &plan)) { own, _ in own }
    }

    /// Requests by id, also those that were composed into one that was decided after the checkpoint, and answered before it.
    func requests(
        _ ids: Set<String>, since checkpoint: Checkpoint?, _ plan: inout RecoveryPlan
    ) async throws -> [String: ExecutionRequest] {
        guard !ids.isEmpty else { return [:] }
        let requests = try await stored(ids, &plan)
        let older = ids.subtracting(requests.keys)
        guard checkpoint != nil, !older.isEmpty else { return requests }
        return requests.merging(try await stored(older, everywhere: true, &plan)) { recent, _ in recent }
    }

    private func stored(
        _ ids: some Collection<String>, everywhere: Bool = false, _ plan: inout RecoveryPlan
    ) async throws -> [String: ExecutionRequest] {
        var requests: [String: ExecutionRequest] = [:]
        for (id, data) in try await reader.requestData(ids, everywhere: everywhere) {
            requests[id] = read(data, "the request \(id)", &plan, ExecutionRequest.init(json:))
        }
        return requests
    }

    /// Decided again, as a replay does.
    func lifecycle(
        after record: DecisionRecord, _ id: String, _ requests: [String: ExecutionRequest], _ plan: inout RecoveryPlan
    ) async throws -> Lifecycle? {
        // decided again when its request is there again
        guard let request = requests[id] else { return record.lifecycle }
        guard let settings = try await settings(record.configVersion) else {
            plan.doubts.append("the configuration \(record.configVersion), under which \(id) was decided, is not known any more")
            return record.lifecycle
        }
        guard !record.composedOf.isEmpty else { return Planner.decide(request, under: settings, on: record).lifecycle }
        let parts = record.composedOf.compactMap { requests[$0.text] }
        guard parts.count == record.composedOf.count, let composition = Composition(of: parts + [request]) else {
            plan.doubts.append("the requests that were composed into \(id) are not all on record")
            return Planner.decide(request, under: settings, on: record).lifecycle
        }
        return Planner.decide(composition, under: settings, on: record).lifecycle
    }

    // MARK: - Leaders

    /// Where to read each leader's fills from. Coins without a signal are begun with their first fill, and nobody joins.
    /// - Parameter marks: stream → up to when it is on record, milliseconds.
    private func readLeaders(
        _ missing: [Emission], _ since: Int32, _ marks: [String: Int64], _ checkpoint: Checkpoint?, _ plan: inout RecoveryPlan
    ) async throws {
        plan.seen = try await reader.seenSignals((0..<partitioning.signals).map { keys.stream(StreamPartition(.signals, $0)) }, since: since)
        var cursors: [InfluencerID: LeaderCursor] = [:]
        let last = AuditReader.LastSignal.newest((checkpoint?.leaders ?? []) + (try await reader.lastSignals(prefix)))
        let stored = last.compactMap { read($0.data, "a leader's last signal", &plan, Signal.init(json:)) }
        let found = missing.compactMap { $0.fields.first { $0.name == "data" }?.value }
            .compactMap { read(String(decoding: $0, as: UTF8.self), "the signal of a request", &plan, Signal.init(json:)) }
        for signal in stored + found where signal.join == nil {
            var cursor = cursors[signal.influencer] ?? LeaderCursor()
            cursor.joinedThrough = nil
            // other fills of that very millisecond are in it too: as of a position that was read
            cursor.marks[signal.coin] = LeaderCursor.Mark(
                position: signal.end, time: signal.lastFillTime, price: signal.averagePrice, tids: [signal.lastFill], isAnchor: true)
            cursor.resumeFrom = max(cursor.resumeFrom ?? 0, signal.lastFillTime)
            cursors[signal.influencer] = cursor
        }
        let followedSince = try await config.followedSince()
        for (influencer, cursor) in cursors {
            cursors[influencer]?.resumeFrom = cursor.resumeFrom.map { max($0 - Self.overlap, followedSince[influencer] ?? .min) }
        }
        for influencer in config.current().influencers.values where influencer.isActive && cursors[influencer.id] == nil {
            // all that it has done, if anything, is on record nowhere; when others' signals came says nothing of it
            let stream = keys.stream(StreamPartition(.signals, partitioning.signal(influencer.id.text)))
            guard let since = followedSince[influencer.id] ?? marks[stream] else { continue }
            var cursor = LeaderCursor()
            cursor.joinedThrough = nil
            cursor.resumeFrom = since
            cursors[influencer.id] = cursor
        }
        for signal in found { plan.seen[Day.of(signal.lastFillTime), default: []].append(signal.id.text) }
        for (influencer, cursor) in cursors { plan.cursors[partitioning.signal(influencer.text), default: [:]][influencer.text] = cursor }
    }
}

extension ExecutionJob {
    /// What a result tells of its job. Nobody carries it out again.
    fileprivate init(of result: ExecutionResult) {
        self.init(
            id: result.job, request: result.request, signal: result.signal, subscription: result.subscription, subscriber: result.subscriber,
            account: result.account, influencer: result.influencer, coin: result.coin, action: result.action, side: result.side,
            quantity: result.action.isEntry ? .size(max(result.requestedSize, Size(e8: 1))) : .share(.one), limit: result.limit,
            referencePrice: result.averagePrice ?? result.limit ?? Price(e8: 1), expiresAt: nil, maximumPositionNotional: nil,
            leaderFillTime: result.times.leaderFillMilliseconds, receivedAt: result.times.received, lifecycle: nil,
            detail: "put on record from its result, after Redis was lost", origin: result.origin)
    }
}
