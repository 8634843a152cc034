/// The calendar day of a moment in UTC, as in `seen:2026-11-21`.
public enum Day {
    /// - Parameter milliseconds: since 1970.
    public static func of(_ milliseconds: Int64) -> String {
        // days → civil date, after the well-known era arithmetic of the proleptic Gregorian calendar
        let days = milliseconds / 86_400_000 + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return "\(year)-\(twoDigits(Int(civilMonth)))-\(twoDigits(Int(day)))"
    }
}
