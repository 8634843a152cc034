import CopyTrading
import Failpoints
import Health
import Logging
import RawFrames
import Redis
import RedisStreams

/// Fills → signals → streams.
extension Ingestor {
    /// Ends a recording: what still waits for the fills before it is emitted.
    public func finishRecording() {
        for address in tracks.keys { take(address) { $0.finish(at: self.now()) } }
    }

    var hasUnpublished: Bool { !outbox.isEmpty }

    /// Applies a step of the builder and queues what it emitted, with the cursor that accounts for it.
    func take(_ address: String, storesCursor: Bool = false, _ step: (inout SignalBuilder) -> [SignalEvent]) {
        guard let isVerified = tracks[address].map(isVerified) else { return }
        // in place: a copy of the builder would copy all it remembers
        tracks[address]!.builder.allowsEntries = isVerified && admission.level < .closing
        let events = step(&tracks[address]!.builder)
        if tracks[address]!.builder.nextDeadline != nil { comesDue(address) }
        guard !events.isEmpty || storesCursor, let track = tracks[address] else { return }
        var signals: [Signal] = []
        var leftOut: [Publication.LeftOut] = []
        var storesCursor = storesCursor
        for event in events {
            report(event, track)
            switch event {
            case .signal(let signal):
                noteConduct(signal, of: address)
                signals.append(signal)
            case .gap(_, _, _, let since):
                guard client != nil else { continue }
                tracks[address]?.note(missingFrom: since)
                guard !track.isBackfilling else { continue }
                tracks[address]!.isBackfilling = true
                errandSink.yield(.backfill(address: address, generation: track.generation))
            case .resync: storesCursor = true
            case .entriesDropped(_, _, let id, _, let time):
                leftOut.append(Publication.LeftOut(id: id, time: time))
                storesCursor = true
            case .late(let fill):
                // What it changed may be missing in the position that is taken for known.
                if fill.source == .market { tracks[address]?.mustVerify = true }
            default: break
            }
        }
        guard !signals.isEmpty || storesCursor, let keeper = tracks[address]?.hygiene.keeper else { return }
        let cursor = track.cursor
        tracks[address]?.storedTo = cursor.resumeFrom
        outbox.append(
            Publication(
                partition: track.partition, epoch: leases.table.lease(track.partition)?.epoch, influencer: track.influencer, signals: signals,
                leftOut: leftOut.filter { left in !signals.contains { $0.id == left.id } }, cursor: cursor, record: keeper))
        outboxSignals += signals.count
        publishing.signal()
    }

    ///
    private func isVerified(_ track: LeaderTrack) -> Bool {
        if client == nil { return true }
        guard let verifiedAt = track.verifiedAt else { return false }
        return now() - verifiedAt <= configuration.verificationLife.microseconds
    }

    private func report(_ event: SignalEvent, _ track: LeaderTrack) {
        let level: Logger.Level =
            switch event {
            case .signal, .baseline, .ignored: .debug
            case .late, .gap: .warning
            case .resync, .quarantine, .entriesDropped: .error
            }
        // made only when it is written: telling a whole signal is more work than making one
        logger.log(level: level, "leader.event", metadata: ["influencer": "\(track.influencer)", "event": "\(event)"])
        declare(event, track)
    }

    /// Gaps are on record, not only in the log.
    private func declare(_ event: SignalEvent, _ track: LeaderTrack) {
        switch event {
        case .resync(let coin, let expected, let found):
            recorder?.declare(
                LeaderGap(
                    influencer: track.influencer, coin: coin, from: track.verifiedTo ?? track.builder.cursor.floor ?? 0, to: now() / 1_000, expected: expected, found: found,
                    reason: track.tier == .market ? .positionDiffers : .fillsMissing, handling: .resynchronised))
        case .entriesDropped(let coin, let legs, _, let from, let to):
            recorder?.declare(
                LeaderGap(
                    influencer: track.influencer, coin: coin, from: from, to: to, expected: legs.first?.start, found: legs.last?.end,
                    reason: isVerified(track) ? .overload : .unverified, handling: .entriesDropped))
        case .quarantine(let fill, _):
            recorder?.declare(
                LeaderGap(
                    influencer: track.influencer, coin: fill.coin, from: fill.time, to: fill.time, reason: .quarantined, handling: .leftOut))
        default: break
        }
    }

