/// An entry right before it is sent: the gates that depend on what is held now.
struct EntryPreparation {
    typealias Skip = Preparation.Skip

    let job: ExecutionJob
    let sleeve: Sleeve
    /// Of the account's other subscriptions in this coin.
    let others: [SubscriptionID: Sleeve]
    let instrument: Instrument?
    let quote: Quote
    let account: AccountView
    let fanout: FanoutCap?

    func intent(now: Int64) throws(Skip) -> OrderIntent {
        if let refusal = job.refusal { throw Skip(outcome: refusal.outcome, detail: refusal.detail) }
        if let expiry = job.expiresAt, now > expiry {
            throw Skip(outcome: .stale, detail: "expired \(now - expiry) ms ago")
        }
        guard let instrument else { throw Skip(outcome: .unsupported, detail: "the exchange does not list \(job.coin)") }
        guard case .size(let planned) = job.quantity, planned > .zero, let planLimit = job.limit, planLimit > .zero else {
            throw Skip(outcome: .unsupported, detail: "an entry needs a size and a limit")
        }
        try checkLock()
        try checkHolding()
        var entry = ClippedEntry(size: planned, price: quote.reference)
        try follow(&entry)
        try applyCaps(&entry, instrument)
        let limit = try self.limit(planLimit, instrument)
        clipToDepth(&entry, limit)
        let before = entry.size
        let size = try sized(&entry, instrument, limit)
        try checkBook(limit)
        let residue = accumulates ? max(before - size, .zero) : .zero
        return OrderIntent(
            side: job.side, size: size, limit: limit, reduceOnly: false, residue: residue,
            correctsK: (job.clips + entry.clips).contains { $0.gate.correctsK }, clips: entry.clips, detail: entry.clips.text)
    }

    private var accumulates: Bool { job.terms?.belowMinimum == .accumulate }

    private func checkLock() throws(Skip) {
        guard job.sharing != .sleeves else { return }
        let owner = others.lazy.filter { !$0.value.position.isZero }.min { $0.key < $1.key }
        if let owner {
            throw Skip(outcome: .coinLocked, detail: "subscription \(owner.key) holds \(owner.value.position) \(job.coin) on this account")
        }
    }

    private func checkHolding() throws(Skip) {
        if sleeve.isManual { throw Skip(outcome: .manual, detail: "the subscriber trades \(job.coin) by hand until the leader is flat") }
        if sleeve.position.sign == -Int(job.side.sign) {
            throw Skip(outcome: .coinLocked, detail: "still holds \(sleeve.position) on the other side")
        }
        guard job.action == .increase else { return }
        if sleeve.position.isZero, sleeve.residue.isZero { throw Skip(outcome: .uncopiedBase, detail: "nothing is held to increase") }
        if let held = sleeve.lifecycle, let wanted = job.lifecycle, held != wanted {
            throw Skip(outcome: .uncopiedBase, detail: "what is held was opened by signal \(held), not \(wanted)")
        }
    }

    /// An increase follows what the sleeve really holds of the leader's position, not what was planned for it; what waits joins
    /// it, and a reduction that is owed is met by buying less.
    private func follow(_ entry: inout ClippedEntry) throws(Skip) {
        if job.action == .increase, let terms = job.terms, terms.followsLeader, let k = sleeve.k,
            let own = try? k * (terms.leaderEnd - terms.leaderStart).magnitude
        {
            entry.clip(to: own, by: .filledShare)
            try meetAhead(&entry, terms)
        }
        let waiting = sleeve.liveResidue(for: job)
        if accumulates, !waiting.isZero, sleeve.lifecycle == job.lifecycle { entry = ClippedEntry(size: entry.size + waiting, price: entry.price) }
        guard !sleeve.owed.isZero else { return }
        if entry.size <= sleeve.owed {
            throw Skip(
                outcome: .accumulated, detail: "\(entry.size) is met by a reduction of \(sleeve.owed) that was owed",
                sleeve: sleeve.keeping(entry.size, for: job))
        }
        entry.change(to: entry.size - sleeve.owed, by: .owed)
    }

    /// What mirrored limit orders have bought of it is not bought again.
    private func meetAhead(_ entry: inout ClippedEntry, _ terms: EntryTerms) throws(Skip) {
        let ahead = sleeve.boughtAhead(of: terms.leaderStart)
        guard !ahead.isZero else { return }
        guard entry.size > ahead else {
            let detail = "limit orders that mirror the leader's had bought \(ahead) before: nothing is left to add"
            throw Skip(outcome: .coalesced, detail: detail, sleeve: sleeve.meetingBoughtAhead(of: job))
        }
        entry.change(to: entry.size - ahead, by: .ahead)
    }

