import ConfigStore
import CopyTrading
import Failpoints
import Hyperliquid
import RedisStreams

/// What the exchange proved about an order that may or may not have arrived.
enum Settlement: Sendable, Equatable {
    /// It was not executed and never can be: its nonce is used up.
    case neverLanded
    case traded(OrderFills)
    /// It arrived and did nothing; the exchange's status word.
    case rejected(status: String)
}

/// Orders of one action, to be settled together.
struct SettleErrand: Sendable {
    let partition: Int
    let generation: Int
    let records: [AttemptRecord]
}

/// Unknown outcomes. The nonce is the idempotency key: the exchange takes a nonce once. So a `noop` with the attempt's own nonce is sent.
/// Taken: the order had not arrived, and now never can. Refused as used or too low: it can no longer arrive, and `orderStatus` and the
/// fills since then say what it did.
extension WorkStage {
    /// Looks at the exchange before an order without fills counts as one that did nothing, and before one that is not known counts as one
    /// that never arrived: its read side lags behind its matching, and most of all when answers are lost.
    private static let statusLooks = 4
    private static let unknownLooks = 12
    private static let statusPause = Duration.milliseconds(500)
    /// An order without an expiry may be on its way for so long; and two clocks differ by no more than the margin.
    private static let arrival = Duration.seconds(30)
    private static let arrivalMargin = Duration.seconds(5)

    /// Fills are asked for from so long before an order, milliseconds: clocks differ.
    static let fillMargin: Int64 = 60_000

    /// Starts settling everything of the partition that is not being settled.
    func settleJournal(_ partition: Int) {
        guard let state = partitions[partition] else { return }
        let fresh = state.unsettled.values.filter { !settling.contains($0.cloid) }
        for (_, records) in Dictionary(grouping: fresh, by: { "\($0.account)/\($0.nonce)/\($0.signer ?? "")" }) {
            settling.formUnion(records.map(\.cloid))
            errandSink.yield(.settle(SettleErrand(partition: partition, generation: state.generation, records: records)))
        }
    }