    // MARK: - Loops

    func comesDue(_ address: String) {
        if timed.isEmpty { ticking.signal() }
        timed.insert(address)
    }

    /// What waits comes due without a new fill.
    func tickLoop() async {
        var rings = ticking.rings()
        while !Task.isCancelled {
            if timed.isEmpty { _ = await rings.next() }
            try? await Task.sleep(for: .milliseconds(5))  // ends early only when cancelled
            let moment = now()
            for address in timed {
                releaseQueued(of: address, at: moment)
                if let deadline = tracks[address]?.builder.nextDeadline, deadline <= moment { take(address) { $0.flush(at: moment) } }
                if tracks[address]?.builder.nextDeadline == nil, tracks[address]?.queued.isEmpty ?? true { timed.remove(address) }
            }
        }
    }

    func publishLoop() async {
        let heart = Heart.start("publish")
        defer { heart.rest() }
        var rings = publishing.rings()
        while !Task.isCancelled {
            while !outbox.isEmpty, !Task.isCancelled {
                heart.beat()
                let batch = Array(outbox.prefix(256))
                do {
                    try Failpoint.reached(.ingestBeforePublish, throwing: RedisError.unavailable("failpoint"))
                    try await publish(batch, heart)
                    try Failpoint.reached(.ingestAfterPublish, throwing: RedisError.unknownOutcome("failpoint"))
                    outbox.removeFirst(batch.count)
                    outboxSignals -= batch.reduce(0) { $0 + $1.signals.count }
                } catch {
                    // Repeating is safe: a signal already published is counted as seen.
                    logger.error("signals.unpublished", metadata: ["error": "\(error)", "waiting": "\(outboxSignals)"])
                    try? await Task.sleep(for: .milliseconds(200))  // ends early only when cancelled
                }
            }
            heart.rest()
            _ = await rings.next()
        }
    }

    /// One call of a leader at a time: were a later one accepted where an earlier one is refused, its signals would come first, and its
    /// cursor account for signals that were not published.
    private func publish(_ batch: [Publication], _ heart: Heart) async throws {
        let held = batch.filter { $0.epoch != nil && $0.epoch == leases.table.lease($0.partition)?.epoch }
        var waiting = Publication.merged(held).map { calls(of: $0)[...] }
        while !waiting.isEmpty {
            heart.beat()
            let answers = try await publisher.publish(waiting.compactMap(\.first))
            var rest: [ArraySlice<SignalPublisher.Call>] = []
            for (calls, answer) in zip(waiting, answers) {
                switch answer {
                case .published(let new, let duplicates):
                    published += new
                    if duplicates > 0 { logger.info("signals.duplicate", metadata: ["count": "\(duplicates)"]) }
                    if calls.count > 1 { rest.append(calls.dropFirst()) }
                case .fenced:
                    guard let partition = calls.first?.partition else { continue }
                    logger.warning("ingest.fenced", metadata: ["partition": "\(partition)"])
                    await leases.forget(partition)
                    await drop(partition)
                }
            }
            waiting = rest
        }
    }

    /// In their order; the last one stores what accounts for all of them.
    private func calls(of publication: Publication) -> [SignalPublisher.Call] {
        let parts = publication.parts(now: now() / 1_000)
        return parts.enumerated().map { index, part in
            SignalPublisher.Call(
                items: part.signals.map { .init(id: $0.id.text, emission: Emission(signal: admitted($0), partition: publication.partition)) },
                leftOut: part.leftOut.map(\.text), partition: publication.partition, day: part.day, epoch: publication.epoch ?? "",
                leader: index == parts.count - 1 ? publication.leaderState : nil)
        }
    }
}
