/// What becomes of an entry that is worth less than the exchange takes.
public enum BelowMinimum: String, Sendable, CaseIterable {
    /// `accumulate` for what drips in (a leader's maker and TWAP fills), `skip` for the rest.
    case automatic = "auto"
    case skip
    /// Raised to the minimum when that is at most twice the size and no cap is in the way.
    case raiseToMinimum = "raise_to_min"
    /// Kept with the sleeve until, with what follows, it is worth an order.
    case accumulate

    func effective(isDrip: Bool) -> BelowMinimum {
        guard self == .automatic else { return self }
        return isDrip ? .accumulate : .skip
    }
}

extension Signal {
    /// Makers' fills and TWAP slices drip in over time.
    public var isDrip: Bool { !crossed || cause == .twap }
}

/// The minimum applied to a capped entry: what is sent of it, or why nothing is.
enum MinimumRule {
    /// Most that an order is raised by, as a multiple of its size.
    static let mostRaised: Int128 = 2

    struct Refusal: Error, Equatable {
        var outcome: Outcome
        var detail: String
        /// Coins that were too few.
        var size: Size
    }

    /// - Returns: whole lots, worth enough. What rounding takes is recorded, unless it waits for more.
    static func size(
        _ entry: inout ClippedEntry, policy: BelowMinimum, instrument: Instrument, limit: Price
    ) throws(Refusal) -> Size {
        let size = entry.size.roundedDown(to: instrument)
        if !size.isZero, MinimumNotional.allows(size, reference: entry.price, limit: limit) {
            if policy != .accumulate { entry.change(to: size, by: .lot) }
            return size
        }
        let clips = entry.clips.text.map { " (\($0))" } ?? ""
        // What a cap made too small is that cap's doing, and is not raised against it.
        let capped = entry.lastGate.map { $0.capOutcome == .accumulated ? .minimumNotional : $0.capOutcome }
        if policy == .raiseToMinimum, let raised = try raised(entry, instrument, limit) {
            entry.change(to: raised, by: .minimumNotional)
            return raised
        }
        if size.isZero {
            throw Refusal(
                outcome: capped ?? .roundedToZero, detail: "\(entry.size) is below the lot of \(instrument.sizeDecimals) decimals\(clips)",
                size: entry.size)
        }
        throw Refusal(
            outcome: capped ?? .minimumNotional,
            detail: "\(size) at \(entry.price) is worth less than \(MinimumNotional.planned)\(clips)", size: size)
    }

    /// The smallest order that is worth enough; `nil` when that is too much more.
    private static func raised(_ entry: ClippedEntry, _ instrument: Instrument, _ limit: Price) throws(Refusal) -> Size? {
        let cheapest = min(entry.price, limit)
        guard let least = try? max(MinimumNotional.planned / entry.price, MinimumNotional.exchange / cheapest) else { return nil }
        var raised = least.roundedAway(decimals: min(max(instrument.sizeDecimals, 0), 8))
        // The quotient was truncated: one lot more where it was exactly on a lot.
        if !MinimumNotional.allows(raised, reference: entry.price, limit: limit) { raised += instrument.lot }
        guard Int128(raised.e8) <= mostRaised * Int128(entry.size.e8) else { return nil }
        if let (gate, most) = entry.tightest, raised > most {
            throw Refusal(
                outcome: gate.capOutcome, detail: "raised to the minimum \(raised), \(gate.rawValue) leaves room for \(most)",
                size: raised)
        }
        return raised
    }
}

extension Instrument {
    /// The smallest step of a size.
    public var lot: Size { Size(e8: Power.ten(8 - min(max(sizeDecimals, 0), 8))) }
}
