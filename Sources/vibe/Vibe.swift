import ArgumentParser
import Cryptography
import Foundation
import Settings

/// The program: a subcommand per role of the fleet, and the operator's commands.
@main
struct Vibe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vibe",
        abstract: "Copies leaders' trades on Hyperliquid to their subscribers' accounts.",
        discussion: "Settings come from the environment: env/*.env documents every variable.",
        groupedSubcommands: [
            CommandGroup(name: "On one machine:", subcommands: [DemoCommand.self, BenchCommand.self, SoakCommand.self, ChaosCommand.self, UpCommand.self, ScaleCommand.self]),
            CommandGroup(
                name: "The fleet's roles:",
                subcommands: [
                    IngestCommand.self, MatchCommand.self, PlanCommand.self, WorkCommand.self, AuditCommand.self, SimCommand.self,
                ]),
            CommandGroup(
                name: "Looking and steering:",
                subcommands: [
                    StatusCommand.self, PendingCommand.self, DeadLettersCommand.self, LimitsCommand.self, ExplainCommand.self, VerifyCommand.self,
                    ReplayCommand.self, KillCommand.self, ConvergeCommand.self, RecoverCommand.self, ConfigCommand.self, KeysCommand.self, SimulateCommand.self, MigrateCommand.self, ProvisionCommand.self, ArchiveCommand.self,
                    SignCommand.self, SettingsCommand.self,
                ]),
        ])

    /// Ends with 0, with the code of a ``Failure``, with 78 for faulty settings, or with 64 for arguments that cannot be meant.
    static func main() async {
        // A closed pipe (`vibe status | head -1`) must be an error to handle, not a death without clean-up.
        signal(SIGPIPE, SIG_IGN)
        do {
            try CryptographyLibrary.stayUsableAtExit()
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            if let failure = Terminal.outputFailure { throw failure }
        } catch let failure as Failure {
            failure.complain()
            Foundation.exit(failure.kind.rawValue)
        } catch let faults as SettingsFaults {
            Terminal.complain("vibe: \(faults)")
            Foundation.exit(SettingsFaults.exitCode)
        } catch {
            guard let failure = ServiceFailure.of(error) else { exit(withError: error) }
            failure.complain()
            Foundation.exit(failure.kind.rawValue)
        }
    }
}
