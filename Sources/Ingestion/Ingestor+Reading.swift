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

    /// Waits until a read of this type may be sent. One that something waits for is booked before the looks that are to come, and not kept.
    func spend(for type: String) async {
        let time = weight.book(RequestWeight.info(type: type), at: .now)
        if time > .now, ReadUrgency.current == .routine { try? await Task.sleep(until: time, clock: .continuous) }  // ends early only when cancelled
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
        try await readCollateral(address, client)
        renewEquity(of: address, readings)
        noteEquity(readings, of: address)
        return readings
    }

    /// A leader's mode is asked for again after so long, microseconds.
    private static let collateralLife: Int64 = 3_600_000_000

    /// What its equity consists of: most leaders keep the collateral of their perpetuals among their spot balances.
    private func readCollateral(_ address: String, _ client: ExchangeClient) async throws {
        guard let track = tracks[address] else { return }
        if track.collateral.map({ now() - $0.readAt > Self.collateralLife }) ?? true {
            let request = InfoRequest.userAbstraction(address)
            await spend(for: request.type)
            let collateral = try await client.read(request).collateral
            tracks[address]?.collateral = (collateral, now())
        }
        guard tracks[address]?.collateral?.value == .shared else { return }
        let request = InfoRequest.spotClearinghouseState(address)
        await spend(for: request.type)
        let spot = try await client.read(request).total(of: "USDC").exactly(Notional.self)
        tracks[address]?.spot = spot
    }

    private func renewEquity(of address: String, _ readings: [DexReading]) {
        guard var track = tracks[address] else { return }
        for reading in readings { track.accountValues[reading.dex] = reading.state.accountValue }
        // a part of the account is no equity
        if dexs.allSatisfy({ track.accountValues[$0] != nil }) {
            let value = track.equity(of: dexs.map { track.accountValues[$0]! })
            track.builder.leaderEquity = value.map { EquityHysteresis.adopt($0, over: track.builder.leaderEquity) }
        }
        for position in readings.flatMap(\.state.perpetuals) { track.builder.leaderLeverages[position.coin] = position.leverage.value }
        tracks[address] = track
        equityReadings += 1
    }

    /// The leader's own fills since a moment (milliseconds), slices of TWAP orders among them, in the order of execution; `nil` when that
    /// reaches back further than is read.
    func history(_ address: String, since: Int64) async throws -> [LeaderFill]? {
        guard let client else { return [] }
        guard now() / 1_000 - since <= configuration.historyLimit.milliseconds else { return nil }
        await spend(for: "userFillsByTime")
        let (fills, unreadFills) = try await client.readableFills(address, from: max(0, since))
        charge(for: "userFillsByTime", items: fills.count)
        await spend(for: "userTwapSliceFillsByTime")
        let (slices, unreadSlices) = try await client.readableTwapSliceFills(address, from: max(0, since))
        charge(for: "userTwapSliceFillsByTime", items: slices.count)
        // one that the leader's position depends on shows in where the next one begins
        for fault in unreadFills + unreadSlices {
            logger.error("leader.fill.unread", metadata: ["address": "\(address)", "error": "\(fault)"])
        }
        return UserFill.inOrderOfExecution(fills + slices.map(\.marked)).map { $0.leaderFill(of: address) }
    }

    /// What an answer weighs beyond its request.
    private func charge(for type: String, items: Int) {
        _ = weight.book(RequestWeight.info(type: type, items: items) - RequestWeight.info(type: type), at: .now)
    }

    static func dex(of coin: Coin) -> String { coin.text.contains(":") ? String(coin.text.prefix { $0 != ":" }) : "" }

    /// Dexs on which the leader has been seen to trade, and the exchange's own.
    func knownDexs(of track: LeaderTrack) -> [String] {
        let known = Set(track.builder.positions.keys.map(Self.dex(of:)))
        return dexs.filter { $0.isEmpty || known.contains($0) }
    }
}
