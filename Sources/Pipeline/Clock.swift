import Glibc

/// Wall-clock time for stamps and expiry; intervals are measured with `ContinuousClock`.
public enum WallClock {
    /// Microseconds since 1970.
    public static var microseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// Milliseconds since 1970.
    public static var milliseconds: Int64 { microseconds / 1_000 }
}
