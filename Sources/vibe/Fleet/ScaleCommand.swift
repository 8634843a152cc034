import ArgumentParser

struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Change how many processes of a role a running `vibe up` has.",
        discussion: """
            Partitions move to new processes, and away from ones that stop, without loss and in order.

            Examples:
              vibe scale work=4
              vibe scale match=2 plan=2
            """)

    @Argument(help: "ROLE=COUNT, with a role of ingest, match, plan, work, audit and a count of 0 to 64.") var targets: [String]

    func run() async throws {
        let parsed = try targets.map { text in
            guard let target = ScaleRequest.parse(text) else {
                throw ValidationError("\"\(text)\" is not ROLE=COUNT, with a role of ingest, match, plan, work, audit and a count of 0 to 64")
            }
            return target
        }
        let run = RunDirectory(try OperatorContext.environmentSettings().fleet.runDirectory)
        guard FleetLock.holder(of: run) != nil else {
            throw Failure(.unavailable, "no fleet runs in \(run.path)", nextStep: "start one with `vibe up`, or set VIBE_RUN_DIRECTORY")
        }
        Terminal.say(try await ScaleRequest.send(parsed, to: run))
    }
}
