import CopyTrading
import JSON

extension Twap {
    /// `{"coin","user","side","sz","executedSz","executedNtl","minutes","reduceOnly","randomize","timestamp"}`
    func json(executed: Size, value: Notional) -> JSON {
        [
            "coin": .string(market.coin), "user": .string(account.address), "side": .string(side.letter), "sz": .decimal(size),
            "executedSz": .decimal(executed), "executedNtl": .decimal(value), "minutes": .integer(minutes), "reduceOnly": .bool(reduceOnly),
            "randomize": .bool(isRandomized), "timestamp": .integer(startedAt),
        ]
    }
}

extension TwapHistory {
    /// twapStates on one dex: `[[twapId,{…}],…]`, by id.
    func states(onDex dex: Int) -> JSON {
        .array(
            active.values.filter { $0.market.dex == dex }.sorted { $0.id < $1.id }
                .map { [.integer($0.id), $0.json(executed: $0.executed, value: $0.executedValue)] })
    }
}

extension TwapHistory.Change {
    /// `{"time":seconds,"state":{…},"status":{"status":"activated"},"twapId":n}`
    var json: JSON {
        [
            "time": .integer(time / 1_000), "state": twap.json(executed: executed, value: executedValue), "status": ["status": .string(status.rawValue)],
            "twapId": .integer(twap.id),
        ]
    }
}
