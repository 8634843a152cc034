import Redis
import RedisStreams
import Settings

/// Watches a demo until the replay has ended and every stage is empty.
struct DemoMonitor {
    let fleet: Fleet
    let supervision: Supervision
    let simulator: SimulatorControl
    let redis: RedisConnection
    let context: OperatorContext

    /// Rates are taken over as many looks.
    private static let looksBehind = 4

    /// Everything must stand still at least this long: fills may wait in ingest for those before them.
    static let quiet = Duration.milliseconds(1_500)
    private var reader: StatusReader { StatusReader(context, redis: redis) }

    /// Waits until the simulated exchange answers.
    func waitForSimulator() async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while true {
            try await checkProcesses(FleetCounts())
            do {
                _ = try await simulator.status()
                return
            } catch { if ContinuousClock.now > limit { throw error } }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Waits until each stage has its processes, every partition an owner, and ingest has begun with so many leaders: what they trade
    /// before is history.
    func waitUntilReady(_ counts: FleetCounts, leaders: Int, within patience: Duration = .seconds(60)) async throws {
        let limit = ContinuousClock.now + patience
        while true {
            try await checkProcesses(counts)
            let status = try await reader.read()
            let unready = FleetRole.allCases.filter { role in
                guard let stage = status.stage(role.rawValue) else { return true }
                return stage.members.count < counts[role] || stage.unowned > 0 || stage.partitions.isEmpty
            }
            if unready.isEmpty, try await context.leadersBegun(redis) >= leaders { return }
            guard ContinuousClock.now < limit else {
                let names = unready.isEmpty ? "ingest has not begun with every leader" : unready.map(\.rawValue).joined(separator: ", ") + " not ready"
                throw Failure(.unavailable, "after \(patience.components.seconds) s: \(names)", nextStep: "see the logs under \(context.settings.fleet.runDirectory)/log")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Shows the progress until nothing is left to do.
    func watch(_ counts: FleetCounts, tail: ResultTail) async throws {
        var tail = tail
        var display = ProgressDisplay()
        let start = ContinuousClock.now
        var looks: [(status: CellStatus, at: ContinuousClock.Instant)] = []
        var emptySince: (instant: ContinuousClock.Instant, added: Int64)?
        while true {
            for text in try await checkProcesses(counts) { display.note(text) }
            try await tail.advance()
            let now = ContinuousClock.now
            let status = try await reader.read()
            let replay = try ReplayProgress(try await simulator.status())
            let isEmpty = replay.isFinished && status.isDrained
            if !isEmpty || emptySince?.added != status.added { emptySince = isEmpty ? (now, status.added) : nil }
            let isDone = emptySince.map { now - $0.instant >= Self.quiet } ?? false
            let processes = Dictionary(uniqueKeysWithValues: await fleet.counts.map { ($0.role, $0.count) })
            display.show(
                DemoProgress(
                    elapsed: now - start, replay: replay, status: status, previous: looks.first.map { ($0.status, now - $0.at) },
                    processes: processes, written: tail.written, acknowledged: tail.acknowledged, executed: tail.executed,
                    skipped: tail.skipped),
                isLast: isDone)
            if isDone { return }
            looks.append((status, now))
            if looks.count > Self.looksBehind { looks.removeFirst() }
            try await Task.sleep(for: ProgressDisplay.lookInterval)
        }
    }

    /// Texts about processes that ended. Someone may end one to see what happens; the demo fails only when a role has none left.
    @discardableResult
    private func checkProcesses(_ counts: FleetCounts) async throws -> [String] {
        if let failure = await supervision.serverFailure() { throw failure }
        var notes: [String] = []
        for ended in await fleet.ended() {
            let role = ended.name.split(separator: "-")[0]
            let left = await fleet.count(String(role))
            let wanted = FleetRole(rawValue: String(role)).map { counts[$0] } ?? 1
            guard left > 0 || wanted == 0 else { throw Failure(.unavailable, ended.text, nextStep: "no process of \(role) is left; see its log") }
            notes.append(ended.text)
        }
        return notes
    }
}
