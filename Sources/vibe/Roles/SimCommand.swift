import ArgumentParser
import CopyTrading
import Foundation
import HyperSim
import RedisStreams
import Settings

struct SimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim", abstract: "The simulated exchange: Hyperliquid's wire on this machine, with a ledger of every order.",
        discussion: """
            Leaders and coins come from the recorded fills; POST /control/replay (or --replay) starts the replay. env/simulator.env explains the settings, \
            flags win over them.

              vibe sim --fills Tests/Fixtures/leader_fills.json --accounts .run/simulator/accounts.json
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
    @Flag(help: "Flush the ledger to disk before each answer.") var sync = false

    func run() async throws {
        let settings = try Settings(environment: ProcessInfo.processInfo.environment)
        let logger = RoleLogger.make(settings, process: settings.fleet.processName ?? "sim")
        var configuration = HyperSimConfiguration(ledgerDirectory: ledger ?? settings.simulator.ledgerDirectory)
        configuration.port = port ?? settings.simulator.port
        configuration.network = settings.exchange.network == .mainnet ? .mainnet : .testnet
        configuration.fillsFile = fills ?? (syntheticLeaders > 0 ? nil : settings.simulator.fills)
        configuration.accountsFile = accounts ?? settings.simulator.accounts
        configuration.ledgerSync = sync
        configuration.latencyMilliseconds = latencyMs ?? Int(settings.simulator.latency.milliseconds)
        configuration.latencyJitterMilliseconds = jitterMs ?? Int(settings.simulator.jitter.milliseconds)
        configuration.maximumUsers = users ?? settings.simulator.usersPerSocket
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
            group.addTask {
                await ProcessEnd.wait(parent: settings.fleet.parentProcess)
                await server.stop()
            }
            try await group.next()
            group.cancelAll()
        }
    }
}
