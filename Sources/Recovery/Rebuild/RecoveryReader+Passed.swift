import AuditTrail
import ConfigStore
import CopyTrading
import JSON
import Pipeline
import RedisStreams

/// Requests that later ones have passed: without a decision on record, before one of the same subscription and coin that has one.
extension RecoveryReader {
    /// Where a request stands among those of its subscription and coin: those on record by their stream, the others behind them by their signals.
    private enum Place: Comparable {
        case onRecord(AuditEntryID)
        case unrecorded(signal: Int)
    }

    /// A request that is planned again, or made again.
    private struct Waiting {
        let request: ExecutionRequest
        let place: Place
        /// Of accounts.
        let partition: Int
    }

    /// A request of which a decision is on record.
    private struct Decided {
        let id: RequestID
        let place: Place
        let hasOrder: Bool
        let record: DecisionRecord?
    }

    /// Requests without a decision on record before one that has one. If that led to an order, they led to none that is not on record: jobs
    /// come in the order of their requests. If not, their own may be missing.
    func readPassed(
        _ unplanned: [AuditRow], _ unfinished: [UnfinishedSignal], _ since: Int32, _ checkpoint: Checkpoint?, _ plan: inout RecoveryPlan
    ) async throws {
        let decided = try await decisions(behind: unplanned, unfinished, since, &plan)
        let waiting = try await waiting(unplanned, unfinished, besides: decided, &plan)
        guard !waiting.isEmpty else { return }
        let places = waiting.map { holding, items in
            let first = items.map(\.place).min()
            let end = AuditEntryID(milliseconds: .max, sequence: .max)
            let entry = if case .onRecord(let id)? = first { id } else { end }
            return AuditReader.RequestPlace(subscription: holding.subscription.text, coin: holding.coin.text, entry: entry)
        }
        var records: [String: DecisionRecord] = [:]
        var before: [HoldingKey: (id: String, record: DecisionRecord)] = [:]
        for item in try await reader.lastDecisions(prefix, before: places) {
            guard let record = read(item.decision, "the decision about \(item.request)", &plan, DecisionRecord.init(json:)) else { continue }
            records[item.request] = record
            before[HoldingKey(SubscriptionID(item.subscription), Coin(item.coin))] = (item.request, record)
        }
        for item in waiting.keys.flatMap({ decided[$0] ?? [] }) { records[item.id.text] = item.record }
        var requests = try await requests(of: records, since: checkpoint, &plan)
        for item in waiting.values.joined() { requests[item.request.id.text] = item.request }
        for (holding, items) in waiting {
            guard let decisions = decided[holding], let index = items.first?.partition else { continue }
            var life = checkpoint?.lifecycles[index]?[holding.field]
            if let (id, record) = before[holding] { life = try await lifecycle(after: record, id, requests, &plan) }
            try await pass(items, decisions, life, requests, &plan)
        }
    }

    /// - Parameters:
    ///   - items: of one subscription and coin.
    ///   - decisions: of the same.
    ///   - life: before all of them.
    private func pass(
        _ items: [Waiting], _ decisions: [Decided], _ life: Lifecycle?, _ requests: [String: ExecutionRequest], _ plan: inout RecoveryPlan
    ) async throws {
        // of those that are not on record themselves the order is not known: the same whatever is read
        let decisions = decisions.sorted { ($0.place, $0.id.text) < ($1.place, $1.id.text) }
        var life = life
        var done = 0
        for item in items.sorted(by: { $0.place < $1.place }) {
            while done < decisions.count, decisions[done].place < item.place {
                if let record = decisions[done].record { life = try await lifecycle(after: record, decisions[done].id.text, requests, &plan) }
                done += 1
            }
            let (id, index) = (item.request.id, item.partition)
            let later = decisions[done...].filter { $0.id != id }
            guard !later.isEmpty else { continue }
            plan.undecided[index, default: [:]][id.text, default: UndecidedRequest()].isPassed = true
            plan.undecided[index]?[id.text]?.lifecycle = life
            let record: DecisionRecord
            if let text = plan.decisions[index]?[id.text] {
                guard let own = read(text, "the decision about \(id)", &plan, DecisionRecord.init(json:)) else { continue }
                record = own
            } else if let whole = later.first(where: { $0.record?.composedOf.contains(id) == true }), let composed = whole.record {
                record = DecisionRecord(
                    decidedAt: composed.decidedAt, configVersion: composed.configVersion, facts: PlanningFacts(instrument: nil),
                    lifecycle: composed.lifecycle, composedInto: whole.id)
            } else if let order = later.first(where: \.hasOrder) {
                record = DecisionRecord(
                    decidedAt: order.record?.decidedAt ?? item.request.signal.lastFillTime, configVersion: item.request.configVersion,
                    facts: PlanningFacts(instrument: nil), lifecycle: life, passedBy: order.id)
            } else {
                continue
            }
            plan.decisions[index, default: [:]][id.text] = record.json.text()
            life = try await lifecycle(after: record, id.text, requests, &plan)
        }
    }

