import ArgumentParser
import ConfigStore
import Foundation

struct ConfigReferenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference",
        abstract: "Print the page of all settings of a configuration file, as Markdown.",
        discussion: """
            Examples:
              vibe config reference
              vibe config reference --write env/subscriptions.md
            """)

    @Option(help: "Write the page to this file instead.") var write: String?

    func run() async throws {
        guard let write else { return Terminal.say(ConfigReference.markdown) }
        do { try ConfigReference.markdown.write(toFile: write, atomically: true, encoding: .utf8) } catch {
            throw Failure(.unavailable, "cannot write \(write): \(error.localizedDescription)")
        }
    }
}
