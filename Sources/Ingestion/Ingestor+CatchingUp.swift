import CopyTrading
import Hyperliquid
import RawFrames

/// From where a leader's fills were last turned into signals to now: at the start, after its source was lost, and when
/// fills are missing.
extension Ingestor {
    private static let pauses: (first: Duration, longest: Duration) = (.milliseconds(250), .seconds(10))
    /// Readings for a first base that are spoiled by trades of the same moment.
    private static let baseReadings = 10

    /// From the cursor to now: what happened meanwhile, then what waited, then live.
    func catchUp(_ address: String, _ generation: Int) async {
        var pause = Self.pauses.first
        while !Task.isCancelled, let track = tracks[address], track.generation == generation {
            tracks[address]?.isOverrun = false
            guard marketsReadAt != nil else {
                // read by ``refreshLoop()``, which says when it cannot
                try? await Task.sleep(for: Self.pauses.first)  // ends early only when cancelled
                continue
            }
            do {
                if track.builder.cursor.resumeFrom == nil {
                    try await takeBase(address, generation)
                } else if try await !isUnchanged(address, generation) {
                    try await readGap(address, generation)
                }
                guard let current = tracks[address], current.generation == generation else { return }
                // what came meanwhile may have been traded on a dex that was not read
                if current.isOverrun || current.waiting.contains(where: { current.isUnheard($0.fills) }) { continue }
                tracks[address]?.isCatchingUp = false
                // the source was lost again: when it is back this begins anew
                if !current.needsCatchUp { goLive(address) }
                return
            } catch {
                logger.warning("leader.catch_up.failed", metadata: ["influencer": "\(track.influencer)", "error": "\(error)"])
                try? await Task.sleep(for: pause)  // ends early only when cancelled
                pause = min(pause * 2, Self.pauses.longest)
            }
        }
    }

    /// First sight of this leader: what is open now is the base, nothing before it is traded.
    ///
    /// Each dex answers for a moment of its own, and a public trade in between, or in the very millisecond, could be contained or not:
    /// then it is read again.
    private func takeBase(_ address: String, _ generation: Int) async throws {
        for attempt in 1...Self.baseReadings {
            let readings = try await read(address, dexs: dexs)
            guard let track = tracks[address], track.generation == generation, let first = readings.map(\.state.time).min(),
                let last = readings.map(\.state.time).max()
            else { return }
            if track.tier == .market {
                try await Task.sleep(for: configuration.flightTime)
                let isSpoiled = tracks[address]?.waiting.contains { $0.fills.contains { (first...last).contains($0.time) } } ?? false
                if isSpoiled, attempt < Self.baseReadings { continue }
            }
            guard let current = tracks[address], current.generation == generation else { return }
            var positions: [Coin: Size] = [:]
            for reading in readings { positions.merge(reading.state.positions) { first, _ in first } }
            var builder = SignalBuilder(
                influencer: current.influencer, network: network, cursor: LeaderCursor(positions: positions, at: first),
                configuration: configuration.signals)
            builder.joinedThrough = current.builder.joinedThrough
            builder.leaderEquity = current.builder.leaderEquity
            builder.leaderLeverages = current.builder.leaderLeverages
            tracks[address]?.builder = builder
            markVerified(address, to: first)
            return
        }
    }

    /// For a leader followed by public trades: whether its positions are those of the cursor and of what came since. Then nothing was
    /// missed that is worth more than a look.
    private func isUnchanged(_ address: String, _ generation: Int) async throws -> Bool {
        // where nothing is known of coins never seen, a position that has gone since is in no reading
        guard let track = tracks[address], track.tier == .market, track.builder.hasFloor else { return false }
        let readings = try await read(address, dexs: dexsToRead(of: track))
        guard var builder = tracks[address]?.builder, tracks[address]?.generation == generation, let first = readings.map(\.state.time).min()
        else { return false }
        if readings.allSatisfy({ Self.agrees(&builder, $0) }) {
            // what was traded meanwhile, and is told again now, came to nothing
            declareUnheard(track, until: first)
            for reading in readings { builder.settle(at: reading.state.time, isWhole: false) { Self.dex(of: $0) == reading.dex } }
            if readings.count == dexs.count { builder.settle(at: first, isWhole: true) { _ in false } }
            tracks[address]?.builder = builder
            markVerified(address, to: first)
            noteUnheard(track, beyond: readings)
            return true
        }
        for isLast in [false, true] {
            guard let current = tracks[address], current.generation == generation, !current.isOverrun else { return false }
            var trial = current.builder
            for (fills, receivedAt) in current.waiting { _ = trial.receive(message: fills, at: receivedAt) }
            if readings.allSatisfy({ Self.agrees(&trial, $0) }) {
                declareUnheard(track, until: first)
                markVerified(address, to: first)
                noteUnheard(track, beyond: readings)
                return true
            }
            // a trade may still be on its way
            if !isLast { try await Task.sleep(for: configuration.flightTime) }
        }
        return false
    }

    /// Dexs on which the leader was seen to trade; all when something waits that was traded on another.
    private func dexsToRead(of track: LeaderTrack) -> [String] {
        let known = knownDexs(of: track)
        return track.waiting.contains { $0.fills.contains { !known.contains(Self.dex(of: $0.coin)) } } ? dexs : known
    }

