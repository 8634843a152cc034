import ArgumentParser
import CopyTrading
import Foundation
import HyperSim
import Hyperliquid
import RedisStreams
import Settings

struct SimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim", abstract: "The simulated exchange: Hyperliquid's wire on this machine, with a ledger of every order.",
        discussion: """
            Leaders and coins come from the recorded fills; POST /control/replay (or --replay) starts the replay. env/simulator.env explains the settings, \
            flags win over them.

              vibe sim --fills Tests/Fixtures/leader_fills.json --accounts .run/simulator/accounts.json

            --mirror shows another exchange's markets instead, mainnet's for example: its books and trades, at which orders here fill, and its users, who \
            are followed and read through the simulator as if they traded here. What has no account here is asked there.

              vibe sim --mirror mainnet --coins BTC,ETH,HYPE

            --strict gives it the real exchange's limits for each client address; clients on one machine are told apart by connecting from 127.0.0.2, \
            127.0.0.3 and so on.

            Faults go wrong between it and its clients, or in the world. --fault NAME:MEMBER=VALUE,… adds one, and so does POST /control/faults \
            {"fault":NAME,MEMBER:VALUE,…}; GET tells how often each happened, DELETE ends them.

              requests  latency milliseconds jitterMilliseconds p99Milliseconds · rate429 · rate5xx · dropRequest · dropReply · reset · \
            halfOpen milliseconds
              frames    duplicateFrames · reorderFrames milliseconds · silent milliseconds
              sockets   disconnectEvery milliseconds jitterMilliseconds
              fills     disorderSameMillisecond
              world     staleBook coin stale · priceJump coin percent · delist coin · revokeAgent address ·
                        staleReads milliseconds (POST only, at once)

            every=N or perMillion=N says how often, path=/info where, times=N how many times in all.
            """)

    @Option(help: "Port on 127.0.0.1; 0 takes a free one.") var port: Int?
    @Option(help: "Recorded leaders' fills.") var fills: String?
    @Option(help: "Accounts: {\"accounts\":[{\"account\",\"agent\",\"balance\"}]}.") var accounts: String?
    @Option(help: "Directory of the ledger.") var ledger: String?
    @Option(help: "Acknowledgement delay, milliseconds.") var latencyMs: Int?
    @Option(help: "Added to the delay at random, milliseconds.") var jitterMs: Int?
    @Option(help: "Users that one client address may follow.") var users: Int?
    @Option(help: "Synthetic leaders for load tests: this many, trading as many coins.") var syntheticLeaders = 0
    @Flag(help: "Start the replay at once, at VIBE_SIM_SPEED.") var replay = false
    @Flag(help: "Do not wait for the ledger to reach the disk before answering.") var noSync = false
    @Flag(help: "The real exchange's limits for each client address.") var strict = false
    @Option(help: "A fault from the start on, such as rate429:every=100,path=/info; may be repeated.") var fault: [String] = []
    @Option(help: "Of everything random.") var seed: UInt64?
    @Option(help: "An exchange whose markets are shown: mainnet, testnet, or its http address.") var mirror: String?
    @Option(help: "Coins of the mirrored exchange, separated by commas; without it all.") var coins: String?

    func run() async throws {
        let settings = try Settings(environment: ProcessInfo.processInfo.environment)
        let logger = RoleLogger.make(settings, process: settings.fleet.processName ?? "sim")
        var configuration = HyperSimConfiguration(ledgerDirectory: ledger ?? settings.simulator.ledgerDirectory)
        configuration.port = port ?? settings.simulator.port
        configuration.network = settings.exchange.network == .mainnet ? .mainnet : .testnet
        configuration.mirror = mirror.map(Self.address) ?? settings.simulator.mirror
        configuration.mirrorCoins = coins.map { $0.split(separator: ",").map(String.init) } ?? settings.simulator.mirrorCoins
        let hasMarkets = syntheticLeaders > 0 || configuration.mirror != nil
        configuration.fillsFile = fills ?? (hasMarkets ? nil : settings.simulator.fills)
        configuration.accountsFile = accounts ?? settings.simulator.accounts
        configuration.ledgerSync = settings.simulator.syncs && !noSync
        configuration.latencyMilliseconds = latencyMs ?? Int(settings.simulator.latency.milliseconds)
        configuration.latencyJitterMilliseconds = jitterMs ?? Int(settings.simulator.jitter.milliseconds)
        configuration.limits = limits(settings.simulator)
        configuration.faults = settings.simulator.faults + fault
        configuration.seed = seed ?? UInt64(settings.simulator.seed)
        for index in 0..<syntheticLeaders {
            configuration.syntheticCoins.append(SyntheticLoad.coin(index))
            configuration.syntheticLeaders.append(LeaderAddress.of(SyntheticLoad.leader(index)))
        }
        let server = HyperSimServer(configuration: configuration, logger: logger)
        let bound = try await server.start()
        logger.notice("sim.ready", metadata: ["url": "http://127.0.0.1:\(bound)", "ledger": "\(configuration.ledgerDirectory)"])
        if replay { try await SimulatorControl(base: "http://127.0.0.1:\(bound)").replay(speed: settings.simulator.speed) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.waitUntilStopped() }
            if configuration.mirror != nil { group.addTask { try await server.runMirror() } }
            group.addTask {
                await ProcessEnd.wait(parent: settings.fleet.parentProcess)
                await server.stop()
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private static func address(_ mirror: String) -> String {
        switch mirror {
        case "mainnet": ExchangeEndpoint.mainnet.base
        case "testnet": ExchangeEndpoint.testnet.base
        default: mirror
        }
    }

    private func limits(_ settings: Settings.Simulator) -> ClientLimits {
        var limits = strict || settings.isStrict ? ClientLimits.exchange : .local
        limits.users = users ?? settings.usersPerSocket
        if let weight = settings.weightPerMinute { limits.weightPerMinute = weight }
        if let sockets = settings.sockets { limits.sockets = sockets }
        if let sockets = settings.newSocketsPerMinute { limits.newSocketsPerMinute = sockets }
        if let subscriptions = settings.subscriptions { limits.subscriptions = subscriptions }
        if let messages = settings.messagesPerMinute { limits.messagesPerMinute = messages }
        if let posts = settings.pendingPosts { limits.pendingPosts = posts }
        if let linger = settings.linger { limits.lingerMilliseconds = Int(linger.milliseconds) }
        return limits
    }
}
