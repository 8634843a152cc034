import JSON

/// What the rounds of one micro-benchmark found, items a second.
struct MicroResult: Sendable {
    let name: MicroName
    let unit: String
    let reference: String
    var ours: [Double] = []
    var theirs: [Double] = []
    /// Why there are no figures.
    var missing: String?

    /// The median of the rounds' ratios: both sides of a round saw the same machine.
    var ratio: Double? { Statistics.median(zip(ours, theirs).filter { $1 > 0 }.map { $0 / $1 }) }
}

struct MicroReport: Sendable {
    let results: [MicroResult]

    func text(for terminal: Terminal = .output) -> String {
        var table = Table([
            .text("WHAT"), .figure("OURS/S"), .figure("REFERENCE/S"), .figure("RATIO"), .figure("SPREAD"), .text("REFERENCE", mayShrink: true),
        ])
        for result in results {
            let figures = [Statistics.median(result.ours), Statistics.median(result.theirs)].map { $0.map { Format.figure($0.rounded()) } ?? "–" }
            table.add([
                Table.Cell(result.name.rawValue, .bold), Table.Cell(figures[0]), Table.Cell(figures[1]),
                Table.Cell(result.ratio.map(Format.ratio) ?? "–", .cyan),
                Table.Cell(result.ours.isEmpty ? "" : "\(Statistics.spreadPercent(result.ours)) %"), Table.Cell(result.missing ?? result.reference),
            ])
        }
        let notes = results.compactMap { result in result.missing.map { terminal.styled("\(result.name.rawValue): \($0)", .yellow) } }
        return ([table.rendered(for: terminal)] + notes).joined(separator: "\n")
    }

    var json: JSON {
        .object(
            results.map { result in
                JSON.Member(
                    result.name.rawValue,
                    [
                        "unit": .string(result.unit), "reference": .string(result.reference),
                        "oursPerSecond": TargetTable.number(Statistics.median(result.ours)),
                        "referencePerSecond": TargetTable.number(Statistics.median(result.theirs)), "ratio": TargetTable.number(result.ratio),
                        "spreadPercent": .integer(Statistics.spreadPercent(result.ours)), "missing": .string(orNull: result.missing),
                    ])
            })
    }

    /// For the table of a whole set. Nobody asked for a ratio in figures, so there is no target.
    var rows: [TargetTable.Row] {
        results.map { result in
            let measured = Statistics.median(result.ours)
            let ratio = result.ratio.map { "\(Format.ratio($0)) of \(result.reference)" }
            return TargetTable.Row(
                what: "\(result.name.rawValue), \(result.unit)", measured: measured, unit: .perSecond, note: result.missing ?? ratio ?? "")
        }
    }
}
