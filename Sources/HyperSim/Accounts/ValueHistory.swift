import CopyTrading

/// What `portfolio` is drawn from: every account's value at each full hour.
extension Engine {
    func sampleValues(at now: Int64) {
        for account in accounts.values where account.kind == .follower {
            let value = account.equity(universe)
            account.valueSamples.append(ValueSample(time: now, accountValue: value, pnl: value - account.netDeposits))
        }
    }
}
