import JSON

/// The change between two builds that were measured alike.
struct BenchComparison: Sendable {
    struct Change: Sendable {
        let figure: BenchFigure
        let before: Double
        let after: Double

        /// After to before; `nil` when there was nothing before.
        var ratio: Double? { before > 0 ? after / before : nil }

        var verdict: Verdict {
            // from nothing to something, or to nothing, is beyond any threshold
            guard let ratio else { return after == before ? .same : (figure.kind.isMoreBetter ? .better : .worse) }
            let noise = Double(figure.kind.noise.rawValue) / 100
            // as far down as up: halved is as much as doubled
            guard ratio > 1 + noise || ratio < 1 / (1 + noise) else { return .same }
            return (ratio > 1) == figure.kind.isMoreBetter ? .better : .worse
        }
    }

    enum Verdict: String, Sendable { case better, worse, same }

    let changes: [Change]
    /// Figures that only one of the files has.
    let unpaired: [String]
    /// Of either run: its figures are of a fleet that lost something.
    let faults: [String]

    /// - Throws: ``Failure`` of kind `.usage` when the runs were asked for different things, `.data` for a figure that is no number.
    init(_ before: BenchResult, _ after: BenchResult) throws(Failure) {
        let old = Dictionary(before.options.map { ($0.name, $0.value) }) { first, _ in first }
        let new = Dictionary(after.options.map { ($0.name, $0.value) }) { first, _ in first }
        for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
            throw Failure(
                .usage, "the runs differ in \(name): \(old[name] ?? "absent") in \(before.path), \(new[name] ?? "absent") in \(after.path)",
                nextStep: "compare runs with the same options on the same machine")
        }
        let figures = try before.figures()
        let later = Dictionary(try after.figures().map { ($0.name, $0.value) }) { first, _ in first }
        changes = figures.compactMap { figure in later[figure.name].map { Change(figure: figure, before: figure.value, after: $0) } }
        unpaired = Set(figures.map(\.name)).symmetricDifference(later.keys).sorted()
        faults = before.faults.map { "\(before.path): \($0)" } + after.faults.map { "\(after.path): \($0)" }
    }

    func text(for terminal: Terminal = .output) -> String {
        var table = Table([.text("FIGURE", mayShrink: true), .figure("A"), .figure("B"), .figure("B / A"), .text("BETTER IS"), .text("")])
        for change in changes {
            let mark: Table.Cell =
                switch change.verdict {
                case .better: Table.Cell("better", .green)
                case .worse: Table.Cell("worse", .red)
                case .same: ""
                }
            table.add([
                Table.Cell(change.figure.name), Table.Cell(Format.figure(change.before)), Table.Cell(Format.figure(change.after)),
                Table.Cell(change.ratio.map(Format.ratio) ?? "–"), Table.Cell(change.figure.kind.isMoreBetter ? "more" : "less", .dim), mark,
            ])
        }
        var lines = [table.rendered(for: terminal), "", "marked: beyond what two runs of one build differ by (\(BenchFigure.Noise.summary))"]
        if !unpaired.isEmpty { lines.append("in one of the files only: " + unpaired.joined(separator: ", ")) }
        lines += faults.map { terminal.styled("! \($0)", .red) }
        return lines.joined(separator: "\n")
    }

    var json: JSON {
        [
            "changes": .array(
                changes.map { change in
                    [
                        "figure": .string(change.figure.name), "before": TargetTable.number(change.before), "after": TargetTable.number(change.after),
                        "ratio": TargetTable.number(change.ratio), "better": .string(change.figure.kind.isMoreBetter ? "more" : "less"),
                        "noisePercent": .integer(change.figure.kind.noise.rawValue), "verdict": .string(change.verdict.rawValue),
                    ]
                }),
            "unpaired": .array(unpaired.map(JSON.string)), "faults": .array(faults.map(JSON.string)),
        ]
    }
}
