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
        var storesCursor = storesCursor
        for event in events {
            report(event, track)
            switch event {
            case .signal(let signal):
                noteConduct(signal, of: address)
                signals.append(signal)
            case .gap(_, _, _, let since):
                guard client != nil, tracks[address]?.isBackfilling == false else { continue }
                tracks[address]?.isBackfilling = true
                errandSink.yield(.backfill(address: address, generation: track.generation, since: since))
            case .resync, .entriesDropped: storesCursor = true
            case .late(let fill):
                // What it changed may be missing in the position that is taken for known.
                if fill.source == .market { tracks[address]?.mustVerify = true }
            default: break
            }
        }
        guard !signals.isEmpty || storesCursor, let keeper = tracks[address]?.hygiene.keeper else { return }
        outbox.append(
            Publication(
                partition: track.partition, epoch: leases.table.lease(track.partition)?.epoch, influencer: track.influencer, signals: signals, cursor: track.builder.cursor, record: keeper))
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
        case .entriesDropped(let coin, let legs, let from, let to):
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
                    try await publish(batch)
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

    private func publish(_ batch: [Publication]) async throws {
        var calls: [SignalPublisher.Call] = []
        for publication in batch {
            guard let lease = leases.table.lease(publication.partition), lease.epoch == publication.epoch else { continue }
            // each as many as one call takes
            var days: [(day: String, signals: [Signal])] = []
            for signal in publication.signals {
                let day = Day.of(signal.lastFillTime)
                if let last = days.last, last.day == day, last.signals.count < SignalPublisher.mostItems {
                    days[days.count - 1].signals.append(signal)
                } else {
                    days.append((day, [signal]))
                }
            }
            // a cursor alone
            if days.isEmpty { days = [(Day.of(now() / 1_000), [])] }
            for (index, part) in days.enumerated() {
                calls.append(
                    SignalPublisher.Call(
                        items: part.signals.map { .init(id: $0.id.text, emission: Emission(signal: admitted($0), partition: publication.partition)) },
                        partition: publication.partition, day: part.day, epoch: lease.epoch,
                        leader: index == days.count - 1 ? publication.leaderState : nil))
            }
        }
        for (call, answer) in zip(calls, try await publisher.publish(calls)) {
            switch answer {
            case .published(let new, let duplicates):
                published += new
                if duplicates > 0 { logger.info("signals.duplicate", metadata: ["count": "\(duplicates)"]) }
            case .fenced:
                logger.warning("ingest.fenced", metadata: ["partition": "\(call.partition)"])
                await leases.forget(call.partition)
                await drop(call.partition)
            }
        }
    }
}
