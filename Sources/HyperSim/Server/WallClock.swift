#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The exchange's time. It never goes back, so that fills stay in order when the host's clock is set.
struct WallClock {
    private var last: Int64 = 0

    /// Milliseconds since 1970.
    mutating func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        last = max(last, Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
        return last
    }
}
