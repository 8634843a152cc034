import CopyTrading

extension Fleet {
    /// A leader goes in and out of two coins so many times, four signals a coin and cycle, at a pace the fleet can follow.
    /// - Returns: how many signals that makes.
    @discardableResult
    func load(_ leader: String = "leader", cycles: Int, pause: Duration = .milliseconds(10)) async throws -> Int {
        for _ in 0..<cycles {
            for (side, size) in [(Side.buy, "1"), (.buy, "0.5"), (.sell, "0.75"), (.sell, "0.75")] {
                for coin in ["BTC", "ETH"] { try await exchange.trade(leader, coin, side, size) }
                try await Task.sleep(for: pause)
            }
        }
        return cycles * 8
    }

    /// Owner of each partition of a stage.
    func owners(_ stage: String, partitions: Int) async throws -> [String] {
        var owners: [String] = []
        for index in 0..<partitions {
            let lease = try await observer.hash(keys.lease(stage, index < 10 ? "0\(index)" : "\(index)"))
            owners.append(lease["owner"].map { String(decoding: $0, as: UTF8.self) } ?? "")
        }
        return owners
    }
}