    /// Decided requests that others of their subscription and coin may wait before.
    private func decisions(
        behind unplanned: [AuditRow], _ unfinished: [UnfinishedSignal], _ since: Int32, _ plan: inout RecoveryPlan
    ) async throws -> [HoldingKey: [Decided]] {
        var first: [HoldingKey: AuditEntryID] = [:]
        for row in unplanned {
            guard let holding = holding(row) else { continue }
            first[holding] = min(first[holding] ?? row.entryID, row.entryID)
        }
        let places = first.map { AuditReader.RequestPlace(subscription: $0.key.subscription.text, coin: $0.key.coin.text, entry: $0.value) }
        let order = Dictionary(unfinished.enumerated().map { ($0.element.signal.id.text, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var decided: [HoldingKey: [Decided]] = [:]
        for item in try await reader.decisions(prefix, behind: places, since: since) {
            // of a signal that is not on record either: behind all that are
            let unrecorded = Place.unrecorded(signal: item.signal.flatMap { order[$0] } ?? .max)
            decided[HoldingKey(SubscriptionID(item.subscription), Coin(item.coin)), default: []].append(
                Decided(
                    id: RequestID(item.request), place: item.entry.map(Place.onRecord) ?? unrecorded, hasOrder: item.hasOrder,
                    record: item.decision.flatMap { read($0, "the decision about \(item.request)", &plan, DecisionRecord.init(json:)) }))
        }
        return decided
    }

    /// Requests that are delivered again, or made again, of the subscriptions and coins of decided ones.
    private func waiting(
        _ unplanned: [AuditRow], _ unfinished: [UnfinishedSignal], besides decided: [HoldingKey: [Decided]], _ plan: inout RecoveryPlan
    ) async throws -> [HoldingKey: [Waiting]] {
        guard !decided.isEmpty else { return [:] }
        var waiting: [HoldingKey: [Waiting]] = [:]
        for row in unplanned {
            guard let holding = holding(row), decided[holding] != nil, let partition = partition(ofStream: row.stream), let data = row.data,
                let request = read(data, "the request \(row.request ?? "")", &plan, ExecutionRequest.init(json:))
            else { continue }
            waiting[holding, default: []].append(Waiting(request: request, place: .onRecord(row.entryID), partition: partition.index))
        }
        for (index, item) in unfinished.enumerated() {
            guard let settings = try await settings(item.configVersion) else { continue }
            for subscription in settings.followers(of: item.signal) {
                let id = RequestID(signal: item.signal.id, subscription: subscription.id)
                let holding = HoldingKey(subscription.id, item.signal.coin)
                guard decided[holding] != nil, !plan.knownRequests.contains(id.text) else { continue }
                let request = ExecutionRequest(
                    id: id, subscription: subscription.id, subscriber: subscription.subscriber, account: subscription.account,
                    configVersion: settings.version, signal: item.signal)
                waiting[holding, default: []].append(
                    Waiting(request: request, place: .unrecorded(signal: index), partition: partitioning.account(subscription.account.text)))
            }
        }
        return waiting
    }

    private func holding(_ row: AuditRow) -> HoldingKey? {
        guard let subscription = row.subscription, let coin = row["coin"] else { return nil }
        return HoldingKey(SubscriptionID(subscription), Coin(coin))
    }
}