    private func applyCaps(_ entry: inout ClippedEntry, _ instrument: Instrument) throws(Skip) {
        entry.clip(to: job.terms?.maximumOrderNotional, by: .orderCap)
        if let cap = job.terms?.maximumCoinNotional {
            entry.clip(to: try room(cap, held: others.values.reduce(sleeve.position.magnitude) { $0 + $1.position.magnitude }), by: .coinCap)
        }
        if let cap = job.maximumPositionNotional { entry.clip(to: try room(cap, held: sleeve.position.magnitude), by: .positionCap) }
        guard let facts = account.facts else {
            if account.limits.needAccountFacts {
                throw Skip(outcome: .equityUnknown, detail: "the account's own figures are not known, and it has caps on them")
            }
            return
        }
        let caps = ExposureCaps(
            settings: account.limits, facts: facts, side: job.side, maximumLeverage: instrument.maximumLeverage,
            leverage: job.terms?.leverage ?? 1, slippageBasisPoints: job.slippageBasisPoints)
        for (gate, room) in caps.rooms { entry.clip(to: room, by: gate) }
    }

    private func room(_ cap: Notional, held: Size) throws(Skip) -> Notional {
        guard let worth = try? quote.reference * held else {
            throw Skip(outcome: .capSleeve, detail: "the value of \(held) at \(quote.reference) is out of range")
        }
        return cap - worth
    }

    /// The planned limit, made stricter by the book as it is now.
    private func limit(_ planned: Price, _ instrument: Instrument) throws(Skip) -> Price {
        guard let best = quote.opposite(of: job.side), let basisPoints = job.terms?.bookSlippageBasisPoints else { return planned }
        guard
            let limit = TickRounding.limit(
                reference: best, basisPoints: basisPoints, side: job.side, purpose: .entry, sizeDecimals: instrument.sizeDecimals)
        else { throw Skip(outcome: .unsupported, detail: "no legal price within \(basisPoints) bps of \(best)") }
        return job.side == .buy ? min(planned, limit) : max(planned, limit)
    }

    /// Its part of what all copies of the signal may take together. A book that is past the limit is the price's gate's.
    private func clipToDepth(_ entry: inout ClippedEntry, _ limit: Price) {
        guard let fanout, let place = job.place, !isPast(limit) else { return }
        entry.clip(to: fanout.room(for: place, side: job.side, limit: limit, best: quote.opposite(of: job.side)), by: .depth)
    }

    /// What of it is large enough; with the policy `accumulate` what is not waits in the sleeve.
    private func sized(_ entry: inout ClippedEntry, _ instrument: Instrument, _ limit: Price) throws(Skip) -> Size {
        do throws(MinimumRule.Refusal) {
            return try MinimumRule.size(&entry, policy: job.terms?.belowMinimum ?? .skip, instrument: instrument, limit: limit)
        } catch {
            guard accumulates, error.outcome == .minimumNotional || error.outcome == .roundedToZero else {
                throw Skip(outcome: error.outcome, detail: error.detail)
            }
            var waiting = sleeve.meetingBoughtAhead(of: job)
            waiting.owed = .zero
            waiting.keepResidue(entry.size, of: job)
            throw Skip(outcome: .accumulated, detail: "\(entry.size) waits for more: \(error.detail)", sleeve: waiting)
        }
    }

    private func checkBook(_ limit: Price) throws(Skip) {
        guard let best = quote.opposite(of: job.side) else { return }
        if let most = job.terms?.maximumSpreadBasisPoints, let spread = quote.spreadBasisPoints, spread > most {
            throw Skip(outcome: .spread, detail: "the spread is \(spread) bps, at most \(most) is traded in")
        }
        if isPast(limit) { throw Skip(outcome: .priceMoved, detail: "the book's \(best) is past the limit \(limit)") }
    }

    private func isPast(_ limit: Price) -> Bool {
        quote.opposite(of: job.side).map { job.side == .buy ? $0 > limit : $0 < limit } ?? false
    }
}

extension ExecutionJob {
    /// How far its limit is from the leader's price, basis points, rounded up.
    fileprivate var slippageBasisPoints: Int {
        guard let limit else { return 0 }
        let distance = Int128(abs(limit.e8 - referencePrice.e8)) * 10_000
        return Int(clamping: (distance + Int128(referencePrice.e8) - 1) / Int128(referencePrice.e8))
    }
}
