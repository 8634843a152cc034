import CopyTrading
import HyperSim

/// Leaders who trade all the time, whatever happens to the fleet and to their exchange.
actor ChaosLoad {
    private let site: ChaosSite
    private let options: ChaosOptions
    private var load: SoakLoad
    /// Fills that the exchange confirmed.
    private(set) var fills = 0

    private static let retryPause = Duration.milliseconds(200)
    private static let settleLimit = Duration.seconds(120)

    init(_ site: ChaosSite) {
        self.site = site
        options = site.options
        load = SoakLoad(leaders: options.leaders, seed: options.seed)
    }

    /// Publishes at the rate until cancelled. What is late is left out: this is no measurement.
    func run() async throws {
        let spacing = Duration.microseconds(1_000_000 / Int64(options.rate))
        while true {
            try await publish(load.next())
            try await Task.sleep(for: spacing)
        }
    }

    /// So many messages of one leader at once.
    func burst(leader: Int, messages: Int) async throws {
        for _ in 0..<messages { try await publish(load.next(leader)) }
    }

    /// Closes every leader's positions, as the exchange has them: a message that was given up may have been carried out after all.
    func close() async throws {
        let limit = ContinuousClock.now + Self.settleLimit
        while true {
            for leader in load.traders {
                let positions = try await positions(of: LeaderAddress.of(leader))
                load.correct(leader, positions)
            }
            let messages = load.closing()
            if messages.isEmpty { return }
            guard ContinuousClock.now < limit else { throw Failure(.unavailable, "the leaders' positions cannot be closed at the exchange") }
            for message in messages { try await publish(message) }
        }
    }

    private func publish(_ message: SoakLoad.Message) async throws {
        do { fills += try await site.simulator.publish(message.body).count } catch {
            try Task.checkCancellation()
            try await correct(message)
        }
    }

    /// The answer was lost: the exchange knows whether the leader traded.
    private func correct(_ message: SoakLoad.Message) async throws {
        try await Task.sleep(for: Self.retryPause)
        let positions = try await positions(of: message.address)
        load.correct(message.leader, positions)
    }

    /// Asks until it is told.
    private func positions(of address: String) async throws -> [Coin: Size] {
        while true {
            do { return try await site.simulator.positions(of: address) } catch { try Task.checkCancellation() }
            try await Task.sleep(for: Self.retryPause)
        }
    }
}