    /// What the leader did while nobody listened came to nothing where that was read. Elsewhere it is not known: trades there wait until it is.
    private func noteUnheard(_ track: LeaderTrack, beyond readings: [DexReading]) {
        let unread = Set(dexs).subtracting(readings.map(\.dex))
        tracks[track.address]?.unheard = unread.isEmpty ? nil : track.cursor.resumeFrom.map { (dexs: unread, since: $0) }
    }

    /// Whether the leader traded there and back while nobody listened is not known: asking for its fills costs as much as of ten positions.
    private func declareUnheard(_ track: LeaderTrack, until time: Int64) {
        guard let from = track.cursor.resumeFrom, from < time else { return }
        recorder?.declare(
            LeaderGap(
                influencer: track.influencer, coin: nil, from: from - Self.historyOverlap, to: time, reason: .unheard, handling: .cameToNothing))
    }

    private static func agrees(_ builder: inout SignalBuilder, _ reading: DexReading) -> Bool {
        builder.compare(positions: reading.state.positions, at: reading.state.time) { dex(of: $0) == reading.dex }.isEqual
    }

    /// The leader's own fills since the cursor; when they do not reach back, its positions as they are.
    private func readGap(_ address: String, _ generation: Int) async throws {
        guard let track = tracks[address], let from = track.cursor.resumeFrom else { return }
        let since = max(from - Self.historyOverlap, track.builder.cursor.floor ?? 0)
        if let fills = try await history(address, since: since) {
            guard tracks[address]?.generation == generation else { return }
            if fills.isEmpty { markVerified(address, to: from) }
            apply(history: fills, to: address)
            tracks[address]?.unheard = nil
            tracks[address]?.mustVerify = true
            return
        }
        logger.error("leader.gap", metadata: ["influencer": "\(track.influencer)", "since": "\(from)", "limit": "\(configuration.historyLimit)"])
        recorder?.declare(
            LeaderGap(
                influencer: track.influencer, coin: nil, from: from, to: now() / 1_000, reason: .historyTooLong, handling: .resynchronised))
        try await adopt(address, generation)
    }

    /// Takes the leader's positions as the exchange has them: unseen exits are mirrored, unseen entries are not.
    func adopt(_ address: String, _ generation: Int) async throws {
        let readings = try await read(address, dexs: dexs)
        try await Task.sleep(for: configuration.flightTime)
        var prices: [Coin: Price] = [:]
        for dex in dexs {
            await spend(for: "allMids")
            prices.merge(try await client?.allMids(dex: dex.isEmpty ? nil : dex) ?? [:]) { first, _ in first }
        }
        guard tracks[address]?.generation == generation else { return }
        for reading in readings {
            take(address) {
                $0.adopt(positions: reading.state.positions, prices: prices, at: reading.state.time, now: self.now()) { coin in
                    Self.dex(of: coin) == reading.dex
                }
            }
        }
        let first = readings.map(\.state.time).min() ?? 0
        tracks[address]?.builder.beginFloor(at: first)
        markVerified(address, to: first)
        tracks[address]?.unheard = nil
    }

    /// Own fills as the exchange keeps them: each says where it began, which verifies the leader as its own frames do.
    func apply(history fills: [LeaderFill], to address: String) {
        if let last = fills.last { markVerified(address, to: last.time) }
        take(address) { $0.receive(message: fills, at: self.now()) }
    }

    func markVerified(_ address: String, to time: Int64) {
        tracks[address]?.verifiedAt = now()
        tracks[address]?.verifiedTo = time
        tracks[address]?.mustVerify = false
    }

    private func goLive(_ address: String) {
        let waiting = tracks[address]?.waiting ?? []
        tracks[address]?.waiting = []
        tracks[address]?.phase = .live
        logger.info("leader.live", metadata: ["influencer": "\(tracks[address]?.influencer.text ?? address)"])
        if tracks[address]?.tier == .market, let first = waiting.map(\.receivedAt).min() {
            // at once, so that trades which changed places are put in order
            take(address) { $0.receive(message: waiting.flatMap(\.fills), at: first) }
        } else {
            for (fills, receivedAt) in waiting { take(address) { $0.receive(message: fills, at: receivedAt) } }
        }
        // the base is kept before the first signal, so that a restart knows what was missed
        take(address, storesCursor: true) { _ in [] }
    }

    /// Fills that a later one showed to be missing. Asked for until the exchange answers: taking the position as found instead would leave
    /// out what was traded. What is found missing meanwhile, in another coin, is asked for as well.
    func backfill(_ address: String, _ generation: Int) async {
        let deadline = ContinuousClock.now + configuration.backfillLimit
        var pause = Self.pauses.first
        while let track = tracks[address], track.generation == generation, let since = track.missingFrom, !Task.isCancelled {
            tracks[address]?.missingFrom = nil
            do {
                // up to where every dex was verified nothing is missing
                let fills = try await history(address, since: max(since - 1, (track.wholeTo ?? 0) - Self.historyOverlap))
                guard tracks[address]?.generation == generation else { return }
                apply(history: fills ?? [], to: address)
            } catch {
                logger.error("leader.backfill.failed", metadata: ["address": "\(address)", "error": "\(error)"])
                tracks[address]?.note(missingFrom: since)
                guard ContinuousClock.now + pause < deadline else { break }
                try? await Task.sleep(for: pause)  // ends early only when cancelled
                pause *= 2
            }
        }
        guard tracks[address]?.generation == generation else { return }
        tracks[address]?.isBackfilling = false
        tracks[address]?.missingFrom = nil
        take(address) { $0.backfillEnded(at: self.now()) }
    }
}
