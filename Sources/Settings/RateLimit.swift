/// How often something may happen: `count` times per `period`, and up to `burst` at once after a rest.
///
/// Text: `COUNT/PERIOD:BURST`, for example `2/1s:5`. Enforced by GCRA in whole microseconds of Redis time: a token becomes free
/// each ``interval``, and at most ``burst`` of them are saved up.
public struct RateLimit: Sendable, Hashable, CustomStringConvertible {
    public static let grammar = "COUNT/PERIOD:BURST such as 2/1s:5 (at most 1000000 a second, burst 1 to 1000000)"

    public let count: Int64
    /// Microseconds.
    public let period: Int64
    public let burst: Int64

    public enum Fault: Error, Sendable, Equatable, CustomStringConvertible {
        case malformed(String)
        /// More than one a microsecond: the interval would be zero.
        case tooFast
        /// A full burst would take more than 30 days to come back.
        case tooSlow

        public var description: String {
            switch self {
            case .malformed(let text): "\"\(text)\" is not \(RateLimit.grammar)"
            case .tooFast: "more than 1000000 a second"
            case .tooSlow: "a burst that takes more than 30 days to come back"
            }
        }
    }

    public init(parsing text: String) throws(Fault) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .malformed(text) }
        let rest = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard rest.count == 2, let count = Self.whole(parts[0]), let burst = Self.whole(rest[1]),
            burst <= 1_000_000, let period = Duration(parsing: rest[0]), period > .zero
        else { throw .malformed(text) }
        try self.init(count: count, period: period.microseconds, burst: burst)
    }

    /// - Parameters:
    ///   - count: 1…1,000,000,000
    ///   - period: microseconds, > 0
    ///   - burst: 1…1,000,000
    public init(count: Int64, period: Int64, burst: Int64) throws(Fault) {
        guard count > 0, period > 0, (1...1_000_000).contains(burst) else { throw .malformed("\(count)/\(period)us:\(burst)") }
        guard count <= period else { throw .tooFast }
        self.count = count
        self.period = period
        self.burst = burst
        let (tolerance, overflow) = interval.multipliedReportingOverflow(by: burst)
        guard !overflow, tolerance <= 30 * 86_400_000_000 else { throw .tooSlow }
    }

    /// Microseconds between two tokens, rounded up: the limit is never exceeded.
    public var interval: Int64 { (period + count - 1) / count }
    /// Microseconds until an empty bucket is full again.
    public var tolerance: Int64 { interval * burst }

    public var description: String { "\(count)/\(Duration.microseconds(period).text):\(burst)" }

    private static func whole(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.count <= 10, text.allSatisfy({ $0.isASCII && $0.isNumber }), let value = Int64(text), value > 0 else {
            return nil
        }
        return value
    }
}
