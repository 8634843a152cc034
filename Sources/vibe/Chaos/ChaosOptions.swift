import ArgumentParser

struct ChaosOptions: ParsableArguments, Sendable {
    @Option(help: "Decides the load, the faults, their order and their targets.") var seed: UInt64 = 1
    @Option(help: "How long faults are injected, minutes, such as 10 or 0.5.") var minutes = 10.0
    @Option(help: "Messages with leaders' fills a second.") var rate = 6
    @Option(help: "Leaders.") var leaders = 10
    @Option(help: "Subscribers, each with an account of its own.") var subscribers = 40
    @Option(help: "Followers of one more leader, who trades only when that fault comes.") var crowd = 2_000
    @Option(help: "Durations fail above so many times their limits, for a machine that has other work.") var patience = 1
    @Option(help: "Only these faults, by name or by the part before the dot; see --list.") var only: [String] = []
    @Option(help: "All faults but these.") var without: [String] = []

    var duration: Duration { .milliseconds(Int64(minutes * 60_000)) }

    /// The faults that these options allow, in the order of the table.
    var kinds: [FaultKind] {
        FaultKind.allCases.filter { kind in
            (only.isEmpty || only.contains { kind.isCalled($0) }) && !without.contains { kind.isCalled($0) }
        }
    }

    func validate() throws {
        guard (0.1...1_440).contains(minutes) else { throw ValidationError("--minutes is 0.1 to 1440") }
        guard (1...200).contains(rate) else { throw ValidationError("--rate is 1 to 200") }
        guard (2...200).contains(leaders) else { throw ValidationError("--leaders is 2 to 200") }
        guard (1...2_000).contains(subscribers) else { throw ValidationError("--subscribers is 1 to 2000") }
        guard (0...10_000).contains(crowd) else { throw ValidationError("--crowd is 0 to 10000") }
        guard (1...100).contains(patience) else { throw ValidationError("--patience is 1 to 100") }
        for name in only + without where !FaultKind.allCases.contains(where: { $0.isCalled(name) }) {
            throw ValidationError("there is no fault \"\(name)\"; --list names them")
        }
        guard !kinds.isEmpty else { throw ValidationError("--only and --without leave no fault") }
    }
}
