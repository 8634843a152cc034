import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Leaders, subscribers and subscriptions: what is in force, and what shall be.",
        discussion: """
            Examples:
              vibe config apply subscribers.yaml --dry-run
              vibe config apply subscribers.yaml
              vibe config show --subscriber sub-007
              vibe config reference
            """,
        subcommands: [ConfigApplyCommand.self, ConfigShowCommand.self, ConfigReferenceCommand.self])
}
