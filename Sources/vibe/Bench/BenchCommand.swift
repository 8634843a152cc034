import ArgumentParser

/// Measurements on this machine.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a whole fleet (the default), or a part of it, on this machine.",
        discussion: """
            Each measurement says its method in its own help. What was lost or done twice is exit code 1 in all of them; a figure never is.
            """,
        subcommands: [
            FleetBenchCommand.self, IngestBenchCommand.self, MicroCommand.self, SweepCommand.self, FanoutCommand.self, IdleCommand.self,
            SuiteCommand.self,
        ], defaultSubcommand: FleetBenchCommand.self)
}

/// Where a measurement keeps its servers.
struct BenchDirectory: ParsableArguments, Sendable {
    @Option(help: "Where servers and logs are kept during the run.") var directory = ".run/bench"
    @Flag(help: "Keep the directory after the run.") var keep = false

    /// For one of several runs: what one that failed leaves is not cleared by the next.
    func inside(_ name: String) -> BenchDirectory {
        var place = self
        place.directory += "/" + name
        return place
    }

    /// Runs `work` with servers of its own, see ``PrivateRun``.
    func perform<Outcome: Sendable>(
        isClean: (Outcome) -> Bool, _ work: @escaping @Sendable (RunDirectory, Supervision) async throws -> Outcome
    ) async throws -> Outcome {
        try await PrivateRun.perform(in: directory, keep: keep, isClean: isClean, work)
    }
}
