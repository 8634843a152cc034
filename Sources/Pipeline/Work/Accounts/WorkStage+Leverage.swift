import CopyTrading
import Hyperliquid
import RedisStreams

/// Leverage and margin mode of a market on an account, set before its first order and never for an exit.
extension WorkStage {
    /// Refusals after which an entry is given up: it would be traded at a leverage nobody chose.
    private static let leverageTries = 3
    /// Before another try; the account's other lanes go on meanwhile.
    private static let leveragePause = Duration.milliseconds(250)

    /// What to do before this entry is sent: `nil` is nothing.
    func leverageStep(_ job: ExecutionJob, _ instrument: Instrument, _ partition: Int) -> LeverageState? {
        guard job.action.isEntry, job.origin == nil, let leverage = job.terms?.leverage else { return nil }
        let current = partitions[partition]?.books[job.account]?.record.leverages[job.coin]
        let lane = LaneKey(account: job.account, coin: job.coin)
        let isFlat = (partitions[partition]?.holders[lane] ?? []).allSatisfy {
            partitions[partition]?.sleeves[HoldingKey($0, job.coin)]?.position.isZero ?? true
        }
        let step = LeverageState.step(
            current: current, leverage: min(leverage, instrument.maximumLeverage), mode: .cross, isFlat: isFlat,
            coin: job.coin, onlyIsolated: instrument.onlyIsolated)
        switch step {
        case .none: return nil
        case .update(let state): return state
        case .kept(let state, let wanted):
            updateHead(lane, partition) { head in
                let note = "LEVERAGE_KEPT: \(state.mode.rawValue) \(state.leverage), wanted \(wanted.mode.rawValue) \(wanted.leverage)"
                if !head.details.contains(note) { head.details.append(note) }
            }
            return nil
        }
    }

    /// As the exchange has them for open positions.
    func adoptLeverages(_ key: AccountKey, _ reading: AccountReading) {
        for (coin, position) in reading.positions { partitions[key.partition]?.books[key.account]?.record.leverages[coin] = position.leverage }
    }

    func beginLeverage(_ lane: LaneKey, _ state: LeverageState, _ instrument: Instrument, _ partition: Int) {
        guard let generation = partitions[partition]?.generation else { return }
        partitions[partition]?.lanes[lane]?.head = .leverage
        errandSink.yield(.setLeverage(partition: partition, generation: generation, lane, state, asset: instrument.asset))
    }

    func setLeverage(_ partition: Int, _ generation: Int, _ lane: LaneKey, _ state: LeverageState, asset: Int) async {
        let key = AccountKey(partition: partition, account: lane.account)
        let answer = await act(
            .updateLeverage(asset: asset, isCross: state.mode == .cross, leverage: state.leverage), key, generation, priority: .entry,
            cost: 1)
        if case .done = answer {} else { try? await Task.sleep(for: Self.leveragePause) }  // ends early only when cancelled
        guard head(of: lane, in: .leverage, partition, generation) != nil else { return }
        defer {
            attend(key)
            dispatching.signal()
        }
        switch answer {
        case .done:
            partitions[partition]?.books[lane.account, default: AccountBook()].record.leverages[lane.coin] = state
            partitions[partition]?.lanes[lane]?.head = .idle
            await record(key, generation, event(.leverageSet, key, coin: lane.coin, "\(state.mode.rawValue) \(state.leverage)", distinct: "\(WallClock.microseconds)"))
        case .refused(let text):
            updateHead(lane, partition) { $0.refusals += 1 }
            if partitions[partition]?.lanes[lane]?.jobs.first?.refusals ?? 0 >= Self.leverageTries {
                finish(lane, .rejected, "leverage \(state.leverage) could not be set: \(text)", partition)
            } else {
                partitions[partition]?.lanes[lane]?.head = .idle
            }
        case .unknown, .wait:
            // Setting it again changes nothing; the entry's own expiry bounds the wait.
            partitions[partition]?.lanes[lane]?.head = .idle
        }
    }

    /// Stores the account's record as it is in memory, with an event.
    func record(_ key: AccountKey, _ generation: Int, _ emission: (id: String, emission: Emission)) async {
        guard let book = partitions[key.partition]?.books[key.account] else { return }
        var entry = AccountLog.Entry()
        entry.accounts = [(key.account.text, book.record.json.bytes())]
        entry.emissions = [emission]
        _ = await write(entry, key, generation: generation)
    }
}
