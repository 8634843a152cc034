/// Durations as they are written in the environment: a whole number and a unit, `250ms`, `3s`, `5m`.
extension Duration {
    /// Whole microseconds, rounded toward zero.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    private static let units: [(suffix: String, microseconds: Int64)] = [
        ("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
    ]

    /// `nil` when `text` is not a whole number followed by us, ms, s, m, h or d, or is beyond 10,000 days.
    public init?(parsing text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = String(text.dropFirst(digits.count))
        guard let count = Int64(digits), let unit = Self.units.first(where: { $0.suffix == suffix }) else { return nil }
        let (value, overflow) = count.multipliedReportingOverflow(by: unit.microseconds)
        guard !overflow, value <= 10_000 * 86_400_000_000 else { return nil }
        self = .microseconds(value)
    }

    /// The shortest exact text that ``init(parsing:)`` reads back, for example `90s`, `2m`, `250ms`.
    public var text: String {
        let value = microseconds
        guard value != 0 else { return "0s" }
        let unit = Self.units.last { value % $0.microseconds == 0 } ?? Self.units[0]
        return "\(value / unit.microseconds)\(unit.suffix)"
    }
}
