import ArgumentParser

struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Prove that nothing is lost and nothing done twice, whatever fails.",
        discussion: """
            A whole fleet of real processes, several of each role, with Redis, Postgres and the simulated exchange of its own. Leaders trade all
            the time, while one fault after the other, and now and then two at once, is injected: processes, servers and the exchange are
            killed, stopped and made to fail, links break, clocks are wrong. What ends is started again, as an orchestrator would. Then
            everything heals, the leaders close, and it is checked that every pair has one explained outcome, that no order was accepted
            twice, that accounts kept their order, that the audit trail is whole and that nobody is left with a position.

            The seed decides the load, the faults, their order and their targets; the moments are the machine's. It runs on this machine alone,
            and ends by itself. Exit code 1 when anything is wrong; then the directory with all logs and data stays.

            Examples:
              vibe chaos --seed 7 --minutes 10
              vibe chaos --only process --only redis.kill --minutes 2
              vibe chaos --list
            """)

    @OptionGroup var options: ChaosOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Name the faults and end.") var list = false
    @Option(help: "Where servers and logs are kept during the run.") var directory = ".run/chaos"
    @Flag(help: "Keep the directory after the run.") var keep = false

    func run() async throws {
        if list {
            var table = Table([.text("FAULT"), .text("WHAT", mayShrink: true)])
            for kind in options.kinds { table.add([Table.Cell(kind.rawValue), Table.Cell(kind.meaning)]) }
            return Terminal.say(table.rendered())
        }
        let options = options
        let report = try await PrivateRun.perform(in: directory, keep: keep, isClean: \.faultsFound.isEmpty) { run, supervision in
            try await Chaos(options: options, run: run, supervision: supervision).perform()
        }
        output.show(report.json) { report.text() }
        guard report.faultsFound.isEmpty else { throw Failure(.checkFailed, "") }
    }
}
