import CopyTrading
import Hyperliquid
import RedisStreams

/// Positions against the exchange's own, and equities with them.
extension Ingestor {
    private static let verificationsAtOnce = 4
    /// Each so manyth reading is of all dexs, for one on which the leader was never seen.
    private static let fullEvery = 10

    /// Begins what is due, the longest unverified first.
    func startVerifying() {
        guard client != nil, marketsReadAt != nil else { return }
        let moment = now()
        var running = tracks.values.count(where: \.isVerifying)
        let due = tracks.values.filter { track in
            guard track.phase == .live, !track.isVerifying else { return false }
            let period = track.tier == .market ? configuration.verifyEvery : configuration.equityEvery
            return track.mustVerify || track.unheard != nil || moment - track.verifyTriedAt >= period.microseconds
        }
        for track in due.sorted(by: { $0.verifyTriedAt < $1.verifyTriedAt }) where running < Self.verificationsAtOnce {
            tracks[track.address]?.isVerifying = true
            tracks[track.address]?.verifyTriedAt = moment
            errandSink.yield(.verify(address: track.address, generation: track.generation))
            running += 1
        }
    }

    /// Tells people when each leader was last known to be right.
    func publishChecks() async {
        guard client != nil else { return }
        let table = CheckTable(redis: redis, keys: keys, kind: .leaders)
        while !Task.isCancelled {
            try? await Task.sleep(for: CheckTable.interval)  // ends early only when cancelled
            for partition in owned {
                let checks = tracks.values.filter { $0.partition == partition }.map { ($0.influencer.text, $0.verifiedAt.map { $0 / 1_000 }) }
                let named = Dictionary(checks, uniquingKeysWith: { first, _ in first })
                do { try await table.write(named, partition: partition) } catch {
                    logger.warning("leaders.checks.unpublished", metadata: ["partition": "\(partition)", "error": "\(error)"])
                }
            }
        }
    }

    func verify(_ address: String, _ generation: Int) async {
        guard let track = tracks[address], track.generation == generation else { return }
        do { try await compareOrCorrect(track) } catch {
            logger.warning("leader.unverified", metadata: ["influencer": "\(track.influencer)", "error": "\(error)"])
        }
        guard tracks[address]?.generation == generation else { return }
        tracks[address]?.isVerifying = false
        tracks[address]?.verifications += 1
        storeVerified(address)
    }

    /// Of a leader that does nothing too, so that a successor does not have to read what was verified.
    private func storeVerified(_ address: String) {
        guard let track = tracks[address], let storedTo = track.storedTo, let from = track.cursor.resumeFrom,
            from - storedTo >= configuration.storeEvery.milliseconds
        else { return }
        take(address, storesCursor: true) { _ in [] }
    }

    /// Gives trades on their way their time, then reads the leader's own fills, and only then takes the exchange's word for it.
    private func compareOrCorrect(_ track: LeaderTrack) async throws {
        let address = track.address
        func isCurrent() -> Bool { tracks[address]?.generation == track.generation && tracks[address]?.phase == .live }

        // one that was verified lately has the time for all dexs; with many leaders the others come first
        let isFresh = track.verifiedAt.map { now() - $0 < configuration.verificationLife.microseconds / 2 } ?? false
        let isFull = track.tier == .own || track.verifications % Self.fullEvery == 0 || track.unheard != nil && isFresh
        let readings = try await read(address, dexs: isFull ? dexs : knownDexs(of: track))
        guard isCurrent() else { return }
        if isEqual(address, readings) { return }
        try await Task.sleep(for: configuration.flightTime)
        guard isCurrent() else { return }
        if isEqual(address, readings) { return }

        logger.warning("leader.differs", metadata: ["influencer": "\(track.influencer)"])
        let since = (track.doubtfulFrom ?? now() / 1_000) - Self.historyOverlap
        if let fills = try await history(address, since: max(since, track.builder.cursor.floor ?? 0)) {
            guard isCurrent() else { return }
            apply(history: fills, to: address)
            if isEqual(address, readings) { return }
        }
        guard isCurrent() else { return }
        try await adopt(address, track.generation)
    }

    func isEqual(_ address: String, _ readings: [DexReading]) -> Bool {
        guard tracks[address] != nil else { return true }
        var isEqual = true
        for reading in readings {
            let comparison = tracks[address]!.builder.compare(positions: reading.state.positions, at: reading.state.time) {
                Self.dex(of: $0) == reading.dex
            }
            isEqual = isEqual && comparison.isEqual
        }
        guard isEqual else { return false }
        let first = readings.map(\.state.time).min() ?? 0
        markVerified(address, to: first)
        if readings.count == dexs.count {
            tracks[address]!.builder.beginFloor(at: first)
            tracks[address]!.wholeTo = first
            tracks[address]!.unheard = nil
        }
        return true
    }
}
