/// An exit right before it is sent: never more than is held, and reduce-only wherever the account allows.
struct ExitPreparation {
    typealias Skip = Preparation.Skip

    let job: ExecutionJob
    let sleeve: Sleeve
    /// Of the account's other subscriptions in this coin.
    let others: [SubscriptionID: Sleeve]
    let instrument: Instrument?
    let quote: Quote

    func intent(attempt: Int) throws(Skip) -> OrderIntent {
        guard !sleeve.position.isZero else { throw Skip(outcome: .noPosition, detail: "nothing is held", sleeve: ended) }
        guard sleeve.position.sign == -Int(job.side.sign) else {
            throw Skip(outcome: .noPosition, detail: "holds \(sleeve.position), which a \(job.side.rawValue) does not reduce")
        }
        if sleeve.isManual, !job.closesManual {
            let detail = "\(sleeve.position) is traded by hand, and is the subscriber's own to close"
            throw Skip(outcome: .manual, detail: detail, sleeve: job.action == .close ? .empty : nil)
        }
        let wanted = try wanted()
        if wanted.isZero {
            guard sleeve.ahead.isZero else {
                let detail = "triggers that mirror the leader's had closed \(sleeve.ahead) before: nothing is left to give up"
                throw Skip(outcome: .coalesced, detail: detail, sleeve: owing(wanted))
            }
            throw Skip(outcome: .roundedToZero, detail: "nothing is left to give up")
        }
        guard let instrument else {
            throw Skip(outcome: .unsupported, detail: "the exchange does not list \(job.coin)", sleeve: owing(wanted))
        }
        let limit = try limit(attempt, instrument, wanted)
        let held = sleeve.position.magnitude
        var size = wanted.roundedDown(to: instrument)
        let remainder = held - size
        let isSnap = wanted < held && MinimumNotional.isDust(remainder, at: quote.reference)
        if isSnap { size = held.roundedDown(to: instrument) }
        guard !size.isZero, size == held || wanted == held || MinimumNotional.allows(size, reference: quote.reference, limit: limit) else {
            let reason = size.isZero ? "is below the lot" : "at \(quote.reference) is worth less than \(MinimumNotional.planned)"
            throw Skip(outcome: .accumulated, detail: "\(wanted) \(reason); it stays owed", sleeve: owing(wanted))
        }
        let detail = isSnap
            ? "\(wanted) enlarged to \(size): the remaining \(remainder) would be worth less than \(MinimumNotional.planned)" : nil
        let intent = OrderIntent(
            side: job.side, size: size, limit: limit, reduceOnly: true, isSnapClose: isSnap, owed: isSnap ? held : wanted,
            residue: isSnap ? .zero : residueAfter, detail: detail)
        return try netted(intent, wanted: wanted, instrument)
    }

    private func limit(_ attempt: Int, _ instrument: Instrument, _ wanted: Size) throws(Skip) -> Price {
        let basisPoints = ExitLadder.basisPoints(attempt: attempt)
        guard
            let limit = TickRounding.limit(
                reference: quote.opposite(of: job.side) ?? quote.reference, basisPoints: basisPoints, side: job.side, purpose: .exit,
                sizeDecimals: instrument.sizeDecimals)
        else {
            throw Skip(
                outcome: .unsupported, detail: "no legal price \(basisPoints) bps from \(quote.reference)", sleeve: owing(wanted))
        }
        return limit
    }

    /// On a shared account only what shrinks its net position is reduce-only. The rest opens for the account what it closes for the
    /// sleeve, so it follows as an order of its own, with an entry's guards: the minimum, and the first step of the ladder as its price.
    ///
    /// What the other sleeves hold decides, not the setting: with lock and isolated there is nothing on the other side, unless the
    /// setting was changed while sleeves were held, and those must be left too.
    private func netted(_ intent: OrderIntent, wanted: Size, _ instrument: Instrument) throws(Skip) -> OrderIntent {
        let net = others.values.reduce(sleeve.position) { $0 + $1.position }
        let split = NettedOrder(side: job.side, size: intent.size, net: net)
        var intent = intent
        if !split.reducing.isZero {
            intent.size = split.reducing
            intent.remainder = split.increasing
            return intent
        }
        intent.reduceOnly = false
        intent.limit = try limit(1, instrument, wanted)
        let detail = "not reduce-only: it makes the account's net position grow from \(net)"
        intent.detail = intent.detail.map { "\($0); \(detail)" } ?? detail
        guard MinimumNotional.allows(intent.size, reference: quote.reference, limit: intent.limit) else {
            throw Skip(
                outcome: .minimumNotional,
                detail: "\(intent.size) opens for the account and is worth less than \(MinimumNotional.planned); it stays owed",
                sleeve: owing(wanted))
        }
        return intent
    }

    /// The sleeve when this exit leaves `size` to be given up. What waits to be bought shrinks with the leader's position, and an owed
    /// reduction is met by it first; not by what has waited too long and will never be bought.
    private func owing(_ size: Size) -> Sleeve {
        var next = sleeve.meetingAhead(of: job).owing(size, through: job.id)
        let waiting = residueAfter
        guard !sleeve.residue.isZero else { return next }
        let met = min(waiting, next.owed)
        next.owed -= met
        next.residue = waiting - met
        if next.residue.isZero { next.residueUntil = nil }
        return next
    }

    /// With nothing held: the leader's exit takes what waited along, all of it when it is a close.
    private var ended: Sleeve {
        var next = sleeve
        next.residue = residueAfter
        if next.residue.isZero { next.residueUntil = nil }
        next.owed = .zero
        if job.action == .close {
            next.isManual = false
            next.lifecycle = nil
        }
        if next != sleeve { next.revision += 1 }
        return next.isEmpty ? .empty : next
    }

    /// What waits to be bought once this exit is done, applied once however often it is prepared.
    private var residueAfter: Size {
        guard job.action != .close else { return .zero }
        let waiting = sleeve.liveResidue(for: job)
        guard sleeve.owedThrough != job.id, case .share(let share) = job.quantity, let given = try? share * waiting else { return waiting }
        return waiting - given
    }

    /// What is to be given up by this exit and those before it, exactly: the share counts once, on what is not owed already, and what was
    /// closed ahead of it is part of it.
    private func wanted() throws(Skip) -> Size {
        let held = sleeve.position.magnitude
        if job.action == .close { return held }
        let owed = min(sleeve.owed, held)
        if sleeve.owedThrough == job.id { return owed }
        switch job.quantity {
        case .size(let size):
            return min(held, owed + size.magnitude)
        case .share(let share):
            if share >= .one { return held }
            guard share > .zero, let part = sleeve.reduction(by: share) else {
                throw Skip(outcome: .unsupported, detail: "cannot give up the share \(share) of \(held)")
            }
            return min(held, owed + max(part - sleeve.ahead, .zero))
        }
    }
}
