import ConfigStore
import CopyTrading
import Hyperliquid
import Logging

/// Subscriptions that begin to copy a leader which is already in a position.
///
/// How far the configuration was looked at is stored with the leader's cursor and the signals of those that joined, so a crash neither
/// skips nor repeats one.
extension Ingestor {
    /// A leader that could not be looked at is tried again after so long, microseconds.
    private static let joinPause: Int64 = 5_000_000

    private struct NotNow: Error, CustomStringConvertible { let description: String }

    /// Without a client nothing tells what a leader's position cost.
    func joinLoop() async {
        guard client != nil else { return }
        var rings = joinWake.rings()
        while !Task.isCancelled {
            await letJoin()
            _ = await rings.next()
        }
    }

    /// Every leader that is followed live and not looked at under the newest configuration, one at a time.
    private func letJoin() async {
        let current = await config.current()
        let due = tracks.values.filter { $0.phase == .live && $0.builder.joinedThrough ?? 0 < current.version && now() >= $0.joinsFrom }
            .map { (address: $0.address, influencer: $0.influencer, generation: $0.generation) }
        for (address, influencer, generation) in due {
            do { try await letJoin(address, generation, current) } catch {
                logger.warning("leader.join.failed", metadata: ["influencer": "\(influencer)", "error": "\(error)"])
                guard tracks[address]?.generation == generation else { continue }
                tracks[address]!.joinsFrom = now() + Self.joinPause
            }
        }
    }

    private func letJoin(_ address: String, _ generation: Int, _ current: ConfigSnapshot) async throws {
        func isCurrent() -> Bool { tracks[address]?.generation == generation && tracks[address]?.phase == .live }

        guard isCurrent(), let track = tracks[address] else { return }
        let joining = try await joining(track, current)
        var readings: [DexReading] = []
        if !joining.isEmpty, isCurrent() {
            readings = try await read(address, dexs: knownDexs(of: track))
            // a trade may still be on its way
            if isCurrent(), !isEqual(address, readings) { try await Task.sleep(for: configuration.flightTime) }
            guard isCurrent() else { return }
            guard isEqual(address, readings) else {
                tracks[address]!.mustVerify = true
                throw NotNow(description: "its positions are not those of the exchange")
            }
        }
        guard isCurrent() else { return }
        let holdings = try Dictionary(uniqueKeysWithValues: readings.flatMap(\.state.perpetuals).map { ($0.coin, try LeaderHolding($0)) })
        // one time for all, so that they are stored by one call
        let readAt = readings.map(\.state.time).max() ?? now() / 1_000
        take(address, storesCursor: true) {
            $0.join(joining, holdings: holdings, through: current.version, at: readAt, now: self.now())
        }
        guard !joining.isEmpty else { return }
        logger.info(
            "leader.joined",
            metadata: ["influencer": "\(track.influencer)", "subscriptions": "\(joining.count)", "configuration": "\(current.version)"])
    }

    /// Who joins since this leader was last looked at.
    private func joining(_ track: LeaderTrack, _ current: ConfigSnapshot) async throws(ConfigStoreError) -> [SubscriptionID] {
        guard let version = track.builder.joinedThrough else { return [] }
        do {
            return current.joining(track.influencer, since: version == 0 ? .empty : try await config.snapshot(version: version))
        } catch {
            guard case .unknownVersion = error else { throw error }
            // Who was there before cannot be told from who is new, and whoever was there must not be given a position now.
            logger.error("leader.join.unknown", metadata: ["influencer": "\(track.influencer)", "error": "\(error)"])
            return []
        }
    }
}

extension LeaderHolding {
    /// - Throws: ``MoneyError`` for a position without size.
    init(_ position: PerpetualPosition) throws(MoneyError) {
        self.init(position: position.size, entry: position.entryPrice, price: try position.value / position.size.magnitude)
    }
}
