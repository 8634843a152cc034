import CopyTrading
import Hyperliquid
import RedisStreams

/// Daily loss and drawdown of accounts: kept with the account's record, on record in the audit trail, and made stricter only.
extension WorkStage {
    /// A change of equity by more than this share since the last look, basis points, is looked into for deposits and withdrawals.
    private static let unexplainedBasisPoints: Int64 = 100

    func observeLosses(_ key: AccountKey, _ generation: Int, _ reading: AccountReading) async {
        guard let subscriber = subscriber(of: key), !subscriber.settings.losses.isEmpty, let equity = reading.equity,
            let book = partitions[key.partition]?.books[key.account]
        else { return }
        let limits = subscriber.settings.losses
        let now = reading.asOf
        var losses = book.record.losses ?? .beginning(equity: equity, limits: limits, now: now)
        let before = losses
        if book.record.losses != nil, needsDeposits(losses, equity, limits, now: now) {
            guard book.doubtsEquity else {
                // Money that came or went while its parts were read may be in one and not in another: the next reading has it in all.
                partitions[key.partition]?.books[key.account]?.doubtsEquity = true
                partitions[key.partition]?.books[key.account]?.nextReading = .now + configuration.accounts.confirmAfter
                return
            }
            partitions[key.partition]?.books[key.account]?.doubtsEquity = false
            let from = book.depositsKnownTo ?? losses.observedAt
            guard let moved = await netDeposits(key, from: from, to: now) else { return }
            if !moved.isZero { losses.deposited(moved) }
            partitions[key.partition]?.books[key.account]?.depositsKnownTo = now
        }
        partitions[key.partition]?.books[key.account]?.doubtsEquity = false
        _ = losses.observe(equity: equity, limits: limits, now: now)
        // what came before is in what the day began with
        if losses.day != before.day { partitions[key.partition]?.books[key.account]?.depositsKnownTo = now }
        if losses.stop == .drawdown, isResumed(subscriber.id, since: losses.stoppedAt) { losses.resumeByOwner(equity: equity) }
        guard losses != before || book.record.losses == nil else { return }
        var entry = AccountLog.Entry()
        if losses.stop != before.stop || losses.closesEverything && !before.closesEverything {
            let detail = losses.refusal?.detail ?? "entries are allowed again at an equity of \(equity)"
            entry.emissions.append(
                event(losses.stop == .none ? .lossResumed : .lossStop, key, detail, distinct: "\(losses.stop.rawValue) \(losses.day) \(now)"))
        }
        // What cannot be written down holds here all the same.
        partitions[key.partition]?.books[key.account]?.record.losses = losses
        guard let record = partitions[key.partition]?.books[key.account]?.record else { return }
        entry.accounts = [(key.account.text, record.json.bytes())]
        _ = await write(entry, key, generation: generation)
        if losses.stop == .drawdown, before.stop != .drawdown { await latchDrawdown(subscriber.id, losses) }
    }

    private func needsDeposits(_ losses: LossState, _ equity: Notional, _ limits: LossLimits, now: Int64) -> Bool {
        let change = (Int128(equity.e8) - Int128(losses.observedEquity.e8)).magnitude * 10_000
        if change >= UInt128(max(losses.observedEquity.e8, 0)) * UInt128(Self.unexplainedBasisPoints) { return true }
        var next = losses
        _ = next.observe(equity: equity, limits: limits, now: now)
        return next.stop != losses.stop && next.stop != .none
    }

    /// Deposits less withdrawals; `nil` when they cannot be read: then nothing is concluded from the equity.
    private func netDeposits(_ key: AccountKey, from: Int64, to: Int64) async -> Notional? {
        do {
            let collateral = partitions[key.partition]?.books[key.account]?.collateral?.value ?? .separate
            return try await client.ledgerUpdates(key.account.text, from: from + 1, to: to).reduce(Notional.zero) {
                $0 + (try $1.netDeposit(of: key.account.text, collateral: collateral))
            }
        } catch {
            logger.warning("account.deposits.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            return nil
        }
    }

    /// Only a person ends a drawdown stop: by opening the subscriber's latch.
    private func latchDrawdown(_ subscriber: SubscriberID, _ losses: LossState) async {
        do {
            try await latches?.tighten(
                .subscriber(subscriber), to: .pauseEntries, reason: losses.refusal?.detail ?? "drawdown", by: "drawdown")
        } catch { logger.critical("latch.unset", metadata: ["subscriber": "\(subscriber)", "error": "\(error)"]) }
    }

    private func isResumed(_ subscriber: SubscriberID, since: Int64?) -> Bool {
        guard let since, let latch = latches?.latch(on: .subscriber(subscriber)) else { return false }
        return latch.level == .none && latch.at > since
    }
}
