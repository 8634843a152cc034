import ArgumentParser

struct SoakOptions: ParsableArguments, Sendable {
    @Option(help: "How long leaders trade, minutes.") var minutes = 10
    @Option(help: "Decides the leaders' trades and the exchange's faults.") var seed: UInt64 = 1
    @Option(help: "Leaders; those beyond the users of one address are followed by public trades.") var leaders = 16
    @Option(help: "Messages with leaders' fills a second.") var rate = 40
    @Option(help: "Ingest processes.") var ingest = 2
    @Option(help: "The exchange cuts each socket after about so many seconds.") var disconnectSeconds = 5

    func validate() throws {
        guard (1...1_440).contains(minutes) else { throw ValidationError("--minutes is 1 to 1440") }
        guard (2...500).contains(leaders) else { throw ValidationError("--leaders is 2 to 500") }
        guard (1...500).contains(rate) else { throw ValidationError("--rate is 1 to 500") }
        guard (1...FleetRole.mostProcesses).contains(ingest) else { throw ValidationError("--ingest is 1 to \(FleetRole.mostProcesses)") }
        guard (1...3_600).contains(disconnectSeconds) else { throw ValidationError("--disconnect-seconds is 1 to 3600") }
    }
}
