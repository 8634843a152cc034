import AuditTrail
import ConfigStore
import CopyTrading
import JSON
import Pipeline
import RawFrames

/// Decides the requests of a recorded day again, each on what it was decided on, and compares leg by leg.
struct DayReplay {
    /// Versions of the configuration held at once; each is read once unless a day has more.
    static let keptVersions = 64
    /// Days named when the wanted one is not on record.
    static let namedDays = 10

    private let store: ConfigStore
    private var snapshots: [Int64: ConfigSnapshot] = [:]
    private var stream = ""
    /// What the decisions so far left stored, in the stream at hand: every partition of the planner has its own.
    private var stored: [HoldingKey: Lifecycle?] = [:]
    /// Requests that were composed into a later one of the stream, until that comes.
    private var parts: [HoldingKey: [(request: ExecutionRequest, into: RequestID)]] = [:]
    private var report: ReplayReport

    /// - Parameters:
    ///   - shown: differences kept for showing.
    ///   - progress: called after each page.
    /// - Throws: ``Failure`` when no request of the day is on record.
    static func run(
        _ day: ArchiveDay, _ reader: AuditReader, _ store: ConfigStore, shown: Int, progress: (ReplayReport) -> Void = { _ in }
    ) async throws -> ReplayReport {
        let count = try await reader.requestCount(on: day.number)
        guard count > 0 else { throw try await nothing(of: day, reader) }
        var replay = DayReplay(store: store, report: ReplayReport(day: day, expected: count, shown: shown))
        try await reader.forEachDecision(on: day.number) { page in
            try Task.checkCancellation()
            for decision in page { try await replay.add(decision) }
            progress(replay.report)
        }
        return replay.report
    }

    private static func nothing(of day: ArchiveDay, _ reader: AuditReader) async throws -> Failure {
        let days = try await reader.requestDays().map { ArchiveDay(number: $0).description }
        let more = days.count > namedDays ? ", and \(days.count - namedDays) before" : ""
        return Failure(
            .usage, "no request of \(day) is in the audit trail",
            nextStep: days.isEmpty
                ? "it has none of any day: `vibe status` shows whether the fleet is at work"
                : "days on record: \(days.suffix(namedDays).joined(separator: ", "))\(more)")
    }

    private init(store: ConfigStore, report: ReplayReport) {
        self.store = store
        self.report = report
    }

    private mutating func add(_ decision: AuditDecision) async throws {
        report.requests += 1
        if decision.request.stream != stream {
            stream = decision.request.stream
            stored = [:]
            parts = [:]
        }
        let request: ExecutionRequest
        do { request = try ExecutionRequest(json: JSON.parse(decision.request.data ?? "")) } catch {
            report.legs += 1
            report.addUnrecorded([(0, "the request cannot be read: \(error)")], of: decision.request)
            return
        }
        let key = HoldingKey(request.subscription, request.signal.coin)
        let before = stored.removeValue(forKey: key)
        let waiting = parts.removeValue(forKey: key) ?? []
        let earlier = waiting.filter { $0.into == request.id }.map(\.request)
        var unrecorded: [(leg: Int, reason: String)] = []
        var left: Lifecycle??
        var whole: RequestID?
        for leg in request.signal.legs.indices {
            let job = JobID(request: request.id, leg: leg)
            let answers = decision.answers.filter { $0.job == job.text }
            guard let row = answers.first(where: { $0.kind == .jobs }) ?? answers.first else {
                unrecorded.append((leg, "no decision about it is on record"))
                continue
            }
            switch try await decideAgain(row, leg: leg, of: request, with: earlier, before: before) {
            case .impossible(let reason): unrecorded.append((leg, reason))
            case .decided(let difference, let plan):
                if difference.fields.isEmpty { report.identical += 1 } else { report.add(difference) }
                // A plan is of the whole request, so any leg's tells what was left.
                if let plan { left = .some(plan.lifecycle) }
                whole = whole ?? plan?.decision?.composedInto
            }
        }
        if let left { stored.updateValue(left, forKey: key) }
        if let whole { parts[key] = (waiting + [(request, whole)]).suffix(Composition.limit) }
        report.legs += request.signal.legs.count
        report.addUnrecorded(unrecorded, of: decision.request)
    }

    private enum Again {
        /// What differs, no field if nothing does, and the plan; none with a record that cannot be decided on.
        case decided(ReplayDifference, Plan?)
        /// What it was decided on is not on record, or not in this day's.
        case impossible(String)
    }

    /// - Parameters:
    ///   - earlier: the requests of this day that were composed into it.
    ///   - before: what the decision before it left, where that is known.
    private mutating func decideAgain(
        _ row: AuditRow, leg: Int, of request: ExecutionRequest, with earlier: [ExecutionRequest], before: Lifecycle??
    ) async throws -> Again {
        var difference = ReplayDifference(row: row, request: request, leg: leg)
        let json: JSON
        do { json = try JSON.parse(row.data ?? "") } catch {
            difference.fields = [ReplayDifference.Field(name: "data", recorded: row.data, again: "cannot be read: \(error)")]
            return .decided(difference, nil)
        }
        guard let member = json["decision"] else {
            return .impossible("decided by a version that kept no record of what it was decided on")
        }
        let record: DecisionRecord
        do { record = try DecisionRecord(json: member) } catch {
            difference.fields = [ReplayDifference.Field(name: "decision", recorded: member.text(), again: "cannot be decided on: \(error)")]
            return .decided(difference, nil)
        }
        let snapshot: ConfigSnapshot
        do { snapshot = try await self.snapshot(record.configVersion) } catch {
            guard case .unknownVersion(let version, let newest) = error else { throw error }
            difference.fields = [
                ReplayDifference.Field(name: "configVersion", recorded: "\(version)", again: "no such version, the newest is \(newest)")
            ]
            return .decided(difference, nil)
        }
        let (plan, decided): (Plan, ExecutionRequest)
        if record.composedOf.isEmpty {
            (plan, decided) = (Planner.decide(request, under: snapshot, on: record), request)
        } else if earlier.map(\.id) == record.composedOf, let composition = Composition(of: earlier + [request]) {
            (plan, decided) = (Planner.decide(composition, under: snapshot, on: record), composition.request)
        } else if record.composedOf.count > earlier.count, record.composedOf.suffix(earlier.count) == earlier.map(\.id)[...],
            before == nil || !earlier.isEmpty
        {
            return .impossible("composed of requests of the day before")
        } else {
            difference.fields = [
                ReplayDifference.Field(
                    name: "composedOf", recorded: record.composedOf.map(\.text).joined(separator: " "),
                    again: earlier.map(\.id.text).joined(separator: " "))
            ]
            return .decided(difference, nil)
        }
        difference.compare(
            DecidedLeg(row.kind == .jobs ? .job : .skip, json), with: DecidedLeg(plan.legs[leg], of: decided))
        if let before, before != record.lifecycle {
            difference.fields.append(
                ReplayDifference.Field(
                    name: "lifecycle before", recorded: record.lifecycle?.json.text() ?? "none",
                    again: before?.json.text() ?? "none"))
        }
        return .decided(difference, plan)
    }

    private mutating func snapshot(_ version: Int64) async throws(ConfigStoreError) -> ConfigSnapshot {
        if let known = snapshots[version] { return known }
        let snapshot = try await store.snapshot(version: version)
        // Each stream goes through the day's versions from the oldest on.
        if snapshots.count == Self.keptVersions, let oldest = snapshots.keys.min() { snapshots[oldest] = nil }
        snapshots[version] = snapshot
        return snapshot
    }
}
