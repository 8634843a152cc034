import ArgumentParser

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq",
        abstract: "The dead letters: entries that no process could work on, and what becomes of them.",
        discussion: """
            An entry is put aside when it cannot be read (malformed, oversized) or has brought its process down again and again (poison).
            It stays until it is decided: requeue sends it round again as a new entry behind what waits now, drop ends it with an outcome
            on record. What its leader has traded on since is not sent round again. Whatever gives up a position, or may, is an exit: the
            follower still holds what the leader has given up, until the drift loop closes it.

            Examples:
              vibe dlq list
              vibe dlq list --kind poison
              vibe dlq show 1700000000000-0
              vibe dlq requeue --kind malformed --yes
              vibe dlq drop 1700000000000-0 --reason "typed in by hand" --yes
            """,
        subcommands: [ListCommand.self, ShowCommand.self, RequeueCommand.self, DropCommand.self], defaultSubcommand: ListCommand.self)
}
