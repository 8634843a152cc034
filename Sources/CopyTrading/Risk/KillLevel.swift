/// The kill switch. Latched in several places; the strictest latch holds.
public enum KillLevel: Int, Sendable, CaseIterable, Comparable {
    case none = 0
    case pauseEntries = 1
    /// Exits are mirrored until everything is flat.
    case windDown = 2
    case cancelAll = 3
    case flattenThenHalt = 4

    public static func < (a: KillLevel, b: KillLevel) -> Bool { a.rawValue < b.rawValue }

    /// - Parameter latches: as read from each place; `nil` could not be read and counts as level 1. So does having none.
    public static func effective(_ latches: [KillLevel?]) -> KillLevel {
        latches.map { $0 ?? .pauseEntries }.max() ?? .pauseEntries
    }

    public var allowsEntries: Bool { self == .none }
    public var cancelsOrders: Bool { self >= .cancelAll }
    public var flattens: Bool { self == .flattenThenHalt }
}
