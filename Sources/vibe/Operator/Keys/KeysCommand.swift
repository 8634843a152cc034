import ArgumentParser

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Agents' keys: who signs for whom and until when; add, rotate and revoke.",
        discussion: """
            An agent trades for an account and cannot withdraw. Each subscriber has one of its own, which its owner approves at the exchange, by
            name and for at most 180 days. Keys are sealed in Postgres and never shown; an address that was replaced or revoked never comes back.
            `vibe config apply` takes keys in as well, and leaves those alone that its file does not have.

            Examples:
              vibe keys list
              vibe keys add sub-007 --key-file keys/sub-007
              pass show sub-007 | vibe keys rotate sub-007 --key-file -
              vibe keys rotate --sealing                    after a new VIBE_SEALING_KEY_FILE
              vibe keys revoke sub-007 --reason "laptop was stolen"

            Ends with 0; 64 for a name that is not known, 65 for a key that cannot be taken, 69 without Postgres, 78 without the sealing key.
            """,
        subcommands: [KeysListCommand.self, KeysAddCommand.self, KeysRotateCommand.self, KeysRevokeCommand.self])
}
