/// The kill switch, latched in several places. Of one scope the newest setting holds, of all scopes of a copy the strictest. No level
/// keeps an exit back.
public enum KillLevel: Int, Sendable, CaseIterable, Comparable {
    case none = 0
    case pauseEntries = 1
    /// As before, meant to last until everything is flat.
    case windDown = 2
    /// As before: mirrored limit orders are cancelled from level 1 on, and nothing else that opens rests.
    case cancelAll = 3
    /// Everything is closed at once, and nothing opened after.
    case flattenThenHalt = 4

    public static func < (a: KillLevel, b: KillLevel) -> Bool { a.rawValue < b.rawValue }

    /// The strictest.
    /// - Parameter latches: `nil` could not be read and counts as level 1. So does having none.
    public static func effective(_ latches: [KillLevel?]) -> KillLevel {
        latches.map { $0 ?? .pauseEntries }.max() ?? .pauseEntries
    }

    public var allowsEntries: Bool { self == .none }
    public var flattens: Bool { self == .flattenThenHalt }
}
