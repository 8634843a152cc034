import CopyTrading
import Failpoints
import Hyperliquid
import Logging
import RawFrames

/// What the sockets deliver.
extension Ingestor {
    /// Trades older than this when they come were told before: up to 30 a market are, on subscribing. Microseconds.
    private static let replayAge: Int64 = 300_000_000

    /// One event of one socket's feed.
    public func receive(_ event: FeedEvent, from socket: Int = 0) async {
        switch event {
        case .message(let message, let frame, let receivedAt):
            receive(message, frame: frame, receivedAt: receivedAt, from: socket)
            Failpoint.reached(.ingestAfterFrame)
            await waitForOutbox()
        case .connected:
            if connected.isEmpty { connectedSince = .now }
            connected.insert(socket)
            disconnectedSince = nil
            logger.info("feed.connected", metadata: ["socket": "\(socket)"])
        case .subscribed(let subscription):
            if coverage.subscribed(subscription, socket: socket) { covered(subscription) }
        case .unsubscribed(let subscription):
            confirmLeft(subscription, socket)
            if coverage.ended(subscription, socket: socket) { uncovered([subscription]) }
        case .refused(let subscriptions, let refusal): refused(subscriptions, refusal, socket)
        case .disconnected(let reason):
            logger.warning("feed.disconnected", metadata: ["socket": "\(socket)", "reason": "\(reason)"])
            connected.remove(socket)
            if connected.isEmpty, disconnectedSince == nil { disconnectedSince = .now }
            for user in leaving.keys { for channel in Self.ownChannels(of: user) { confirmLeft(channel, socket) } }
            uncovered(coverage.lost(socket: socket))
        case .silent(let kind, let duration): await replaceIfDead(kind, duration, socket)
        case .problem(let text): logger.error("feed.problem", metadata: ["socket": "\(socket)", "text": "\(text)"])
        }
    }

    /// A channel can be dead on a connection that lives: it is, when others hear what it does not.
    private func replaceIfDead(_ kind: FeedSubscription.Kind, _ duration: Duration, _ socket: Int) async {
        logger.error("feed.silent", metadata: ["socket": "\(socket)", "kind": "\(kind)", "for": "\(duration)"])
        for (other, feed) in feeds.enumerated() where other != socket {
            guard let heard = await feed.lastHeard(kind), .now - heard < duration / 2 else { continue }
            return await feeds[socket].replaceConnection(because: "no \(kind.rawValue) for \(duration), which another connection had meanwhile")
        }
    }

    private func receive(_ message: FeedMessage, frame: [UInt8], receivedAt: Int64, from socket: Int) {
        switch message {
        case .userFills(let address, let fills, let isSnapshot):
            receive(fills, .userFills, of: address, isSnapshot: isSnapshot, frame: frame, receivedAt: receivedAt, from: socket)
        case .twapSliceFills(let address, let slices, let isSnapshot):
            receive(slices.map(\.marked), .userTwapSliceFills, of: address, isSnapshot: isSnapshot, frame: frame, receivedAt: receivedAt, from: socket)
        case .trades(let trades): receive(trades, frame: frame, receivedAt: receivedAt, from: socket)
        default: break
        }
    }

    /// A leader's own fills, by one of their channels.
    private func receive(
        _ fills: [UserFill], _ channel: FeedSubscription.Kind, of address: String, isSnapshot: Bool, frame: [UInt8], receivedAt: Int64, from socket: Int
    ) {
        guard tracks[address]?.usesOwn == true else { return }
        recorder?.keep(
            RawFrame(receivedAt: receivedAt, origin: "socket-\(socket)", channel: channel.rawValue, users: [address], bytes: frame))
        // A snapshot is history: what a gap left out is read from the cursor on, page by page.
        guard !isSnapshot else { return }
        for fill in fills { merge.delivered(.init(user: address, tid: fill.tid, isOwn: true), by: socket, at: receivedAt) }
        receiveOwn(fills.map { $0.leaderFill(of: address) }, of: address, receivedAt: receivedAt)
    }

    /// New fills of a leader from a recording.
    func receive(_ fills: [UserFill], of address: String, receivedAt: Int64) async {
        receiveOwn(fills.map { $0.leaderFill(of: address) }, of: address, receivedAt: receivedAt)
        await waitForOutbox()
    }

