/// Figures from several figures. Of measurements, never of money.
enum Statistics {
    /// The middle one, or the mean of the two in the middle; `nil` of none.
    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// How far the rounds lie apart: (largest − smallest) / median, in percent.
    static func spreadPercent(_ values: [Double]) -> Int {
        guard let median = median(values), median > 0, let least = values.min(), let most = values.max() else { return 0 }
        return Int(((most - least) / median * 100).rounded())
    }

    /// Of the line with the least squares; `nil` with fewer than three points, or all at one x.
    static func slope(_ points: [(x: Double, y: Double)]) -> Double? {
        guard points.count >= 3 else { return nil }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        let square = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard square > 0 else { return nil }
        return points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / square
    }
}

extension Format {
    /// A ratio, `0.38`, `12.40`, or `1,240` where hundredths say nothing.
    static func ratio(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "–" }
        if abs(value) >= 1_000 { return count(Int64(value.rounded())) }
        let hundredths = Int64((abs(value) * 100).rounded())
        let fraction = hundredths % 100
        return (value < 0 && hundredths > 0 ? "-" : "") + "\(hundredths / 100)." + (fraction < 10 ? "0" : "") + "\(fraction)"
    }

    /// A rate or another figure, as exact as its size deserves: `1,234`, `41.2`, `0.85`.
    static func figure(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        if abs(value) >= 1_000 || value == value.rounded() { return count(Int64(value.rounded())) }
        return ratio(value)
    }
}
