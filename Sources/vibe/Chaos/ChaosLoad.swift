import CopyTrading

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

    /// Closes every leader's positions.
    func close() async throws {
        let limit = ContinuousClock.now + Self.settleLimit
        while true {
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
        while true {
            try await Task.sleep(for: Self.retryPause)
            do {
                let position = try await site.simulator.positions(of: message.address)[Coin(message.coin)] ?? .zero
                return load.correct(position, of: message.leader, in: message.coin)
            } catch { try Task.checkCancellation() }
        }
    }
}
