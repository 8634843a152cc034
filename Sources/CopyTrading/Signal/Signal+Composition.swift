extension Signal {
    /// The one move that `signals` make together, under the id of the last: its legs are those from the first start to the last end
    /// none when that is the same position. Its size is that of the move, which is what is copied; its price is the average of all
    /// that was traded on the way.
    /// - Parameter signals: in order.
    /// - Returns: `nil` when one is not of the same leader and coin, or does not begin where the one before ended, or when the numbers
    ///   leave their range.
    public static func composed(of signals: [Signal]) -> Signal? {
        guard let first = signals.first, var whole = signals.last, zip(signals, signals.dropFirst()).allSatisfy({ $1.continues($0) }),
            let price = averagePrice(of: signals)
        else { return nil }
        whole.start = first.start
        whole.legs = Leg.legs(from: whole.start, to: whole.end)
        whole.averagePrice = price
        whole.size = (whole.end - whole.start).magnitude
        whole.fillCount = signals.reduce(0) { $0 + $1.fillCount }
        whole.firstFill = first.firstFill
        whole.firstFillTime = first.firstFillTime
        whole.receivedAt = first.receivedAt
        whole.crossed = signals.contains(where: \.crossed)
        // What was taken from the leader is no entry to copy, whatever came after it.
        whole.cause = signals.last(where: \.endsEntries)?.cause ?? whole.cause
        whole.tier = signals.reduce(whole.tier) { max($0, $1.tier) }
        return whole
    }

    private func continues(_ earlier: Signal) -> Bool {
        join == nil && earlier.join == nil && network == earlier.network && influencer == earlier.influencer && coin == earlier.coin && start == earlier.end
    }

    private static func averagePrice(of signals: [Signal]) -> Price? {
        var (weight, size) = (Int128.zero, Int128.zero)
        for signal in signals {
            let (sum, overflow) = weight.addingReportingOverflow(Int128(signal.averagePrice.e8) * Int128(signal.size.e8))
            guard !overflow else { return nil }
            weight = sum
            size += Int128(signal.size.e8)
        }
        // An average of accepted prices lies between them, so it is in range.
        return size > 0 ? Price(e8: Int64(weight / size)) : nil
    }

    /// Whether the leader was flat on the way or at its end.
    var reachesZero: Bool { end.isZero || isFlip }
    var isFlip: Bool { start.sign * end.sign < 0 }
}
