import CopyTrading
import Hyperliquid
import RawFrames

/// Positions and history, read over REST within the weight budget.
extension Ingestor {
    /// A leader's account on one dex, as the exchange had it at its time.
    struct DexReading: Sendable {
        /// `""`: the exchange's own.
        var dex: String
        var state: AccountState
    }

    /// How far before the last known fill history is read: a trade may be told later than a younger one. Milliseconds.
    static let historyOverlap: Int64 = 5_000

    /// Waits until a read of this type may be sent.
    func spend(for type: String) async {
        let time = weight.book(RequestWeight.info(type: type), at: .now)
        if time > .now { try? await Task.sleep(until: time, clock: .continuous) }  // ends early only when cancelled
    }

    /// The leader's positions on these dexs, one request each; its equity is renewed with them.
    func read(_ address: String, dexs: [String]) async throws -> [DexReading] {
        guard let client else { return [] }
        var readings: [DexReading] = []
        for dex in dexs {
            let request = InfoRequest.clearinghouseState(address, dex: dex.isEmpty ? nil : dex)
            await spend(for: request.type)
            let answer = try await client.info(request.json)
            recorder?.keep(
                RawFrame(receivedAt: now(), origin: "rest", channel: request.type, users: [address], coin: nil, bytes: answer.bytes()))
            readings.append(DexReading(dex: dex, state: try request.decode(answer)))
        }
        renewEquity(of: address, readings)
        noteEquity(readings, of: address)
        return readings
    }

    private func renewEquity(of address: String, _ readings: [DexReading]) {
        guard var track = tracks[address] else { return }
        for reading in readings { track.accountValues[reading.dex] = reading.state.accountValue }
        // a part of the account is no equity
        if dexs.allSatisfy({ track.accountValues[$0] != nil }) {
            let value = dexs.reduce(Notional.zero) { $0 + track.accountValues[$1]! }
            track.builder.leaderEquity = EquityHysteresis.adopt(value, over: track.builder.leaderEquity)
        }
        tracks[address] = track
        equityReadings += 1
    }

    /// The leader's own fills since a moment (milliseconds), in the order of execution; `nil` when that reaches back further than is read.
    func history(_ address: String, since: Int64) async throws -> [LeaderFill]? {
        guard let client else { return [] }
        guard now() / 1_000 - since <= configuration.historyLimit.milliseconds else { return nil }
        let type = "userFillsByTime"
        await spend(for: type)
        let fills = try await client.fills(address, from: max(0, since))
        _ = weight.book(RequestWeight.info(type: type, items: fills.count) - RequestWeight.info(type: type), at: .now)
        return fills.map { $0.leaderFill(of: address) }
    }

    static func dex(of coin: Coin) -> String { coin.text.contains(":") ? String(coin.text.prefix { $0 != ":" }) : "" }

    /// Dexs on which the leader has been seen to trade, and the exchange's own.
    func knownDexs(of track: LeaderTrack) -> [String] {
        let known = Set(track.builder.positions.keys.map(Self.dex(of:)))
        return dexs.filter { $0.isEmpty || known.contains($0) }
    }
}
