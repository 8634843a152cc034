/// What a verification found wrong, by kind: all are counted, the first of each are named.
struct Findings: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// Done more than once, or done without having been asked for.
        case duplicates
        /// Asked for and not done, or done otherwise than recorded.
        case missing
        /// Done in another order than asked for.
        case reordered
        /// Not, or not unaltered, in the audit trail.
        case auditGaps = "audit_gaps"
    }

    /// Most that are named of each kind.
    static let named = 20

    private(set) var counts: [Kind: Int] = [:]
    private(set) var texts: [Kind: [String]] = [:]

    var isEmpty: Bool { counts.isEmpty }

    func count(_ kind: Kind) -> Int { counts[kind] ?? 0 }

    /// - Parameter count: how many the text stands for.
    mutating func add(_ kind: Kind, _ text: @autoclosure () -> String, count: Int = 1) {
        guard count > 0 else { return }
        counts[kind, default: 0] += count
        if texts[kind, default: []].count < Self.named { texts[kind, default: []].append(text()) }
    }
}

extension Findings {
    mutating func merge(_ other: Findings) {
        for kind in Kind.allCases {
            let count = other.count(kind)
            guard count > 0 else { continue }
            counts[kind, default: 0] += count
            texts[kind, default: []] += other.texts[kind, default: []]
            texts[kind] = Array(texts[kind, default: []].prefix(Self.named))
        }
    }
}
