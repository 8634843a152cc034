import ConfigStore
import CopyTrading
import Hyperliquid
import Logging

/// Places for leaders' own fills, and moves between tiers.
///
/// | move | both are applied | ends when |
/// |---|---|---|
/// | 2 → 1 | from before the place is subscribed | it is subscribed and the leader's own fills since the cursor are read |
/// | 1 → 2 | from before its trades are let through | for the overlap, every own fill that came in it was seen as a trade too |
///
/// A fill that both deliver counts once, by its trade id. A place is given back when every socket has acknowledged the end, or is gone.
extension Ingestor {
    struct Leaving: Sendable {
        struct Ending: Hashable, Sendable {
            var channel: FeedSubscription
            var socket: Int
        }

        var since: ContinuousClock.Instant
        /// What has not been confirmed to be over yet.
        var unconfirmed: Set<Ending>
    }

    /// After this long nothing can be outstanding: what was asked for was acknowledged, or was never asked for.
    private static let leavingLimit = Duration.seconds(30)
    private static let endLimit = Duration.seconds(1)
    private static let joinAttempts = 3

    func tierLoop() async {
        guard slots != nil else { return }
        var rings = tierWake.rings()
        while !Task.isCancelled {
            await placeLeaders()
            _ = await rings.next()
        }
    }

    private func placeLeaders() async {
        guard let slots else { return }
        finishMoves()
        turnUncovered()
        let subscriptions = await activeSubscriptions()
        let plan = plan(subscriptions)
        let planned = Set(tracks.keys)
        let ended = leaving.filter { address, leaving in
            !plan.own.contains(address) && (leaving.unconfirmed.isEmpty || ContinuousClock.now - leaving.since >= Self.leavingLimit)
        }.keys
        let kept = tracks.values.filter { $0.usesOwn && held.contains($0.address) }.map(\.address) + leaving.keys.filter { !ended.contains($0) }
        do {
            let answer = try await slots.update(hold: plan.own + Set(kept).subtracting(plan.own).sorted(), giveBack: Array(ended))
            held = answer.held
            slotsInUse = answer.used
            slotsValidUntil = answer.validUntil
            for address in ended { leaving[address] = nil }
        } catch {
            logger.error("slots.unrenewed", metadata: ["error": "\(error)"])
            // Before others can have the places that could not be renewed, they are left.
            if let slotsValidUntil, slotsValidUntil - ContinuousClock.now < configuration.moveOverlap * 2 + .seconds(5) { leaveAll() }
        }
        place(plan, of: planned)
        await applyWants()
        startCatchingUp()
    }

    private func activeSubscriptions() async -> [InfluencerID: Int] {
        let snapshot = await config.current()
        return Dictionary(
            uniqueKeysWithValues: tracks.values.map { track in
                (track.influencer, snapshot.subscriptions(of: track.influencer).count { $0.state == .active })
            })
    }

    private func plan(_ subscriptions: [InfluencerID: Int]) -> TierPlanner.Plan {
        let moment = now()
        let leaders = tracks.values.filter { if case .toMarket = $0.move { false } else { true } }.map { track in
            TierPlanner.Leader(
                address: track.address, setting: track.setting, subscriptions: subscriptions[track.influencer] ?? 0,
                heat: track.heat.value(at: moment), tier: track.move == .toOwn ? .own : track.tier, since: track.tierSince)
        }
        let others = max(0, slotsInUse - held.count)
        let plan = planner.plan(leaders, capacity: max(0, configuration.usersPerEgress - others), now: moment)
        for address in plan.overLimit where reportedOverLimit.insert(address).inserted {
            logger.error(
                "leader.over_limit",
                metadata: [
                    "influencer": "\(tracks[address]?.influencer.text ?? address)",
                    "reason": "configured for tier 1; the places of this address are taken, it is followed by public trades",
                ])
        }
        reportedOverLimit.formIntersection(plan.overLimit)
        return plan
    }

    /// - Parameter planned: whom the plan is about; leaders that came while places were asked for wait for the next one.
    private func place(_ plan: TierPlanner.Plan, of planned: Set<String>) {
        let moment = now()
        let own = Set(plan.own)
        for (address, var track) in tracks where planned.contains(address) {
            switch track.tier {
            case nil:
                track.tier = own.contains(address) && held.contains(address) ? .own : .market
                track.tierSince = moment
                if track.tier == .own { track.uncoveredSince = .now }
            case .market where track.move == nil && own.contains(address) && held.contains(address):
                begin(.toOwn, &track)
            case .own where track.move == nil && !held.contains(address):
                // another process may have the place
                turnToMarket(&track)
            case .own where track.move == nil && !own.contains(address):
                begin(.toMarket(since: .now), &track)
            default: break
            }
            if track.tier == .own || track.move != nil, own.contains(address) { leaving[address] = nil }
            tracks[address] = track
        }
    }

    private func begin(_ move: LeaderTrack.Move, _ track: inout LeaderTrack) {
        track.move = move
        track.tierSince = now()
        planner.moved(at: now())
        logger.info("leader.moving", metadata: ["influencer": "\(track.influencer)", "move": "\(move)"])
    }

    // MARK: - 2 → 1

