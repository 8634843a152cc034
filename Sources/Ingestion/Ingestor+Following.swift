import ConfigStore
import CopyTrading
import Hyperliquid
import JSON
import Redis
import RedisStreams

/// Whom to follow, and on which channels.
extension Ingestor {
    func drop(_ partition: Int) async {
        owned.remove(partition)
        for (address, track) in tracks where track.partition == partition { forget(address) }
        await applyWants()
    }

    private func forget(_ address: String) {
        leaveOwn(address)
        tracks[address] = nil
        tierWake.signal()
    }

    /// Begins with leaders that are ours and not followed yet; ends those that are no longer configured.
    func followOwned() async {
        let snapshot = await config.current()
        var wanted: [String: (influencer: Influencer, partition: Int)] = [:]
        for influencer in snapshot.influencers.values where influencer.isActive {
            let partition = partitioning.signal(influencer.id.text)
            if owned.contains(partition) { wanted[influencer.address] = (influencer, partition) }
        }
        unread.formIntersection(wanted.keys)
        for (address, track) in tracks {
            if let influencer = wanted[address]?.influencer, influencer.id == track.influencer {
                tracks[address]?.setting = influencer.tier
            } else {
                forget(address)
            }
        }
        for (address, (influencer, partition)) in wanted where tracks[address] == nil && owned.contains(partition) {
            await begin(influencer, address, partition)
        }
        tierWake.signal()
        await applyWants()
    }

    /// Without its cursor a leader is not followed: it is tried again.
    private func begin(_ influencer: Influencer, _ address: String, _ partition: Int) async {
        let cursor: LeaderCursor
        let storedRecord: [UInt8]?
        do {
            let hashes = [keys.cursors(partition), keys.leaders(partition)]
            let stored = try await redis.send(hashes.map { RedisCommand("HGET", $0, influencer.id.text) })
            let known = try stored[0].checked().bytes.map { bytes in try LeaderCursor(json: JSON.parse(bytes)) }
            cursor = if let known { known } else { try await firstCursor(of: influencer.id) }
            storedRecord = try stored[1].checked().bytes
        } catch {
            unread.insert(address)
            return logger.error("cursor.unread", metadata: ["influencer": "\(influencer.id)", "error": "\(error)"])
        }
        unread.remove(address)
        guard owned.contains(partition), tracks[address] == nil else { return }
        generations += 1
        var track = LeaderTrack(
            influencer: influencer.id, address: address, partition: partition, setting: influencer.tier,
            builder: SignalBuilder(influencer: influencer.id, network: network, cursor: cursor, configuration: configuration.signals),
            generation: generations, hygiene: HygieneWatch(keeper: keeper(storedRecord, of: influencer, cursor)))
        if client == nil {
            track.phase = .live
            track.tier = .own
            track.needsCatchUp = false
        }
        tracks[address] = track
        logger.info(
            "leader.followed",
            metadata: ["influencer": "\(influencer.id)", "partition": "\(partition)", "resume": "\(cursor.resumeFrom.map(String.init) ?? "new")"])
    }

    /// Where a leader begins of whom nothing is stored: as he is now. Had he been followed before Redis was started anew, what was stored may be
    /// lost, and with it what it led to: he is read again from then on.
    private func firstCursor(of influencer: InfluencerID) async throws -> LeaderCursor {
        var cursor = LeaderCursor()
        let restart = try await redis.suspicion(keys).at
        if restart > 0, let since = try await config.followedSince()[influencer], since < restart {
            cursor.resumeFrom = max(since, restart - Self.lostAtMost)
        }
        return cursor
    }

    /// What Redis can have lost without the cell being halted, and more.
    private static let lostAtMost: Int64 = 3_600_000

    /// The record of a leader's conduct. One that cannot be read begins anew: its exits are mirrored all the same.
    private func keeper(_ stored: [UInt8]?, of influencer: Influencer, _ cursor: LeaderCursor) -> LeaderRecordKeeper {
        let new = LeaderRecordKeeper(since: cursor.resumeFrom ?? now() / 1_000)
        do { return try stored.map { try LeaderRecordKeeper(json: JSON.parse($0)) } ?? new } catch {
            logger.error("record.unread", metadata: ["influencer": "\(influencer.id)", "error": "\(error)"])
            return new
        }
    }

    // MARK: - Channels

    var wantsMarket: Bool { tracks.values.contains(where: \.usesMarket) }

    /// By what a leader's own fills come: the exchange tells slices of TWAP orders apart from the others. Whether they are covered is judged by
    /// the first channel alone: a slice that is missing shows in where the next fill begins.
    static func ownChannels(of address: String) -> [FeedSubscription] { [.userFills(user: address), .userTwapSliceFills(user: address)] }

    /// Own fills of those who have a place; every market's trades when anyone is followed by them.
    private var wants: Set<FeedSubscription> {
        var wants = Set(tracks.values.filter { $0.usesOwn && held.contains($0.address) }.flatMap { Self.ownChannels(of: $0.address) })
        if wantsMarket { wants.formUnion(marketCoins.map { .trades(coin: $0) }) }
        return wants
    }