    func perform(_ errand: SettleErrand) async {
        defer {
            settling.subtract(errand.records.map(\.cloid))
            // the partition came back meanwhile: what it found in the journal was left to this errand
            if !isCurrent(errand) { settleJournal(errand.partition) }
        }
        var pause = Duration.milliseconds(100)
        while isCurrent(errand), !Task.isCancelled {
            if let settlements = await settle(errand) {
                Failpoint.reached(.workAfterSettle)
                return conclude(errand, settlements)
            }
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))  // ends early only when cancelled
            pause = min(pause * 2, .seconds(5))
        }
    }

    private func isCurrent(_ errand: SettleErrand) -> Bool { partitions[errand.partition]?.generation == errand.generation }

    /// `nil`: not decided yet, ask again.
    private func settle(_ errand: SettleErrand) async -> [Settlement]? {
        guard let first = errand.records.first else { return [] }
        let configured = await config.current().subscribers[first.subscriber]
        do {
            guard let subscriber = configured else { return try await settleUnsigned(errand) }
            // whose nonce it is, also when another signs by now
            let agent = first.signer ?? subscriber.agentAddress
            let signsNow = agent == subscriber.agentAddress
            if signsNow && subscriber.isAgentRevoked { return try await settleUnsigned(errand) }
            let signer: Signer
            do { signer = try await signers.signer(subscriber.id, agent: agent) } catch ConfigStoreError.agentKeyGone {
                return try await settleUnsigned(errand)
            }
            // only while no successor can be sending for this account
            guard let deadline = leases.lease(errand.partition)?.deadline, deadline > .now else { return nil }
            let noop = try signer.sign(.noop, nonce: first.nonce, vaultAddress: subscriber.vaultAddress, expiresAfter: nil, network: network)
            try Failpoint.reached(.workBeforeSettle, throwing: ExchangeError.notSent("failpoint"))
            // an account that waits for this can send no exit
            let answer = try await transport.submit(noop, priority: .exit, notAfter: deadline)
            try Failpoint.reached(.workAfterSettleNoop, throwing: ExchangeError.unknown("failpoint"))
            switch answer {
            case .ok, .orders, .cancels, .subAccount: return errand.records.map { _ in .neverLanded }
            case .refused(let text):
                let meaning = ErrorText.classify(text)
                guard case .nonce = meaning else {
                    if case .fatalForAccount = meaning {
                        if signsNow { fatal(text, first.account, first.subscriber, agent: signer.address) }
                        let isGone = if case .agentUnknown? = SignerRefusal(text: text, agent: agent) { true } else { false }
                        if isGone || !signsNow { return try await settleUnsigned(errand) }
                    }
                    logger.warning("attempt.unsettled", metadata: ["cloid": "\(first.cloid)", "text": "\(text)"])
                    return nil
                }
            }
            return try await look(errand.records)
        } catch {
            logger.warning("attempt.unsettled", metadata: ["cloid": "\(first.cloid)", "error": "\(error)"])
            return nil
        }
    }

    /// No noop can be signed: its agent's key is destroyed, its subscriber is no longer configured, or the exchange takes nothing from that
    /// agent any more. Then an order that has not arrived long after it was sent never will.
    private func settleUnsigned(_ errand: SettleErrand) async throws -> [Settlement]? {
        let latest = errand.records.map { $0.expiresAfter ?? $0.preparedAt / 1_000 + Self.arrival.milliseconds }.max() ?? 0
        guard WallClock.milliseconds > latest + Self.arrivalMargin.milliseconds else { return nil }
        return try await look(errand.records)
    }

    /// `nil`: the exchange has not told all of it yet.
    private func look(_ records: [AttemptRecord]) async throws -> [Settlement]? {
        var found: [ClientOrderID: Settlement] = [:]
        for look in 1...Self.unknownLooks {
            if look > 1 { try await Task.sleep(for: Self.statusPause) }
            for record in records where found[record.cloid] == nil { found[record.cloid] = try await settlement(of: record, look: look) }
            if found.count == records.count { return records.compactMap { found[$0.cloid] } }
        }
        return nil
    }

    private func settlement(of record: AttemptRecord, look: Int) async throws -> Settlement? {
        switch try await client.orderStatus(record.account.text, cloid: record.cloid.text) {
        case .unknown:
            guard look == Self.unknownLooks else { return nil }
            // the nonce is used, but not by this order: the action was refused as a whole
            let fills = try await fills(of: record.cloid, account: record.account, from: record.preparedAt / 1_000)
            return fills.filled.isZero ? .neverLanded : nil
        case .known(let order) where order.isTerminal:
            let fills = try await fills(of: record.cloid, account: record.account, from: order.order.placedAt)
            if !fills.filled.isZero { return .traded(fills) }
            // what it traded may be told later than its end
            let hasTraded = order.status == "filled" || order.order.originalSize.map { $0 > order.order.size } ?? false
            return hasTraded || look < Self.statusLooks ? nil : .rejected(status: order.status)
        case .known: return nil
        }
    }

    /// - Parameter time: when the exchange took the order, milliseconds since 1970.
    func fills(of cloid: ClientOrderID, account: AccountID, from time: Int64) async throws -> OrderFills {
        var sum = OrderFills()
        for fill in try await client.fills(account.text, from: time - Self.fillMargin) where fill.cloid == cloid.text {
            sum.add(size: fill.size, price: fill.price, fee: fill.fee)
        }
        return sum
    }

    private func conclude(_ errand: SettleErrand, _ settlements: [Settlement]) {
        guard isCurrent(errand) else { return }
        for (record, settlement) in zip(errand.records, settlements) {
            logger.notice("attempt.settled", metadata: ["cloid": "\(record.cloid)", "as": "\(settlement)"])
            partitions[errand.partition]?.unsettled[record.job] = nil
            if partitions[errand.partition]?.lanes[lane(record)]?.jobs.first?.job.id == record.job {
                apply(settlement, of: record, errand.partition)
            } else {
                partitions[errand.partition]?.settled[record.job] = (record, settlement)
            }
            attend(AccountKey(partition: errand.partition, account: record.account))
        }
        dispatching.signal()
    }

    /// Continues the job at the head of its lane from what was proved.
    func apply(_ settlement: Settlement, of record: AttemptRecord, _ partition: Int) {
        let key = lane(record)
        partitions[partition]?.sleeves[HoldingKey(record.subscription, record.coin)] = record.sleeve
        updateHead(key, partition) { job in
            job.attempt = record.attempt
            job.sent(record)
            if job.asked == nil {
                // What a predecessor decided at its first attempt.
                job.asked = record.filledBefore + record.intent.size + record.intent.remainder
                job.clips += record.intent.clips
                if let detail = record.intent.detail { job.details.append(detail) }
            }
            job.isSnapClose = record.intent.isSnapClose
            job.limit = record.intent.limit
            job.reduceOnly = record.intent.reduceOnly
            job.preparedAt = record.preparedAt
            if job.fills.filled.isZero, let average = record.averageBefore {
                job.fills.add(size: record.filledBefore, price: average, fee: .zero)
                job.knowsFee = false
            }
        }
        switch settlement {
        case .neverLanded:
            updateHead(key, partition) { job in
                job.details.append("attempt \(record.attempt) never reached the exchange")
                job.attempt += 1
            }
            partitions[partition]?.lanes[key]?.head = .idle
            if isPassed(record, partition) { standBack(key, partition) }
        case .traded(let fills):
            updateHead(key, partition) { $0.details.append("attempt \(record.attempt) was found at the exchange") }
            traded(record, fills, partition)
        case .rejected(let status): rejected(record, ErrorText.classify(venueStatus: status), status, partition)
        }
    }

    /// Whether another order of the lane was journalled after this one.
    private func isPassed(_ record: AttemptRecord, _ partition: Int) -> Bool {
        guard let state = partitions[partition] else { return false }
        func isAfter(_ other: AttemptRecord) -> Bool { lane(other) == lane(record) && other.nonce > record.nonce }
        return state.unsettled.values.contains(where: isAfter) || state.settled.values.contains { isAfter($0.record) }
    }
}
