import CopyTrading
import JSON
import NIOCore

/// Publishes the recorded fills when they are due.
///
/// idle ── start ──▶ running ── last group ──▶ finished
///
/// Started again while it runs, it goes on from where it is at the new speed; a restarted simulator goes on after what its ledger says was
/// published.
final class ReplayDriver {
    enum State: String {
        case idle, running, finished
    }

    private let groups: [Group]
    private var schedule: ReplaySchedule?
    private var timer: Scheduled<Void>?
    private(set) var speed: ReplaySpeed?
    /// Groups published, by this run or one before.
    private(set) var published: Int
    private(set) var publishedFills: Int
    private(set) var state: State
    let total: Int

    /// Fills of one leader that leave together.
    private struct Group {
        var leader: Account
        var recordedAt: Int64
        var fills: [Engine.LeaderFill]
    }

    /// - Parameter replayed: groups published by a run before.
    init(recorded: RecordedFills?, replayed: Int, engine: Engine) throws(HyperSimError) {
        do { groups = try recorded.map { recorded throws(JSONError) in try Self.decode(recorded, engine) } ?? [] } catch {
            throw .configuration("fills file: \(error)")
        }
        total = groups.reduce(0) { $0 + $1.fills.count }
        published = min(replayed, groups.count)
        publishedFills = groups.prefix(published).reduce(0) { $0 + $1.fills.count }
        state = !groups.isEmpty && published == groups.count ? .finished : .idle
    }

    private static func decode(_ recorded: RecordedFills, _ engine: Engine) throws(JSONError) -> [Group] {
        var result: [Group] = []
        for group in recorded.groups {
            guard let leader = engine.account(recorded.leaders[group.leader].address) else {
                preconditionFailure("every recorded leader has an account")
            }
            let fills = try JSON.array(group.fills).map { fill throws(JSONError) in
                try Engine.LeaderFill(json: fill, universe: engine.universe)
            }
            result.append(Group(leader: leader, recordedAt: group.recordedAt, fills: fills))
        }
        return result
    }

    /// - Throws: when there is nothing to replay.
    func start(_ speed: ReplaySpeed, on simulator: Simulator) throws(HyperSimError) {
        guard !groups.isEmpty else { throw .configuration("no recorded fills to replay") }
        guard state != .finished else { throw .configuration("everything was replayed") }
        timer?.cancel()
        let burst = ReplaySchedule.Burst(
            fills: simulator.configuration.replayBurstFills, milliseconds: Int64(simulator.configuration.replayBurstMilliseconds))
        schedule = ReplaySchedule(
            groups.map { ReplaySchedule.Item(recordedAt: $0.recordedAt, fills: $0.fills.count) }, from: published, speed: speed, burst: burst,
            now: simulator.now())
        self.speed = speed
        state = .running
        step(on: simulator)
    }

    func stop() {
        timer?.cancel()
        timer = nil
    }

    private func step(on simulator: Simulator) {
        let now = simulator.now()
        guard let (due, wait) = schedule?.step(at: now) else { return }
        for group in groups[due] {
            published += 1
            publishedFills += group.fills.count
            simulator.publish(group.fills, of: group.leader)
        }
        guard let wait else {
            state = .finished
            timer = nil
            simulator.logger.info("replay finished", metadata: ["fills": "\(publishedFills)"])
            return
        }
        timer = simulator.loop.assumeIsolated().scheduleTask(in: .milliseconds(wait)) { self.step(on: simulator) }
    }
}

extension Simulator {
    /// Publishes fills of one leader at once.
    @discardableResult
    func publish(_ fills: [Engine.LeaderFill], of leader: Account) -> [Fill] {
        do throws(HyperSimError) {
            guard case .fills(let published) = try apply(.fills(leader: leader.address, fills, replayed: replay.published)) else {
                preconditionFailure("fills come back as fills")
            }
            return published
        } catch { preconditionFailure("\(leader.address) is a leader: \(error)") }
    }
}
