/// Stop-loss and take-profit of a subscription's positions, kept at the exchange as reduce-only triggers.
public struct Protection: Sendable, Equatable {
    /// Distance from the sleeve's average entry, basis points; `nil` is none.
    public var stopLossBasisPoints: Int?
    public var takeProfitBasisPoints: Int?

    public init(stopLossBasisPoints: Int? = nil, takeProfitBasisPoints: Int? = nil) {
        self.stopLossBasisPoints = stopLossBasisPoints
        self.takeProfitBasisPoints = takeProfitBasisPoints
    }

    /// The triggers that a sleeve should have now; none when it is flat.
    public func triggers(for sleeve: Sleeve, instrument: Instrument) -> [RestingOrder] {
        let size = sleeve.position.magnitude.roundedDown(to: instrument)
        guard !size.isZero, let entry = sleeve.averageEntry else { return [] }
        let side: Side = sleeve.position > .zero ? .sell : .buy
        func trigger(_ kind: RestingOrder.Kind, _ basisPoints: Int?, away direction: Side) -> RestingOrder? {
            guard let basisPoints,
                let price = TickRounding.limit(
                    reference: entry, basisPoints: basisPoints, side: direction, purpose: .exit, sizeDecimals: instrument.sizeDecimals)
            else { return nil }
            return RestingOrder(kind: kind, side: side, size: size, price: price)
        }
        // A loss lies on the side the closing order sells toward.
        return [
            trigger(.stopLoss, stopLossBasisPoints, away: side), trigger(.takeProfit, takeProfitBasisPoints, away: side.opposite),
        ].compactMap { $0 }
    }

    /// What turns the triggers at the exchange into those that should be there: cancels first, then placements.
    public static func changes<ID: Hashable>(
        present: [(id: ID, trigger: RestingOrder)], wanted: [RestingOrder]
    ) -> (cancel: [ID], place: [RestingOrder]) {
        var missing = wanted
        var cancel: [ID] = []
        for (id, trigger) in present {
            if let index = missing.firstIndex(of: trigger) { missing.remove(at: index) } else { cancel.append(id) }
        }
        return (cancel, missing)
    }
}
