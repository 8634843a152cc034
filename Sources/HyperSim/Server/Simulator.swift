import CopyTrading
import Hyperliquid
import JSON
import Logging
import NIOCore

/// The simulated exchange behind its sockets: engine, ledger, subscriptions and replay, all on one event loop and without locks.
///
/// One turn of the loop handles whatever arrived; the answers of a turn leave together at its end, after the ledger's lines were written.
/// So what a client was told is on disk, and many requests share one write.
final class Simulator {
    let configuration: HyperSimConfiguration
    let engine: Engine
    let ledger: Ledger
    let hub: SubscriptionHub
    let publisher: Publisher
    let exchange: ExchangeService
    private let info: InfoService
    private let setup: EngineSetup
    /// What reads show instead of the present, as of when, and until when; milliseconds since 1970.
    private var past: (info: InfoService, at: Int64, until: Int64)?
    let logger: Logger
    let loop: any EventLoop
    let replay: ReplayDriver
    let clients: Clients
    let faults: FaultInjector
    let flood: MarketFlood
    /// The exchange whose markets are shown here, if any.
    let mirror: Mirror?
    /// Trades there before this are not repeated here; milliseconds since 1970.
    let mirrorStartedAt: Int64
    var mirroredTrades = RecentIDs(limit: 10_000)
    private var clock = WallClock()
    private var waiting: [any TurnMember] = []
    private var flushIsScheduled = false
    private var connections: [ObjectIdentifier: any Channel] = [:]
    private(set) var sockets: [ObjectIdentifier: WebSocketConnection] = [:]
    private var ticking: RepeatedTask?
    /// Called once, when the ledger can no longer be written.
    var onFailure: ((HyperSimError) -> Void)?
    private(set) var failure: HyperSimError?

    /// - Parameter mirrored: an exchange to mirror, and its markets.
    init(
        configuration: HyperSimConfiguration, recorded: RecordedFills?, mirrored: (mirror: Mirror, markets: MirroredMarkets)?, loop: any EventLoop,
        logger: Logger
    ) throws(HyperSimError) {
        self.configuration = configuration
        self.loop = loop
        mirror = mirrored?.mirror
        mirrorStartedAt = clock.now()
        self.logger = logger
        setup = EngineSetup(configuration: configuration, recorded: recorded, mirrored: mirrored?.markets.listings ?? [])
        engine = try setup.engine()
        ledger = try Ledger(directory: configuration.ledgerDirectory, sync: configuration.ledgerSync)
        try ledger.restore(engine)
        clients = Clients(limits: configuration.limits)
        faults = FaultInjector(plan: try FaultPlan(seed: configuration.seed, rules: configuration.faults))
        flood = MarketFlood(loop: loop)
        hub = SubscriptionHub()
        publisher = Publisher(engine: engine, hub: hub, faults: faults)
        exchange = ExchangeService(engine: engine, network: configuration.network)
        info = InfoService(engine: engine)
        replay = try ReplayDriver(recorded: recorded, replayed: engine.replayed, engine: engine)
        if let path = configuration.accountsFile { try apply(.accounts(AccountEntry.list(path: path))) }
        try ledger.flush()
    }

    /// Milliseconds since 1970, never less than the time before.
    func now() -> Int64 { clock.now() }

    /// Executes a signed request at once; its answer is for the end of the turn.
    func answerExchange(_ json: JSON) -> Reply {
        switch exchange.judge(json) {
        case .answered(let reply): return reply
        case .action(let signed):
            do throws(HyperSimError) {
                guard case .action(let result) = try apply(.action(signed)) else { preconditionFailure("an action has a result") }
                return ExchangeReply.of(result)
            } catch { preconditionFailure("an action is refused by its result: \(error)") }
        }
    }

    func answerInfo(_ json: JSON) -> (reply: Reply, weight: Int) {
        let now = now()
        if let past, now < past.until { return past.info.answer(json, now: past.at) }
        past = nil
        return info.answer(json, now: now)
    }

    func happen(_ fault: WorldFault) throws(HyperSimError) {
        if case .staleReads(let milliseconds) = fault {
            let copy = try setup.engine()
            try ledger.repeatInputs(on: copy)
            past = (InfoService(engine: copy), now(), now() + Int64(milliseconds))
        } else if let input = try fault.input(engine.universe) {
            try apply(input)
        }
        faults.plan.note(fault.name)
    }

    /// Puts one input into the journal, carries it out, and passes on what it caused: lines to the ledger, frames to subscribers.
    @discardableResult
    func apply(_ input: EngineInput) throws(HyperSimError) -> Engine.Outcome {
        let now = now()
        ledger.append(input, at: now)
        scheduleFlush()
        defer { settle() }
        return try engine.apply(input, at: now)
    }

    private func settle() {
        guard !engine.effects.isEmpty else { return }
        let effects = engine.takeEffects()
        for entry in effects.ledger { ledger.append(entry) }
        publisher.publish(effects)
    }

    // MARK: The turn

    /// `member` has something to send when the turn ends.
    func enlist(_ member: any TurnMember) {
        waiting.append(member)
        scheduleFlush()
    }

    private func scheduleFlush() {
        guard !flushIsScheduled else { return }
        flushIsScheduled = true
        loop.assumeIsolated().execute { self.endTurn() }
    }

    private func endTurn() {
        flushIsScheduled = false
        guard failure == nil else { return }
        do throws(HyperSimError) { try ledger.flush() } catch { return fail(error) }
        let members = waiting
        waiting.removeAll(keepingCapacity: true)
        for member in members { member.endTurn() }
    }

    /// Runs `body` so many microseconds later; at once for 0.
    func after(_ microseconds: Int64, _ body: @escaping () -> Void) {
        guard microseconds > 0 else { return body() }
        loop.assumeIsolated().scheduleTask(in: .microseconds(microseconds), body)
    }

    /// Nothing may be answered that the ledger does not hold: every connection is cut.
    private func fail(_ error: HyperSimError) {
        failure = error
        logger.critical("the ledger cannot be written; nothing is answered any more", metadata: ["error": "\(error)"])
        ticking?.cancel()
        replay.stop()
        closeConnections()
        onFailure?(error)
    }

    // MARK: Connections and the clock

    func register(_ channel: any Channel) { connections[ObjectIdentifier(channel)] = channel }
    func deregister(_ channel: any Channel) { connections[ObjectIdentifier(channel)] = nil }
    func register(_ socket: WebSocketConnection) { sockets[ObjectIdentifier(socket)] = socket }
    func deregister(_ socket: WebSocketConnection) { sockets[ObjectIdentifier(socket)] = nil }
    var connectionCount: Int { connections.count }

    func closeConnections() {
        for channel in connections.values { channel.close(promise: nil) }
    }

    func startTicking() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let period = TimeAmount.milliseconds(Publisher.tickMilliseconds)
        ticking = loop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
            bound.value.tick()
        }
    }

    private func tick() {
        let now = now()
        if let due = engine.nextTimer, due <= now {
            do throws(HyperSimError) { try apply(.time) } catch { preconditionFailure("time cannot be refused: \(error)") }
        }
        publisher.tick(now: now)
    }

    /// Ends the clock and the replay and writes what is left.
    func stop() {
        ticking?.cancel()
        flood.stop()
        replay.stop()
        closeConnections()
        guard failure == nil else { return }
        do throws(HyperSimError) { try ledger.flush() } catch { fail(error) }
    }
}

/// Something that gathers output during a turn and sends it at the turn's end.
protocol TurnMember: AnyObject {
    func endTurn()
}
