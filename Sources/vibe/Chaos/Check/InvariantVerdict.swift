/// What must hold of any run, whatever went wrong in it.
enum Invariant: Int, CaseIterable, Sendable {
    case oneOutcome = 1, oneOrder, laneOrder, fencing, auditTrail, rates, trimming, rest, recovery, health, exits

    var name: String {
        switch self {
        case .oneOutcome: "one outcome for each signal, subscription and leg"
        case .oneOrder: "one accepted order for each leg"
        case .laneOrder: "orders of a lane in the order of its jobs"
        case .fencing: "nothing by a fenced epoch"
        case .auditTrail: "everything on record, unaltered"
        case .rates: "no bucket overdrawn"
        case .trimming: "nothing trimmed that a group had not acknowledged"
        case .rest: "nothing left over at rest"
        case .recovery: "partitions go on in time"
        case .health: "health tells the truth"
        case .exits: "exits get out"
        }
    }

    /// What is counted as looked at.
    var unit: String {
        switch self {
        case .oneOutcome: "legs"
        case .oneOrder, .laneOrder, .fencing: "orders"
        case .auditTrail: "rows"
        case .rates: "submissions"
        case .trimming: "entries"
        case .rest: "groups"
        case .recovery: "hand-overs"
        case .health: "samples"
        case .exits: "positions"
        }
    }
}

/// Whether one invariant held: how much was looked at, and what was found wrong. All is counted, the first are named.
struct InvariantVerdict: Sendable {
    let invariant: Invariant
    /// Whether having looked at nothing is a failure: then the run proved nothing.
    let mustLook: Bool
    private(set) var looked = 0
    private(set) var count = 0
    private(set) var findings: [String] = []
    /// What was measured, and what the verdict leaves out.
    private(set) var notes: [String] = []

    init(_ invariant: Invariant, mustLook: Bool = true) {
        self.invariant = invariant
        self.mustLook = mustLook
    }

    var lookedAtNothing: Bool { looked == 0 && mustLook }
    var isUpheld: Bool { count == 0 && !lookedAtNothing }

    mutating func look(_ number: Int = 1) { looked += number }
    mutating func note(_ text: String) { notes.append(text) }

    /// - Parameter count: how many the text stands for.
    mutating func find(_ text: @autoclosure () -> String, count number: Int = 1) {
        guard number > 0 else { return }
        count += number
        if findings.count < Findings.named { findings.append(text()) }
    }

    /// What another verification found, of some kinds.
    mutating func take(_ other: Findings, _ kinds: Findings.Kind...) {
        for kind in kinds {
            count += other.count(kind)
            findings += other.texts[kind, default: []].prefix(max(0, Findings.named - findings.count))
        }
    }
}
