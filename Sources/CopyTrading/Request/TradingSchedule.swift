/// When entries are allowed: UTC windows of the week. Without any, always. Exits are never scheduled.
public struct TradingSchedule: Sendable, Equatable {
    public static let always = TradingSchedule(windows: [])
    public static let mostWindows = 50

    public var windows: [Window]

    public init(windows: [Window]) { self.windows = windows }

    /// - Parameter time: milliseconds since 1970.
    public func allows(_ time: Int64) -> Bool { windows.isEmpty || windows.contains { $0.contains(time) } }

    /// From one minute of the day to another, on some weekdays: `mon-fri 08:00-20:00`. One that ends before it begins, or when it
    /// begins, goes on into the next day.
    public struct Window: Sendable, Equatable, CustomStringConvertible {
        /// On which it begins: 0 is Monday.
        public var days: Set<Int>
        /// Minutes since midnight, 0…1439, and 1…1440.
        public var from: Int
        public var to: Int

        public static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

        public init(days: Set<Int>, from: Int, to: Int) {
            self.days = days
            self.from = from
            self.to = to
        }

        func contains(_ time: Int64) -> Bool {
            let minutes = time.floored(by: 60_000)
            let minute = Int(minutes - minutes.floored(by: 1_440) * 1_440)
            // 1 January 1970 was a Thursday.
            let day = Int((minutes.floored(by: 1_440) + 3).remainder(by: 7))
            if from < to { return days.contains(day) && minute >= from && minute < to }
            return days.contains(day) && minute >= from || days.contains((day + 6) % 7) && minute < to
        }

        /// `nil` for text of another form.
        public init?(_ text: String) {
            let parts = text.split(separator: " ")
            guard (1...2).contains(parts.count), let hours = parts.last?.split(separator: "-"), hours.count == 2,
                let from = Self.minute(hours[0]), let to = Self.minute(hours[1]), from < 1_440, to > 0,
                let days = parts.count == 1 ? Set(0..<7) : Self.days(parts[0])
            else { return nil }
            self.init(days: days, from: from, to: to)
        }

        private static func minute(_ text: Substring) -> Int? {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]), let minute = Int(parts[1]),
                (0...24).contains(hour), (0..<60).contains(minute), hour * 60 + minute <= 1_440
            else { return nil }
            return hour * 60 + minute
        }

        /// `mon-fri`, `sat`, `mon,wed,fri`; a range may go over the weekend.
        private static func days(_ text: Substring) -> Set<Int>? {
            var days: Set<Int> = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { dayNames.firstIndex(of: String($0)) }
                guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else { return nil }
                for step in 0...((last - first + 7) % 7) { days.insert((first + step) % 7) }
            }
            return days
        }

        public var description: String {
            func clock(_ minute: Int) -> String {
                [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
            }
            let names = days.sorted().map { Self.dayNames[$0] }.joined(separator: ",")
            return (days.count == 7 ? "" : names + " ") + "\(clock(from))-\(clock(to))"
        }
    }
}

extension Int64 {
    /// Rounded toward the past, before 1970 too.
    func floored(by unit: Int64) -> Int64 { self >= 0 ? self / unit : (self - unit + 1) / unit }
    func remainder(by unit: Int64) -> Int64 { self - floored(by: unit) * unit }
}
