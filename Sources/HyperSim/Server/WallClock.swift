import NIOCore

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

/// How long acknowledgements are held back: a fixed part and an evenly spread one.
struct AcknowledgementDelay {
    private let fixed: Int64
    private let jitter: Int64
    private var state: UInt64

    init(_ configuration: HyperSimConfiguration) {
        fixed = Int64(configuration.latencyMilliseconds) * 1_000
        jitter = Int64(configuration.latencyJitterMilliseconds) * 1_000
        state = configuration.seed
    }

    /// `nil`: no delay is configured.
    mutating func next() -> TimeAmount? {
        guard fixed + jitter > 0 else { return nil }
        state &+= 0x9E37_79B9_7F4A_7C15
        let spread = jitter > 0 ? Int64(Mixer.finalised(state) % UInt64(jitter + 1)) : 0
        return .microseconds(fixed + spread)
    }
}
