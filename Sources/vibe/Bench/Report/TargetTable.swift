import JSON

/// What was asked for, what was measured, and their ratio: the form in which a set of measurements is read.
struct TargetTable: Sendable {
    struct Row: Sendable {
        let what: String
        /// `nil`: nobody asked for one.
        var target: Double? = nil
        /// `nil`: it was not measured, see the note.
        var measured: Double?
        var unit: Unit
        var note = ""

        /// Measured to target.
        var ratio: Double? {
            guard let target, let measured, target > 0 else { return nil }
            return measured / target
        }
    }

    /// How a figure is written, and which way it is better.
    enum Unit: String, Sendable {
        case perSecond, atLeast, microseconds, costMicroseconds, bytes, count, percent

        /// More is better; else less is.
        var isMoreBetter: Bool { [.perSecond, .atLeast, .percent].contains(self) }

        func text(_ value: Double) -> String {
            switch self {
            case .perSecond: "\(Format.count(Int64(value.rounded())))/s"
            case .microseconds: Format.time(microseconds: Int64(value.rounded()))
            case .costMicroseconds: "\(Format.figure(value)) µs"
            case .bytes: Format.bytes(Int64(value.rounded()))
            case .percent: "\(Format.figure(value)) %"
            case .atLeast, .count: Format.figure(value)
            }
        }
    }

    private(set) var rows: [Row] = []

    mutating func add(_ row: Row) { rows.append(row) }
    mutating func add(_ more: [Row]) { rows += more }

    func text(for terminal: Terminal = .output) -> String {
        let hasNotes = rows.contains { !$0.note.isEmpty }
        var columns: [Table.Column] = [.text("WHAT", mayShrink: true), .figure("TARGET"), .figure("MEASURED"), .figure("RATIO")]
        if hasNotes { columns.append(.text("", mayShrink: true)) }
        var table = Table(columns)
        for row in rows {
            let sign = row.unit.isMoreBetter ? "≥ " : "≤ "
            let cells = [
                Table.Cell(row.what), Table.Cell(row.target.map { sign + row.unit.text($0) } ?? ""),
                Table.Cell(row.measured.map(row.unit.text) ?? "–"),
                Table.Cell(row.ratio.map(Format.ratio) ?? "", isMet(row).map { $0 ? .green : .yellow }),
            ]
            table.add(cells + (hasNotes ? [Table.Cell(row.note, .dim)] : []))
        }
        return table.rendered(for: terminal)
    }

    var json: JSON {
        .array(
            rows.map { row in
                [
                    "what": .string(row.what), "unit": .string(row.unit.rawValue), "target": Self.number(row.target), "measured": Self.number(row.measured),
                    "ratio": Self.number(row.ratio), "note": .string(row.note),
                ]
            })
    }

    private func isMet(_ row: Row) -> Bool? { row.ratio.map { row.unit.isMoreBetter ? $0 >= 1 : $0 <= 1 } }

    /// With at most four decimals, in plain digits.
    static func number(_ value: Double?) -> JSON {
        guard let value, value.isFinite, abs(value) < 1e14 else { return .null }
        let scaled = Int64((abs(value) * 10_000).rounded())
        var fraction = String(scaled % 10_000 + 10_000).dropFirst()
        while fraction.last == "0" { fraction = fraction.dropLast() }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return .number("\(sign)\(scaled / 10_000)" + (fraction.isEmpty ? "" : ".\(fraction)"))
    }
}
