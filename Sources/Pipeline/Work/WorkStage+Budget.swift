import CopyTrading
import Hyperliquid

/// Accounts' budgets of actions at the exchange.
extension WorkStage {
    /// Reads the account's budget when that is due. Nobody waits for it.
    func readBudget(_ key: AccountKey) {
        guard let state = partitions[key.partition], state.accounts[key.account]?.budget.needsReading(at: .now) == true else { return }
        partitions[key.partition]?.accounts[key.account]?.budget.begin(reading: .now)
        errandSink.yield(.readBudget(key, generation: state.generation))
    }

    func readBudget(_ key: AccountKey, _ generation: Int) async {
        do {
            let budget = try await client.read(.userRateLimit(key.account.text))
            guard partitions[key.partition]?.generation == generation else { return }
            partitions[key.partition]?.accounts[key.account]?.budget.read(used: budget.used, cap: budget.cap + budget.surplus)
        } catch {
            logger.warning("account.budget.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            guard partitions[key.partition]?.generation == generation else { return }
            partitions[key.partition]?.accounts[key.account]?.budget.readFailed()
        }
    }
}

extension Action {
    var use: AccountBudget.Use {
        switch self {
        case .open: .open
        case .increase: .increase
        case .reduce, .close: .exit
        }
    }
}
