import ArgumentParser
import Foundation
import JSON
import Settings

struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Check the environment and show what it sets.",
        discussion: """
            Every fault is reported at once, with exit code 78. Values of secrets are never shown. --write renews the documentation
            under env/ from the table of variables.

            Examples:
              vibe settings
              vibe settings --write env
            """)

    @OptionGroup var output: OutputOptions
    @Option(help: "Write the documentation of all variables into this directory and do nothing else.") var write: String?

    func run() async throws {
        if let write {
            for area in Knob.Area.allCases { try FileManager.default.writeFile("\(write)/\(area.rawValue).env", Knob.file(of: area)) }
            return
        }
        let settings = try OperatorContext.environmentSettings()
        let given = ProcessInfo.processInfo.environment.filter { $0.key.hasPrefix("VIBE_") }
        let secrets = Set(Knob.all.filter { if case .secret = $0.kind { true } else { false } }.map(\.name))
        let shown = given.map { ($0.key, secrets.contains($0.key) ? "••••" : Redaction.shown($0.value) ?? "••••") }.sorted { $0.0 < $1.0 }
        output.show([
            "given": .object(shown.map { JSON.Member($0.0, .string($0.1)) }), "rates": .string(settings.settingsFingerprint),
            "failpoints": .array(settings.fleet.failpoints?.orders.map { .string($0.text) } ?? []),
        ]) {
            (shown.isEmpty ? ["all defaults"] : shown.map { "\($0.0)=\($0.1)" }).joined(separator: "\n")
                + (settings.fleet.failpoints.map { "\nFAILPOINTS ARE ARMED, which only tests do: \($0)" } ?? "")
                + "\nno faults; fingerprint of the rate table: \(settings.settingsFingerprint)"
        }
    }
}
