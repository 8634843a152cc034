import Histogram
import JSON

/// Distribution of one hop's times.
struct LatencySummary: Sendable {
    /// Ten minutes in microseconds: anything longer counts as this.
    static let longest: UInt64 = 600_000_000

    private var histogram = Histogram<UInt32>(
        lowestDiscernibleValue: 1, highestTrackableValue: LatencySummary.longest, numberOfSignificantValueDigits: .two)

    var count: UInt64 { histogram.totalCount }

    mutating func record(microseconds: Int64) {
        histogram.record(UInt64(clamping: max(1, microseconds)) > Self.longest ? Self.longest : UInt64(max(1, microseconds)))
    }

    /// Microseconds below which `percentile` of 100 lie; 0 while there is nothing.
    func microseconds(_ percentile: Double) -> Int64 {
        histogram.totalCount == 0 ? 0 : Int64(histogram.valueAtPercentile(percentile))
    }

    /// `p50 4.1 ms  p95 12 ms  p99 31 ms  (12,345)`.
    var text: String {
        guard count > 0 else { return "nothing yet" }
        let parts = [(50.0, "p50"), (95, "p95"), (99, "p99")].map { "\($1) \(Format.time(microseconds: microseconds($0)))" }
        return parts.joined(separator: "  ") + "  (\(Format.count(count)))"
    }
}