    /// On all sockets together, whether they have them yet or not.
    public var wantedChannels: Int { feeds.count * wants.count }

    /// Tells the sockets what to follow. What is wanted is looked at anew for each, as it may change while one is told. Every other one begins
    /// with the last market: where there are too few channels for all on each, no market is left out as long as there is one for it.
    func applyWants() async {
        for (socket, feed) in feeds.enumerated() {
            let addresses = Set(tracks.values.filter(\.usesMarket).map(\.address))
            if told[socket].addresses != addresses {
                told[socket].addresses = addresses
                await feed.follow(addresses: addresses)
            }
            let subscriptions = wants
            if told[socket].subscriptions != subscriptions {
                told[socket].subscriptions = subscriptions
                await feed.want(subscriptions, marketsLastFirst: !socket.isMultiple(of: 2))
            }
        }
        marketWantedSince = wantsMarket ? marketWantedSince ?? .now : nil
        noteMarketCoverage()
    }

    func noteMarketCoverage() {
        marketCoveredAt = isMarketCovered ? marketCoveredAt ?? .now : nil
    }

    /// Once for each wait that ended without all of them: what is traded there is not seen.
    private func reportUncoveredMarkets() {
        guard isMarketCovered, marketReportedSince != marketWantedSince else { return }
        let uncovered = marketCoins.filter { !coverage.covers(.trades(coin: $0)) }.sorted()
        guard !uncovered.isEmpty else { return }
        marketReportedSince = marketWantedSince
        logger.error("market.uncovered", metadata: ["count": "\(uncovered.count)", "first": "\(uncovered.prefix(5).joined(separator: " "))"])
    }

    /// Every market is covered, or long enough was waited for those that are not.
    var isMarketCovered: Bool {
        guard let since = marketWantedSince, !marketCoins.isEmpty else { return false }
        if marketCoins.allSatisfy({ coverage.covers(.trades(coin: $0)) }) { return true }
        return ContinuousClock.now - since >= configuration.marketWait && marketCoins.contains { coverage.covers(.trades(coin: $0)) }
    }

    /// Whether what the leader's tier relies on is being received.
    func isCovered(_ track: LeaderTrack) -> Bool {
        switch track.tier {
        case nil: false
        case .own: coverage.covers(.userFills(user: track.address))
        case .market: isMarketCovered
        }
    }

    /// Leaders whose source is there now, and who have not caught up.
    func startCatchingUp() {
        guard client != nil else { return }
        let isMarketCovered = isMarketCovered
        for (address, track) in tracks where track.needsCatchUp && !track.isCatchingUp {
            guard track.tier == .market ? isMarketCovered : isCovered(track) else { continue }
            tracks[address]?.needsCatchUp = false
            tracks[address]?.isCatchingUp = true
            errandSink.yield(.catchUp(address: address, generation: track.generation))
        }
    }

    /// New configuration, leaders that could not be begun with, markets, readings, and what the sockets did.
    func refreshLoop() async {
        var version: Int64 = -1
        var rounds = 0
        while !Task.isCancelled {
            let current = await config.current().version
            if current != version || !unread.isEmpty {
                version = current
                await followOwned()
            }
            // before markets are read again: a new one is covered a moment later
            reportUncoveredMarkets()
            await refreshMarkets()
            noteMarketCoverage()
            startCatchingUp()
            startVerifying()
            startReadingLedgers()
            await startReadingOrders()
            merge.settle(at: now())
            tierWake.signal()
            hygieneWake.signal()
            joinWake.signal()
            rounds += 1
            if rounds % 60 == 0 { reportSockets() }
            try? await Task.sleep(for: .seconds(1))  // ends early only when cancelled
        }
    }

    /// Markets come and go.
    private func refreshMarkets() async {
        guard let client, marketsReadAt.map({ ContinuousClock.now - $0 >= ExchangeClient.marketsLife }) ?? true else { return }
        do {
            let age = marketsReadAt == nil ? ExchangeClient.marketsLife : ExchangeClient.marketsNewest
            // without them no leader is copied
            let instruments = try await ReadUrgency.$current.withValue(.awaited) {
                await spend(for: "meta")
                return try await client.instruments(atMostOld: age)
            }
            let names = Set(instruments.map(\.coin.text).filter { $0.contains(":") }.map { String($0.prefix { $0 != ":" }) })
            dexs = [""] + names.sorted()
            marketCoins = Set(instruments.filter { !$0.isDelisted }.map(\.coin.text))
            marketsReadAt = .now
            await applyWants()
        } catch {
            logger.warning("markets.unread", metadata: ["error": "\(error)"])
        }
    }

    func reportSockets() {
        for (socket, statistics) in merge.statistics.enumerated() {
            logger.info(
                "socket.fills",
                metadata: [
                    "socket": "\(socket)", "first": "\(statistics.first)", "duplicates": "\(statistics.duplicates)", "missed": "\(statistics.missed)",
                ])
        }
    }
}
