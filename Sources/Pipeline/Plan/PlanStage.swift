import ConfigStore
import CopyTrading
import JSON
import Logging
import RedisStreams

/// Request → jobs, or results that say why there is no job. The decision is the domain's ``Planner``; this drives it.
///
/// Requests of one (subscription, coin) are decided in stream order, each on the lifecycle that the one before left.
public actor PlanStage: StageHandler {
    private let config: ConfigStore
    private let instruments: Instruments
    private let journal: AttemptJournal
    private let stage: Stage
    private let logger: Logger
    private var lifecycles: [Int: [HoldingKey: Lifecycle]] = [:]
    private var ready: [Int: [Completion]] = [:]

    public init(config: ConfigStore, instruments: Instruments, journal: AttemptJournal, stage: Stage, logger: Logger) {
        self.config = config
        self.instruments = instruments
        self.journal = journal
        self.stage = stage
        self.logger = logger
    }

    public func begin(_ partition: Int) async throws {
        var loaded: [HoldingKey: Lifecycle] = [:]
        for (field, value) in try await journal.state(partition) {
            guard let key = HoldingKey(field: field) else { throw JSONError(path: field, problem: "is not <subscription>|<coin>") }
            loaded[key] = try Lifecycle(json: JSON.parse(value))
        }
        lifecycles[partition] = loaded
        ready[partition] = []
    }

    public func receive(_ entries: [StreamEntry], partition: Int) async {
        for entry in entries {
            do {
                let request = try entry.record(ExecutionRequest.init(json:))
                let completion = try await decide(request, entry, partition)
                ready[partition]?.append(.handOff(completion))
            } catch {
                logger.error("entry.dead_letter", metadata: ["stage": "plan", "entry": "\(entry.id)", "error": "\(error)"])
                let letter = Emission.deadLetter(entry, from: stage.inputs[partition], reason: "malformed", error: "\(error)")
                ready[partition]?.append(.handOff(HandOff(entry: entry.id, emissions: [letter])))
            }
        }
    }

    public func completions(_ partition: Int, limit: Int) -> [Completion] {
        guard let items = ready[partition], !items.isEmpty else { return [] }
        ready[partition] = Array(items.dropFirst(limit))
        return Array(items.prefix(limit))
    }

    public func end(_ partition: Int) {
        ready[partition] = nil
        lifecycles[partition] = nil
    }

    private func decide(_ request: ExecutionRequest, _ entry: StreamEntry, _ partition: Int) async throws -> HandOff {
        // the settings may be newer than those that matched, never older
        var snapshot = await config.current()
        if snapshot.version < request.configVersion { snapshot = try await config.waitFor(version: request.configVersion) }
        let key = HoldingKey(request.subscription, request.signal.coin)
        let before = lifecycles[partition]?[key]
        let plan = Planner.decide(
            request: request, subscription: snapshot.subscriptions[request.subscription],
            instrument: await instruments.instrument(request.signal.coin), lifecycle: before, now: WallClock.milliseconds)
        lifecycles[partition]?[key] = plan.lifecycle
        let index = stage.inputs[partition].index
        return HandOff(
            entry: entry.id,
            emissions: plan.jobs.map { Emission(job: $0, partition: index) }
                + plan.results(for: request, at: WallClock.microseconds).map { Emission(result: $0, partition: index) },
            state: plan.lifecycle == before ? [] : [(key.field, plan.lifecycle?.json.bytes())])
    }
}
