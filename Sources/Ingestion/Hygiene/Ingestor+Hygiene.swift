import ConfigStore
import CopyTrading
import Hyperliquid
import Logging

/// Whether the leaders are still ones to copy; who is not is latched to wind down, until a person lifts that.
///
/// What a leader is judged by is stored with its cursor and signals, so a liquidation that was published is judged even when this
/// process ends right after.
extension Ingestor {
    /// One at a time, so that a round over many leaders takes turns with the reads that trading waits for, however long it then takes.
    private static let ledgersAtOnce = 1

    func hygieneLoop() async {
        guard let latches else { return }
        var rings = hygieneWake.rings()
        while !Task.isCancelled {
            await judgeLeaders(latches)
            _ = await rings.next()
        }
    }

    /// Judges whoever is due. An attempt that fails is repeated when its leader is due again.
    private func judgeLeaders(_ latches: any LatchSetter) async {
        let snapshot = await config.current()
        let moment = now()
        // names, not tracks: with a copy held over a wait, the next fill would copy all that a track remembers
        let due = tracks.values.filter { $0.hygiene.mustBeJudged(at: moment, configuration) }
            .map { (address: $0.address, influencer: $0.influencer, generation: $0.generation) }
        for (address, influencer, generation) in due {
            guard tracks[address]?.generation == generation, let settings = snapshot.influencers[influencer]?.settings else { continue }
            tracks[address]!.hygiene.judgedAt = moment
            tracks[address]!.hygiene.mustJudge = false
            let record = tracks[address]!.hygiene.keeper.record(at: moment / 1_000)
            guard let verdict = settings.hygiene.verdict(record, now: moment / 1_000) else {
                tracks[address]!.hygiene.isReported = false
                continue
            }
            if !tracks[address]!.hygiene.isReported {
                tracks[address]!.hygiene.isReported = true
                logger.critical("leader.hygiene", metadata: ["influencer": "\(influencer)", "reason": "\(verdict)"])
            }
            do { try await latches.tighten(.influencer(influencer), to: .windDown, reason: verdict, by: "hygiene") } catch {
                logger.error("leader.hygiene.unlatched", metadata: ["influencer": "\(influencer)", "error": "\(error)"])
                continue
            }
            guard tracks[address]?.generation == generation else { continue }
            tracks[address]!.hygiene.isReported = false
            tracks[address]!.hygiene.keeper.beginAnew(at: now() / 1_000)
            storeRecord(of: address)
        }
    }

    /// Takes a signal into account, right before it is published.
    func noteConduct(_ signal: Signal, of address: String) {
        tracks[address]?.hygiene.keeper.note(signal)
        if signal.endsEntries { judgeAtOnce(address) }
    }

    /// Takes the equity into account that a reading of every dex gave; a part of the account is no equity.
    func noteEquity(_ readings: [DexReading], of address: String) {
        let times = readings.map(\.state.time)
        guard readings.count == dexs.count, let first = times.min(), let last = times.max() else { return }
        guard let equity = tracks[address]?.equity(of: readings.map(\.state.accountValue)) else { return }
        tracks[address]?.hygiene.keeper.note(equity: equity, from: first, to: last)
    }

    private func judgeAtOnce(_ address: String) {
        tracks[address]?.hygiene.mustJudge = true
        hygieneWake.signal()
    }

    /// Where a leader has no base yet, its record is stored with that.
    private func storeRecord(of address: String) {
        guard tracks[address]?.builder.cursor.resumeFrom != nil else { return }
        take(address, storesCursor: true) { _ in [] }
    }

    // MARK: - The ledger

    /// Begins with what is due, the longest unread first.
    func startReadingLedgers() {
        guard client != nil, latches != nil, marketsReadAt != nil else { return }
        let moment = now()
        var running = tracks.values.count(where: \.hygiene.isReadingLedger)
        let due = tracks.values.filter { $0.phase == .live && $0.hygiene.mustReadLedger(at: moment, configuration) }
        for track in due.sorted(by: { $0.hygiene.ledgerTriedAt < $1.hygiene.ledgerTriedAt }) where running < Self.ledgersAtOnce {
            tracks[track.address]?.hygiene.isReadingLedger = true
            tracks[track.address]?.hygiene.ledgerTriedAt = moment
            errandSink.yield(.readLedger(address: track.address, generation: track.generation))
            running += 1
        }
    }

    func readLedger(_ address: String, _ generation: Int) async {
        guard let influencer = tracks[address]?.influencer, tracks[address]?.generation == generation else { return }
        do { try await settleEquity(address, generation) } catch {
            logger.warning("leader.ledger.unread", metadata: ["influencer": "\(influencer)", "error": "\(error)"])
        }
        guard tracks[address]?.generation == generation else { return }
        tracks[address]?.hygiene.isReadingLedger = false
    }

    /// Reads the equity, and the movements of money that it contains.
    private func settleEquity(_ address: String, _ generation: Int) async throws {
        guard let client else { return }
        let readings = try await read(address, dexs: dexs)
        // a movement may be told later than the equity that contains it
        try await Task.sleep(for: configuration.flightTime)
        guard tracks[address]?.generation == generation, let readTo = readings.map(\.state.time).max(),
            let since = tracks[address]?.hygiene.keeper.movementsFrom(now: now() / 1_000), let collateral = tracks[address]?.collateral?.value
        else { return }
        let type = "userNonFundingLedgerUpdates"
        await spend(for: type)
        let updates = try await client.ledgerUpdates(address, from: since)
        _ = weight.book(RequestWeight.info(type: type, items: updates.count) - RequestWeight.info(type: type), at: .now)
        let movements = try updates.map { try $0.movement(of: address, collateral: collateral) }
        guard tracks[address]?.generation == generation else { return }
        let moment = now()
        tracks[address]!.hygiene.keeper.settle(movements, readTo: readTo, now: moment / 1_000)
        tracks[address]!.hygiene.ledgerReadAt = moment
        storeRecord(of: address)
        judgeAtOnce(address)
    }
}
