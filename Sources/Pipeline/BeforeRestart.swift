import CopyTrading

/// What may have been carried out before Redis was started anew, or rebuilt: what was acknowledged shortly before may be gone, and the same
/// signals lead to the same orders once more. The planner decides such a request as of its signal and under the settings that it matched, whatever
/// its age, the market or the kill switch, and by itself; the worker asks the exchange for its orders before it sends one, and looks at all of
/// that then.
enum BeforeRestart {
    /// The exchange's clock and Redis' may differ by so much.
    private static let clockDifference = Duration.seconds(5)
    /// A subscription that joined its leader shortly before may join once more, at a later time and under the same id.
    private static let joinsAgain = Duration.seconds(30)

    /// - Parameters:
    ///   - leaderFillTime: exchange time, milliseconds.
    ///   - mayJoin: it may stem from a subscription that joins.
    ///   - moment: of the restart, Redis time in milliseconds; 0: there was none.
    static func covers(_ leaderFillTime: Int64, mayJoin: Bool, since moment: Int64) -> Bool {
        moment > 0 && leaderFillTime < moment + (mayJoin ? joinsAgain : clockDifference).milliseconds
    }
}
