import Foundation

import Settings

/// Figures and times as people read them.
enum Format {
    /// `1,234,567`.
    static func count(_ value: some BinaryInteger) -> String {
        var text = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + String(text.reversed())
    }

    /// An age or a wait: `0.8 ms`, `24 ms`, `3.2 s`, `5 m 20 s`, `2 h 5 m`.
    static func time(microseconds value: Int64) -> String {
        switch value {
        case ..<0: "-" + time(microseconds: -value)
        case 0: "0"
        case ..<10_000: "\(tenths(value, of: 1_000)) ms"
        case ..<1_000_000: "\(value / 1_000) ms"
        case ..<60_000_000: "\(tenths(value, of: 1_000_000)) s"
        case ..<3_600_000_000: "\(value / 60_000_000) m \(value / 1_000_000 % 60) s"
        default: "\(value / 3_600_000_000) h \(value / 60_000_000 % 60) m"
        }
    }

    static func time(_ duration: Duration) -> String { time(microseconds: duration.microseconds) }

    static func time(milliseconds value: Int64) -> String { time(microseconds: value * 1_000) }

    /// `2026-11-26T15:04:05Z`.
    static func instant(milliseconds value: Int64) -> String {
        Date(timeIntervalSince1970: TimeInterval(value / 1_000)).formatted(.iso8601)
    }

    /// Per second, from a difference in counts and the time it took.
    static func rate(_ difference: Int64, over time: Duration) -> String {
        let microseconds = max(1, time.microseconds)
        let perTenSeconds = difference * 10_000_000 / microseconds
        return perTenSeconds >= 1_000 ? count(perTenSeconds / 10) : "\(perTenSeconds / 10).\(perTenSeconds % 10)"
    }

    /// `12.3 MB`.
    static func bytes(_ value: Int64) -> String {
        switch value {
        case ..<1_000: "\(value) B"
        case ..<1_000_000: "\(tenths(value, of: 1_000)) KB"
        case ..<1_000_000_000: "\(tenths(value, of: 1_000_000)) MB"
        default: "\(tenths(value, of: 1_000_000_000)) GB"
        }
    }

    /// At most `width` characters: the middle of a long name says least.
    static func shortened(_ text: String, to width: Int) -> String {
        guard text.count > width else { return text }
        guard width > 2 else { return String(text.prefix(width)) }
        let tail = (width - 1) / 2
        return text.prefix(width - 1 - tail) + "…" + text.suffix(tail)
    }

    private static func tenths(_ value: Int64, of unit: Int64) -> String { "\(value / unit).\(value * 10 / unit % 10)" }
}
