import JSON

/// What a soak came to.
struct SoakReport: Sendable {
    var seed: UInt64
    var seconds: Int
    var fills: Int
    var signals: Int
    /// Signals by tier.
    var tiers: [Int: Int]
    /// How often each fault fired, by its name.
    var faults: [(name: String, count: Int64)]
    /// Times ingest said that something may be missing.
    var declaredGaps: Int
    /// Empty when every fill is in exactly one signal.
    var verdict: [String]

    var json: JSON {
        [
            "seed": .integer(seed), "seconds": .integer(seconds), "fills": .integer(fills), "signals": .integer(signals),
            "tiers": .object(tiers.sorted { $0.key < $1.key }.map { JSON.Member("\($0.key)", .integer($0.value)) }),
            "faults": .object(faults.map { JSON.Member($0.name, .integer($0.count)) }), "declaredGaps": .integer(declaredGaps),
            "verdict": .array(verdict.map(JSON.string)),
        ]
    }

    func text(for terminal: Terminal = .output) -> String {
        let byTier = tiers.sorted { $0.key < $1.key }.map { "tier \($0.key): \(Format.count($0.value))" }.joined(separator: ", ")
        let fired = faults.map { "\($0.name) \(Format.count($0.count))" }.joined(separator: ", ")
        var lines = [
            "\(Format.time(microseconds: Int64(seconds) * 1_000_000)), seed \(seed)",
            "fills made \(Format.count(fills)); signals \(Format.count(signals)) (\(byTier)); gaps declared \(declaredGaps)",
            "the exchange's faults: \(fired.isEmpty ? "none" : fired)",
        ]
        lines += verdict.isEmpty
            ? [terminal.styled("none lost, none twice, all in order", .green)] : verdict.map { terminal.styled("! \($0)", .red) }
        return lines.joined(separator: "\n")
    }
}
