import Settings

/// One rate-limit bucket now: what its limit allows and what is left of it.
///
/// Redis holds the theoretical arrival time (TAT) of the next token alone; the rest follows from the limit in effect.
struct BucketState: Sendable {
    let limit: RateLimit
    /// Tokens that may be taken at once now.
    let available: Int64
    /// Microseconds until one token may be taken; 0 when one may be taken now.
    let nextFreeIn: Int64

    /// - Parameters:
    ///   - arrival: the TAT in microseconds of Redis time; 0 when the bucket is full.
    ///   - now: Redis time, microseconds.
    init(limit: RateLimit, arrival: Int64, now: Int64) {
        self.limit = limit
        let booked = max(0, arrival - now)
        available = max(0, (limit.tolerance - booked) / limit.interval)
        nextFreeIn = max(0, booked + limit.interval - limit.tolerance)
    }

    var isUsed: Bool { available < limit.burst }
}
