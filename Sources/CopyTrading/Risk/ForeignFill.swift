/// A fill on a subscriber's account that no order of ours made.
public enum ForeignFill: Sendable, Equatable {
    /// The subscriber traded by hand.
    case manual
    case liquidation
    case autoDeleveraging

    /// - Parameters:
    ///   - cloid: of the fill's order.
    ///   - isOurs: whether the attempt journal or a result knows that cloid.
    ///   - dir: the exchange's description of the fill.
    /// - Returns: `nil` for our own fills.
    public static func classify(cloid: String?, isOurs: Bool, dir: String, isLiquidation: Bool) -> ForeignFill? {
        if isLiquidation || dir.hasPrefix("Liquidated") { return .liquidation }
        if dir == "Auto-Deleveraging" { return .autoDeleveraging }
        return cloid != nil && isOurs ? nil : .manual
    }
}

extension Sleeve {
    /// Takes a fill that was not ours into account: the sleeve is no longer the leader's alone. What the fill closes is given up; what
    /// it adds beyond zero is the subscriber's own and no part of the sleeve.
    /// - Returns: the sleeve, and the part of the fill that belongs to none.
    public func applying(foreign fill: ForeignFill, side: Side, size: Size, price: Price) -> (sleeve: Sleeve, rest: Size) {
        let closes = position.sign == -Int(side.sign)
        let part = closes ? min(size.magnitude, position.magnitude) : .zero
        var next = applying(side: side, size: part, price: price, lifecycle: lifecycle)
        next.residue = .zero
        if fill == .manual {
            next.isManual = true
            next.lifecycle = lifecycle
            if next.revision == revision { next.revision += 1 }
        }
        return (next, size.magnitude - part)
    }
}