    /// The own fills are subscribed: reads those since the cursor, and relies on them from now on.
    func join(_ address: String, _ generation: Int) async {
        for attempt in 1...Self.joinAttempts {
            guard let track = tracks[address], track.generation == generation, track.move == .toOwn else { return }
            do {
                // one that is still catching up has its history read by that
                if track.phase == .live, let from = track.builder.cursor.resumeFrom {
                    let since = max((track.doubtfulFrom ?? from) - Self.historyOverlap, track.builder.cursor.floor ?? 0)
                    guard let fills = try await history(address, since: since) else { throw CancellationError() }
                    guard tracks[address]?.generation == generation, tracks[address]?.move == .toOwn else { return }
                    apply(history: fills, to: address)
                    tracks[address]?.unheard = nil
                }
                guard coverage.covers(.userFills(user: address)), var current = tracks[address] else { break }
                current.tier = .own
                current.endMove(at: now())
                tracks[address] = current
                moves += 1
                logger.info("leader.moved", metadata: ["influencer": "\(track.influencer)", "tier": "1"])
                return await applyWants()
            } catch {
                logger.warning("leader.join.failed", metadata: ["influencer": "\(track.influencer)", "attempt": "\(attempt)", "error": "\(error)"])
                try? await Task.sleep(for: .seconds(attempt))  // ends early only when cancelled
            }
        }
        giveUpJoining(address)
    }

    private func giveUpJoining(_ address: String) {
        guard var track = tracks[address], track.move == .toOwn else { return }
        track.endMove(at: now())
        tracks[address] = track
        leaveOwn(address)
        logger.warning("leader.stays", metadata: ["influencer": "\(track.influencer)", "tier": "2"])
    }

    // MARK: - 1 → 2

    private func finishMoves() {
        for (address, track) in tracks {
            switch track.move {
            case .toMarket(let since):
                // A fill that came before this began, or soon after, may have been traded before trades were let through.
                guard let marketCoveredAt, case let overlap = ContinuousClock.now - max(since, marketCoveredAt) - configuration.flightTime,
                    overlap >= configuration.moveOverlap
                else {
                    if ContinuousClock.now - since >= configuration.moveLimit { stayOwn(address, "the markets are not all covered") }
                    continue
                }
                let unconfirmed = track.unconfirmed.values.filter { $0 >= now() - overlap.microseconds }
                // an own fill that was received long enough ago must have come as a trade too
                let missing = unconfirmed.filter { $0 / 1_000 < now() / 1_000 - configuration.flightTime.milliseconds }
                if unconfirmed.isEmpty { finishLeaving(address) } else if !missing.isEmpty, ContinuousClock.now - since >= configuration.moveLimit {
                    stayOwn(address, "\(missing.count) own fills were not seen as trades")
                }
            case .toOwn where now() - track.tierSince >= configuration.moveLimit.microseconds && !coverage.covers(.userFills(user: address)):
                giveUpJoining(address)
            default: break
            }
        }
    }

    private func finishLeaving(_ address: String) {
        guard var track = tracks[address] else { return }
        track.tier = .market
        track.endMove(at: now())
        if track.phase == .live {
            track.verifiedAt = now()
            track.mustVerify = true
        }
        tracks[address] = track
        leaveOwn(address)
        moves += 1
        logger.info("leader.moved", metadata: ["influencer": "\(track.influencer)", "tier": "2"])
    }

    private func stayOwn(_ address: String, _ reason: String) {
        let moment = now()
        tracks[address]?.endMove(at: moment)
        logger.error("leader.stays", metadata: ["influencer": "\(tracks[address]?.influencer.text ?? address)", "tier": "1", "reason": "\(reason)"])
    }

    // MARK: - Places

    /// The exchange does not send this leader's own fills: it is followed by public trades from a reading on.
    private func turnUncovered() {
        guard !connected.isEmpty, let connectedSince else { return }
        for (address, var track) in tracks where track.tier == .own {
            // without a socket nothing is delivered to anybody
            guard let since = track.uncoveredSince, ContinuousClock.now - max(since, connectedSince) >= configuration.ownWait else { continue }
            turnToMarket(&track)
            tracks[address] = track
            leaveOwn(address)
        }
    }

    private func turnToMarket(_ track: inout LeaderTrack) {
        logger.error("leader.own_fills_lost", metadata: ["influencer": "\(track.influencer)"])
        track.tier = .market
        track.endMove(at: now())
        track.uncoveredSince = nil
        track.phase = .catchingUp
        track.needsCatchUp = true
    }

    private func leaveAll() {
        for (address, var track) in tracks where track.tier == .own && track.move == nil {
            begin(.toMarket(since: .now), &track)
            tracks[address] = track
        }
    }

    /// Ends the subscription to an address' own fills; its place stays ours until that is certain.
    func leaveOwn(_ address: String) {
        guard held.contains(address), leaving[address] == nil else { return }
        let endings = Self.ownChannels(of: address).flatMap { channel in connected.map { Leaving.Ending(channel: channel, socket: $0) } }
        leaving[address] = Leaving(since: .now, unconfirmed: Set(endings))
        tierWake.signal()
    }

    func confirmLeft(_ channel: FeedSubscription, _ socket: Int) {
        // computed first: an assignment through `?.` holds the dictionary while its right side is evaluated
        guard let user = channel.user, var confirmed = leaving[user] else { return }
        confirmed.unconfirmed.remove(Leaving.Ending(channel: channel, socket: socket))
        leaving[user] = confirmed
        if confirmed.unconfirmed.isEmpty { tierWake.signal() }
    }

    /// At the end: gives back what can be given back soon; the rest runs out.
    func giveBackSlots() async {
        guard let slots, !leaving.isEmpty else { return }
        let deadline = ContinuousClock.now + Self.endLimit
        while leaving.values.contains(where: { !$0.unconfirmed.isEmpty }), ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(10))  // ends early only when cancelled
        }
        let ended = leaving.filter(\.value.unconfirmed.isEmpty).keys
        do { _ = try await slots.update(hold: [], giveBack: Array(ended)) } catch {
            logger.warning("slots.kept", metadata: ["error": "\(error)"])
        }
    }
}
