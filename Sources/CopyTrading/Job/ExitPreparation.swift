/// An exit right before it is sent: never more than is held, always reduce-only.
struct ExitPreparation {
    typealias Skip = Preparation.Skip

    let job: ExecutionJob
    let sleeve: Sleeve
    let instrument: Instrument?
    let quote: Quote

    func intent(attempt: Int) throws(Skip) -> OrderIntent {
        guard !sleeve.position.isZero else { throw Skip(outcome: .noPosition, detail: "nothing is held") }
        guard sleeve.position.sign == -Int(job.side.sign) else {
            throw Skip(outcome: .noPosition, detail: "holds \(sleeve.position), which a \(job.side.rawValue) does not reduce")
        }
        let wanted = try wanted()
        if wanted.isZero { throw Skip(outcome: .roundedToZero, detail: "nothing is left to give up") }
        let owing = sleeve.owing(wanted, through: job.id)
        guard let instrument else {
            throw Skip(outcome: .unsupported, detail: "the exchange does not list \(job.coin)", owing: owing)
        }
        let basisPoints = ExitLadder.basisPoints(attempt: attempt)
        guard
            let limit = TickRounding.limit(
                reference: quote.opposite(of: job.side) ?? quote.reference, basisPoints: basisPoints, side: job.side, purpose: .exit,
                sizeDecimals: instrument.sizeDecimals)
        else { throw Skip(outcome: .unsupported, detail: "no legal price \(basisPoints) bps from \(quote.reference)", owing: owing) }

        let held = sleeve.position.magnitude
        var size = wanted.roundedDown(to: instrument)
        let remainder = held - size
        let isSnap = wanted < held && MinimumNotional.isDust(remainder, at: quote.reference)
        if isSnap { size = held.roundedDown(to: instrument) }
        if size.isZero { throw Skip(outcome: .roundedToZero, detail: "\(wanted) is below the lot; it stays owed", owing: owing) }
        guard size == held || wanted == held || MinimumNotional.allows(size, reference: quote.reference, limit: limit) else {
            throw Skip(
                outcome: .minimumNotional,
                detail: "\(size) at \(quote.reference) is worth less than \(MinimumNotional.planned); it stays owed", owing: owing)
        }
        let detail = "\(wanted) enlarged to \(size): the remaining \(remainder) would be worth less than \(MinimumNotional.planned)"
        return OrderIntent(
            side: job.side, size: size, limit: limit, reduceOnly: true, isSnapClose: isSnap, owed: isSnap ? held : wanted,
            detail: isSnap ? detail : nil)
    }

    /// What is to be given up by this exit and those before it, exactly: the share counts once, on what is not owed already.
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
            guard share > .zero, let part = try? share * (held - owed) else {
                throw Skip(outcome: .unsupported, detail: "cannot give up the share \(share) of \(held)")
            }
            return owed + part
        }
    }
}
