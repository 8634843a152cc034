/// An entry right before it is sent: the gates that depend on what is held now.
struct EntryPreparation {
    typealias Skip = Preparation.Skip

    let job: ExecutionJob
    let sleeve: Sleeve
    let others: [SubscriptionID: Sleeve]
    let instrument: Instrument?
    let quote: Quote

    func intent(now: Int64) throws(Skip) -> OrderIntent {
        if let expiry = job.expiresAt, now > expiry {
            throw Skip(outcome: .stale, detail: "expired \(now - expiry) ms ago")
        }
        guard let instrument else { throw Skip(outcome: .unsupported, detail: "the exchange does not list \(job.coin)") }
        guard case .size(let planned) = job.quantity, planned > .zero, let limit = job.limit, limit > .zero else {
            throw Skip(outcome: .unsupported, detail: "an entry needs a size and a limit")
        }
        try checkLock()
        try checkHolding()
        var entry = ClippedEntry(size: planned, price: quote.reference)
        entry.clip(to: try room(), name: "max_position_notional", outcome: .capSleeve)
        let size = entry.size.roundedDown(to: instrument)
        let detail = entry.clips.isEmpty ? nil : entry.clips.joined(separator: "; ")
        if size.isZero { throw Skip(outcome: entry.outcome ?? .roundedToZero, detail: detail ?? "\(entry.size) is below the lot") }
        if let outcome = entry.outcome, !MinimumNotional.allows(size, reference: quote.reference, limit: limit) {
            throw Skip(outcome: outcome, detail: "\(detail ?? ""): \(size) is worth less than \(MinimumNotional.planned)")
        }
        try checkPrice(limit)
        return OrderIntent(side: job.side, size: size, limit: limit, reduceOnly: false, detail: detail)
    }

    private func checkLock() throws(Skip) {
        let owner = others.lazy.filter { $0.key != job.subscription && !$0.value.position.isZero }.min { $0.key < $1.key }
        if let owner {
            throw Skip(outcome: .coinLocked, detail: "subscription \(owner.key) holds \(owner.value.position) \(job.coin) on this account")
        }
    }

    private func checkHolding() throws(Skip) {
        if sleeve.position.sign == -Int(job.side.sign) {
            throw Skip(outcome: .coinLocked, detail: "still holds \(sleeve.position) on the other side")
        }
        guard job.action == .increase else { return }
        if sleeve.position.isZero { throw Skip(outcome: .uncopiedBase, detail: "nothing is held to increase") }
        if let held = sleeve.lifecycle, let wanted = job.lifecycle, held != wanted {
            throw Skip(outcome: .uncopiedBase, detail: "what is held was opened by signal \(held), not \(wanted)")
        }
    }

    /// What the position may still grow by; `nil` without a cap.
    private func room() throws(Skip) -> Notional? {
        guard let cap = job.maximumPositionNotional else { return nil }
        guard let held = try? quote.reference * sleeve.position else {
            throw Skip(outcome: .capSleeve, detail: "the value of \(sleeve.position) at \(quote.reference) is out of range")
        }
        return cap - held
    }

    private func checkPrice(_ limit: Price) throws(Skip) {
        guard let best = quote.opposite(of: job.side) else { return }
        let isOutside = job.side == .buy ? best > limit : best < limit
        if isOutside { throw Skip(outcome: .priceMoved, detail: "the book's \(best) is past the limit \(limit)") }
    }
}
