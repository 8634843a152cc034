import CopyTrading
import Hyperliquid

/// From where a leader's fills were last turned into signals to now: at the start, after a reconnect, and when fills are missing.
extension Ingestor {
    func perform(_ errand: Errand) async {
        switch errand {
        case .catchUp(let address, let generation): await catchUp(address, generation)
        case .backfill(let address, let generation, let since): await backfill(address, generation, since)
        }
    }

    /// From the cursor to now: history, then what waited meanwhile, then live.
    private func catchUp(_ address: String, _ generation: Int) async {
        guard let client else { return }
        var pause = Duration.milliseconds(250)
        while !Task.isCancelled, let track = tracks[address], track.generation == generation {
            do {
                try await loadDexs(client)
                let equity = try await state(of: address, client)
                var history: [UserFill] = []
                if let from = track.builder.cursor.resumeFrom {
                    history = try await client.fills(address, from: from)
                }
                guard tracks[address]?.generation == generation else { return }
                if track.builder.cursor.resumeFrom == nil {
                    // first sight of this leader: what is open now is the base, nothing before it is traded
                    tracks[address]?.builder = SignalBuilder(
                        influencer: track.influencer, network: network,
                        cursor: LeaderCursor(positions: equity.positions, at: equity.time), configuration: configuration.signals)
                }
                tracks[address]?.builder.leaderEquity = EquityHysteresis.adopt(equity.value, over: track.builder.leaderEquity)
                if !history.isEmpty { take(address) { $0.receive(message: history.map { $0.leaderFill(of: address) }, at: self.now()) } }
                goLive(address)
                return
            } catch {
                logger.warning("leader.catch_up.failed", metadata: ["influencer": "\(track.influencer)", "error": "\(error)"])
                try? await Task.sleep(for: pause)  // ends early only when cancelled
                pause = min(pause * 2, .seconds(10))
            }
        }
    }

    private func goLive(_ address: String) {
        let waiting = tracks[address]?.waiting ?? []
        tracks[address]?.waiting = []
        tracks[address]?.phase = .live
        for (fills, receivedAt) in waiting { take(address) { $0.receive(message: fills.map { $0.leaderFill(of: address) }, at: receivedAt) } }
    }

    private func backfill(_ address: String, _ generation: Int, _ since: Int64) async {
        guard let client else { return }
        do {
            let fills = try await client.fills(address, from: since)
            guard tracks[address]?.generation == generation else { return }
            take(address) { $0.receive(message: fills.map { $0.leaderFill(of: address) }, at: self.now()) }
        } catch {
            logger.error("leader.backfill.failed", metadata: ["address": "\(address)", "error": "\(error)"])
        }
        guard tracks[address]?.generation == generation else { return }
        tracks[address]?.isBackfilling = false
        take(address) { $0.backfillEnded(at: self.now()) }
    }

    /// An account is spread over the exchange's own dex and the builder dexs, one request each.
    func state(of address: String, _ client: ExchangeClient) async throws -> (value: Notional, positions: [Coin: Size], time: Int64) {
        var value = Notional.zero
        var positions: [Coin: Size] = [:]
        var time = Int64.max
        for dex in dexs {
            let state = try await client.accountState(address, dex: dex)
            value += state.accountValue
            positions.merge(state.positions) { first, _ in first }
            time = min(time, state.time)
        }
        return (value, positions, time)
    }

    private func loadDexs(_ client: ExchangeClient) async throws {
        guard dexs.count == 1 else { return }
        let names = Set(try await client.instruments().compactMap { $0.coin.text.split(separator: ":").count == 2 ? String($0.coin.text.prefix { $0 != ":" }) : nil })
        dexs = [nil] + names.sorted()
    }
}
