import ConfigStore
import CopyTrading
import Hyperliquid
import JSON
import RedisStreams

/// Accounts are read from time to time, and before an entry whose caps need it. What is found is the truth that sleeves, losses and
/// triggers are compared with.
extension WorkStage {
    /// How often it is looked whose turn it is.
    private static let turnEvery = Duration.milliseconds(200)
    /// The longest that one whose turn it has become is not seen behind others.
    private static let lookEvery = Duration.seconds(1)
    /// A mode of an account is asked for again after so long.
    private static let collateralLife = Duration.seconds(3_600)

    /// Reads one account after the other, those waited for first, and asks about their agents, within the weight that is set for both.
    func watchAccounts() async {
        // neither keeps the other from its turn for ever
        var agentsFirst = false
        var allowance = Double(configuration.accounts.weightPerMinute) / 60
        // those whose turn it was at the last look, and when that was: with thousands of accounts one look is much work
        var due: [AccountKey] = []
        var lookedAt = ContinuousClock.now
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.turnEvery)  // ends early only when cancelled
            let perTurn = Double(configuration.accounts.weightPerMinute) / 60 * (Self.turnEvery / .seconds(1))
            allowance = min(allowance + perTurn, Double(configuration.accounts.weightPerMinute) / 6)
            if agentsFirst { checkAgents(&allowance) }
            if due.isEmpty || ContinuousClock.now - lookedAt > Self.lookEvery {
                due = dueAccounts().reversed()
                lookedAt = .now
            }
            while allowance > 0, let key = due.popLast() {
                guard isDue(partitions[key.partition]?.books[key.account]) else { continue }
                allowance -= Double(weight(ofReading: key))
                beginReading(key)
            }
            if !agentsFirst { checkAgents(&allowance) }
            agentsFirst.toggle()
        }
    }

    /// Longest waited for first.
    private func dueAccounts() -> [AccountKey] {
        var due: [(key: AccountKey, since: ContinuousClock.Instant)] = []
        let snapshot = config.current()
        for (partition, state) in partitions where !state.draining {
            let candidates = state.books.filter { isDue($0.value) }
            let watched = candidates.isEmpty ? [] : watchedAccounts(state)
            for (account, book) in candidates {
                // The others are read once, for what they may hold of their own.
                guard watched.contains(account) || (book.readAt == nil && snapshot.subscriber(of: account) != nil) else { continue }
                due.append((AccountKey(partition: partition, account: account), book.nextReading))
            }
        }
        return due.sorted { $0.since < $1.since }.map(\.key)
    }

    private func isDue(_ book: AccountBook?) -> Bool { book.map { !$0.isReading && $0.nextReading <= .now } ?? false }

    /// Accounts of a partition that hold something for a subscription, have limits on their equity, or coins that are frozen until sleeves
    /// and exchange agree again.
    private func watchedAccounts(_ state: PartitionState) -> Set<AccountID> {
        let snapshot = config.current()
        let holding = state.holders.lazy.filter { lane, holders in
            holders.contains { state.sleeves[HoldingKey($0, lane.coin)] != nil }
        }.map(\.key.account)
        return Set(holding).union(
            state.books.lazy.filter { account, book in
                snapshot.subscriber(of: account).map { $0.settings.needsReading || !book.record.frozen.isEmpty } ?? false
            }.map(\.key))
    }

    func settings(of key: AccountKey) -> AccountSettings? { subscriber(of: key)?.settings }

    func subscriber(of key: AccountKey) -> Subscriber? { config.current().subscriber(of: key.account) }

    private func weight(ofReading key: AccountKey) -> Int {
        guard settings(of: key)?.needsReading == true else { return RequestWeight.info(type: "clearinghouseState") }
        return RequestWeight.info(type: "clearinghouseState") + RequestWeight.info(type: "spotClearinghouseState")
    }

    /// Someone waits for what is missing of the account: its figures, or whether its agent may sign.
    func wantReading(_ key: AccountKey) {
        wantAgentCheck(key)
        guard settings(of: key)?.needsReading == true else { return }
        let book = partitions[key.partition]?.books[key.account] ?? AccountBook()
        guard !book.isReading, !book.hasFreshReading(at: .now) else { return }
        beginReading(key)
    }

    private func beginReading(_ key: AccountKey) {
        guard let state = partitions[key.partition] else { return }
        partitions[key.partition]?.books[key.account, default: AccountBook()].isReading = true
        errandSink.yield(.readAccount(key, generation: state.generation))
    }

    func readAccount(_ key: AccountKey, _ generation: Int) async {
        guard let state = partitions[key.partition], state.generation == generation else { return }
        let before = quietSleeves(key)
        let result: Result<AccountReading, any Error>
        do { result = .success(try await read(key, state)) } catch { result = .failure(error) }
        guard partitions[key.partition]?.generation == generation else { return }
        let leaders = await leaderPositions(key)
        guard partitions[key.partition]?.generation == generation else { return }
        partitions[key.partition]?.books[key.account]?.isReading = false
        switch result {
        case .success(let reading):
            partitions[key.partition]?.books[key.account]?.take(reading, every: configuration.accounts.readEvery)
            adoptLeverages(key, reading)
            await observeLosses(key, generation, reading)
            resumeAfterReading(key, generation, isKnown: true)
            guard partitions[key.partition]?.generation == generation else { return }
            await compare(key, generation, reading, before: before, leaders: leaders)
        case .failure(let error):
            logger.warning("account.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            partitions[key.partition]?.books[key.account]?.readFailed(limit: configuration.accounts.readEvery)
            resumeAfterReading(key, generation, isKnown: false)
        }
    }

    private func read(_ key: AccountKey, _ state: PartitionState) async throws -> AccountReading {
        let begunAt = WallClock.microseconds
        let needsEquity = settings(of: key)?.needsReading == true
        let dexs = Set(state.holders.keys.filter { $0.account == key.account }.compactMap(\.coin.dex))
        var states = [try await client.accountState(key.account.text)]
        for dex in dexs.sorted() { states.append(try await client.accountState(key.account.text, dex: dex)) }
        guard needsEquity else { return AccountReading(begunAt: begunAt, states: states, equity: nil) }
        let collateral = try await collateral(key)
        let spot = collateral == .shared ? try await client.read(.spotClearinghouseState(key.account.text)).total(of: "USDC") : nil
        return AccountReading(
            begunAt: begunAt, states: states,
            equity: AccountEquity.total(
                collateral: collateral, perpetuals: states.map(\.margin.accountValue), spot: spot?.exactly(Notional.self)))
    }

    private func collateral(_ key: AccountKey) async throws -> AccountEquity.Collateral? {
        if let known = partitions[key.partition]?.books[key.account]?.collateral, ContinuousClock.now - known.at < Self.collateralLife {
            return known.value
        }
        let value = try await client.read(.userAbstraction(key.account.text)).collateral
        partitions[key.partition]?.books[key.account]?.collateral = (value, .now)
        return value
    }

    /// Entries that waited for the account's figures are decided with them, or refused without.
    private func resumeAfterReading(_ key: AccountKey, _ generation: Int, isKnown: Bool) {
        guard partitions[key.partition]?.generation == generation else { return }
        resumeReading(key) { $0.accountUnread = !isKnown }
    }

    /// What waits for something of the account is looked at again.
    func resumeReading(_ key: AccountKey, _ change: (inout LaneJob) -> Void = { _ in }) {
        for coin in partitions[key.partition]?.accounts[key.account]?.coins ?? [] {
            let lane = LaneKey(account: key.account, coin: coin)
            guard partitions[key.partition]?.lanes[lane]?.head == .reading else { continue }
            updateHead(lane, key.partition, change)
            partitions[key.partition]?.lanes[lane]?.head = .idle
        }
        attend(key)
        dispatching.signal()
    }

    /// The sleeves of the account when nothing of it is on its way; `nil` otherwise: then what is read cannot be compared with them.
    func quietSleeves(_ key: AccountKey) -> [HoldingKey: Sleeve]? {
        guard let state = partitions[key.partition], !state.draining, !isDoubtful(state), state.lanes.keys.allSatisfy({ $0.account != key.account }),
            !state.unsettled.values.contains(where: { $0.account == key.account })
        else { return nil }
        var sleeves: [HoldingKey: Sleeve] = [:]
        for (lane, holders) in state.holders where lane.account == key.account {
            for holder in holders {
                let holding = HoldingKey(holder, lane.coin)
                sleeves[holding] = state.sleeves[holding]
            }
        }
        return sleeves
    }

    /// Shortly after a restart of Redis: jobs may be on their way once more whose orders were carried out, and no sleeve tells of them yet.
    func isDoubtful(_ state: PartitionState) -> Bool {
        let wait = configuration.suspectWait + configuration.accounts.leaderGrace
        return state.suspectedAt > 0 && .now < state.suspectedSince + wait
    }

    /// Tells people when each account was last read (R-86).
    func publishChecks() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: CheckTable.interval)  // ends early only when cancelled
            for (partition, state) in partitions where !state.draining {
                let checks = watchedAccounts(state).map { ($0.text, state.books[$0]?.reading.map { $0.begunAt / 1_000 }) }
                do {
                    try await accountLog.checks.write(Dictionary(uniqueKeysWithValues: checks), partition: stage.inputs[partition].index)
                } catch { logger.warning("accounts.checks.unpublished", metadata: ["partition": "\(partition)", "error": "\(error)"]) }
            }
        }
    }

    // MARK: - Writing down

    /// Stores the account's record with what else changed; false when that was not possible, and nothing changed.
    func write(_ entry: AccountLog.Entry, _ key: AccountKey, generation: Int) async -> Bool {
        guard let state = partitions[key.partition], state.generation == generation else { return false }
        do {
            return try await accountLog.write(entry, partition: key.partition, epoch: state.epoch)
        } catch {
            logger.error("account.unrecorded", metadata: ["account": "\(key.account)", "error": "\(error)"])
            return false
        }
    }

    func event(
        _ kind: AccountEvent.Kind, _ key: AccountKey, subscription: SubscriptionID? = nil, coin: Coin? = nil, _ detail: String, distinct: String,
        sleeve: JSON? = nil
    ) -> (id: String, emission: Emission) {
        var event = AccountEvent(
            kind, account: key.account, subscriber: subscriber(of: key)?.id ?? "", subscription: subscription, coin: coin, detail: detail,
            at: WallClock.milliseconds, distinct: distinct)
        event.sleeve = sleeve
        logger.notice(
            "account.event",
            metadata: [
                "kind": "\(kind.rawValue)", "account": "\(key.account)", "coin": "\(coin?.text ?? "-")",
                "subscription": "\(subscription?.text ?? "-")", "detail": "\(detail)",
            ])
        return (event.id, Emission(event: event, partition: stage.inputs[key.partition].index))
    }
}

extension AccountBook {
    mutating func take(_ reading: AccountReading, every interval: Duration) {
        self.reading = reading
        readAt = .now
        failures = 0
        reservations.read(begun: reading.begunAt)
        nextReading = .now + interval * Double.random(in: 0.9...1.1)
    }

    mutating func readFailed(limit: Duration) {
        failures += 1
        nextReading = .now + min(Self.firstRetry * (1 << min(failures, 6)), limit)
    }
}

extension AccountSettings {
    /// Caps or loss limits need to know its equity.
    var needsReading: Bool { limits.needAccountFacts || !losses.isEmpty }
}

extension Coin {
    /// The builder's dex of the market; `nil` is the exchange's own.
    var dex: String? { text.contains(":") ? String(text.prefix { $0 != ":" }) : nil }
}
