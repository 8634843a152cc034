import ArgumentParser

/// The roles a fleet runs, in the data's order.
enum FleetRole: String, CaseIterable, Sendable {
    case ingest, match, plan, work, audit

    static let mostProcesses = 64
}

/// How many processes of each role.
struct FleetCounts: Sendable {
    private var counts: [FleetRole: Int] = [.ingest: 1, .match: 1, .plan: 1, .work: 2, .audit: 1]

    subscript(role: FleetRole) -> Int {
        get { counts[role] ?? 0 }
        set { counts[role] = newValue }
    }
}

/// The options that say so.
struct CountOptions: ParsableArguments, Sendable {
    @Option(help: "Processes that read the exchange's feeds.") var ingest = 1
    @Option(help: "Processes that match signals with subscriptions.") var match = 1
    @Option(help: "Processes that size and price.") var plan = 1
    @Option(help: "Processes that send orders.") var work = 2
    @Option(help: "Processes that write the audit trail.") var audit = 1

    var counts: FleetCounts {
        var counts = FleetCounts()
        counts[.ingest] = ingest
        counts[.match] = match
        counts[.plan] = plan
        counts[.work] = work
        counts[.audit] = audit
        return counts
    }

    func validate() throws {
        for role in FleetRole.allCases where !(0...FleetRole.mostProcesses).contains(counts[role]) {
            throw ValidationError("--\(role.rawValue) is 0 to \(FleetRole.mostProcesses)")
        }
    }
}
