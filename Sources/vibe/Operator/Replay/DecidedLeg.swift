import CopyTrading
import JSON

/// What was decided about one leg, member by member: a job, or the result that says why there is none.
struct DecidedLeg: Sendable, Equatable {
    enum Kind: String { case job, skip }

    /// Not what was decided, but on what and when.
    private static let aside: Set<String> = ["decision", "plannedUs"]

    /// In the record's order, those without a value left out.
    let members: [JSON.Member]

    init(_ kind: Kind, _ json: JSON) {
        var members = [JSON.Member("decided", .string(kind.rawValue))]
        if case .object(let given) = json { members += given.filter { $0.value != .null && !Self.aside.contains($0.name) } }
        self.members = members
    }

    /// As it is put on record.
    init(_ leg: PlannedLeg, of request: ExecutionRequest) {
        switch leg {
        case .job(let job): self.init(.job, job.json)
        case .skip(let leg): self.init(.skip, ExecutionResult(skipping: leg, of: request, at: 0).json)
        }
    }
}