    /// The bound of what waits to be published: its source is not read meanwhile.
    private func waitForOutbox() async {
        while max(outboxSignals, outbox.count) > configuration.outboxLimit, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(2))  // ends early only when cancelled
        }
    }

    private func receiveOwn(_ fills: [LeaderFill], of address: String, receivedAt: Int64) {
        guard tracks[address] != nil else { return }
        tracks[address]!.noteOwn(fills, at: receivedAt)
        hand(fills, to: address, receivedAt: receivedAt)
    }

    private func receive(_ trades: [MarketTrade], frame: [UInt8], receivedAt: Int64, from socket: Int) {
        var fills: [String: [LeaderFill]] = [:]
        for trade in trades {
            for case let address? in [trade.buyer, trade.seller] {
                guard tracks[address]?.usesMarket == true, let fill = trade.leaderFill(of: address) else { continue }
                fills[address, default: []].append(fill)
            }
        }
        guard !fills.isEmpty else { return }
        recorder?.keep(
            RawFrame(
                receivedAt: receivedAt, origin: "socket-\(socket)", channel: "trades", users: fills.keys.sorted(), coin: trades.first?.coin.text,
                bytes: frame))
        for (address, all) in fills.sorted(by: { $0.key < $1.key }) {
            let recent = all.filter { receivedAt - $0.time * 1_000 < Self.replayAge }
            replayed += all.count - recent.count
            guard !recent.isEmpty else { continue }
            for fill in recent { merge.delivered(.init(user: address, tid: fill.tid, isOwn: false), by: socket, at: receivedAt) }
            tracks[address]!.noteMarket(recent, at: receivedAt)
            if configuration.marketHold > .zero {
                tracks[address]!.queued += recent.map { ($0, receivedAt) }
                comesDue(address)
            } else {
                hand(recent, to: address, receivedAt: receivedAt)
            }
        }
    }

    /// Hands on the public trades that have waited long enough, in the order in which they happened.
    func releaseQueued(of address: String, at moment: Int64) {
        guard tracks[address]?.queued.isEmpty == false else { return }
        let due = tracks[address]!.takeQueued(until: moment, hold: configuration.marketHold.microseconds)
        guard let first = due.map(\.receivedAt).min() else { return }
        hand(due.map(\.fill), to: address, receivedAt: first)
    }

    /// Applies fills, or keeps them until what was before them is known.
    private func hand(_ fills: [LeaderFill], to address: String, receivedAt: Int64) {
        guard let phase = tracks[address]?.phase else { return }
        // what it holds on that dex is not known: it waits with what follows until that is read
        if phase == .live, tracks[address]!.isUnheard(fills) {
            lostSource(address)
            startCatchingUp()
        }
        if tracks[address]!.phase == .live {
            take(address) { $0.receive(message: fills, at: receivedAt) }
        } else if tracks[address]!.waiting.count < LeaderTrack.waitingLimit {
            tracks[address]!.waiting.append((fills, receivedAt))
        } else {
            tracks[address]!.isOverrun = true
            tracks[address]!.waiting = []
        }
    }

    // MARK: - Coverage

    private func covered(_ subscription: FeedSubscription) {
        if case .userFills(let user, _) = subscription, let track = tracks[user] {
            tracks[user]?.uncoveredSince = nil
            if case .toOwn = track.move { errandSink.yield(.join(address: user, generation: track.generation)) }
        }
        noteMarketCoverage()
        startCatchingUp()
    }

    /// Nothing delivers these any more: who relies on them has a gap from now on.
    private func uncovered(_ subscriptions: [FeedSubscription]) {
        var isMarketLost = false
        for subscription in subscriptions {
            switch subscription {
            case .userFills(let address, _) where tracks[address]?.tier == .own && tracks[address]?.move == nil: lostSource(address)
            case .userFills(let address, _): if case .toMarket? = tracks[address]?.move { lostSource(address) }
            case .trades(let coin): isMarketLost = isMarketLost || marketCoins.contains(coin)
            default: break
            }
        }
        if isMarketLost, wantsMarket {
            marketWantedSince = .now
            marketCoveredAt = nil
            for (address, track) in tracks where track.tier == .market { lostSource(address) }
        }
        tierWake.signal()
    }

    /// Fills wait from now on, until the source is back and the gap is read. What came before the loss is as good as it was: a chain that is
    /// being collected keeps its verification.
    func lostSource(_ address: String) {
        tracks[address]?.phase = .catchingUp
        tracks[address]?.needsCatchUp = true
        if tracks[address]?.tier == .own { tracks[address]?.uncoveredSince = .now }
    }

    private func refused(_ subscriptions: Set<FeedSubscription>, _ refusal: FeedRefusal, _ socket: Int) {
        let names = subscriptions.prefix(5).map(\.description).sorted().joined(separator: " ")
        logger.error("feed.refused", metadata: ["socket": "\(socket)", "text": "\(refusal)", "count": "\(subscriptions.count)", "among": "\(names)"])
        switch refusal {
        case .invalid:
            // A market that was delisted since they were read.
            for case .trades(let coin) in subscriptions { marketCoins.remove(coin) }
        // Whoever stays uncovered is followed by public trades after a while.
        case .tooManyUsers, .tooManyChannels: break
        }
    }
}
