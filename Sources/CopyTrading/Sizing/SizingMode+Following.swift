extension SizingMode {
    /// Whether the position's size follows the leader's: not when each order is worth the same (R-20 `per_order`).
    public var followsLeader: Bool {
        if case .fixedNotional(_, perOrder: true) = self { return false }
        return true
    }
}
