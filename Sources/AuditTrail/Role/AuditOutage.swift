import Logging
import RedisStreams

/// A time in which Postgres took nothing, and what was made up for afterwards.
struct AuditOutage: Sendable {
    let awaySince: ContinuousClock.Instant
    /// When the first transaction went through again; `nil` before.
    var backAt: ContinuousClock.Instant?
    /// Entries since then.
    var written = 0

    /// For the log, at the moment when nothing is left of the backlog; `nil` while it is still away.
    func caughtUp(at now: ContinuousClock.Instant) -> Logger.Metadata? {
        guard let backAt else { return nil }
        let milliseconds = max(1, (now - backAt).milliseconds)
        return [
            "away": "\(Self.seconds(backAt - awaySince)) s", "caught_up_in": "\(Self.seconds(now - backAt)) s", "entries": "\(written)",
            "per_second": "\(Int64(written) * 1_000 / milliseconds)",
        ]
    }

    /// With one decimal.
    private static func seconds(_ duration: Duration) -> String {
        let tenths = duration.milliseconds / 100
        return "\(tenths / 10).\(tenths % 10)"
    }
}
