import ArgumentParser
import ConfigStore
import CopyTrading
import JSON
import Postgres
import Settings

struct KeysAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Store the agent's key of a subscriber that has none.",
        discussion: """
            For a subscriber that is yet to be configured, whose file then needs no key, or whose agent was revoked: that one can be signed for
            again within seconds. The file has the key as 64 hexadecimal digits and is readable by its owner alone; - is standard input. A key on
            the command line is not taken: other processes see it there.

            Examples:
              vibe keys add sub-007 --key-file keys/sub-007 --name vibe-2026
              pass show sub-007 | vibe keys add sub-007 --key-file -
            """)

    @Argument(help: "The subscriber.") var subscriber: String
    @Option(help: "The file with the key; - is standard input.") var keyFile: String
    @Option(help: "What to call the agent, best as at the exchange; the subscriber's id without.") var name: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let change = try await KeyChange.run { keeper, settings in
            try await keeper.add(try KeyChange.key(keyFile), for: SubscriberID(subscriber), name: name, sealingKeys: try SealingKeys(settings))
        }
        output.show(change.json) {
            change.state == .waiting
                ? "agent \(change.agent) is stored for \(subscriber), which is not configured yet: its file needs no key now"
                : "agent \(change.agent) signs for \(subscriber) from version \(change.version ?? 0) on; `vibe converge` closes what its leaders have closed meanwhile"
        }
    }
}

struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Destroy a subscriber's agent key. Nothing signs for it then, exits neither.",
        discussion: """
            Running workers stop signing within seconds. Positions stay open, and their stop-losses and take-profits rest on at the exchange, until
            `vibe keys add` gives the subscriber another agent or its owner closes them; to close them first, `vibe kill 4 --subscriber ID`. The
            address is kept, so that it never comes back. The exchange is not told: the owner deregisters the agent there.

            Examples:
              vibe keys revoke sub-007 --reason "laptop was stolen"
            """)

    @Argument(help: "The subscriber.") var subscriber: String
    @Option(help: "Why; kept with the address.") var reason = "by hand"
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let change = try await KeyChange.run { keeper, _ in try await keeper.revoke(SubscriberID(subscriber), reason: reason) }
        output.show(change.json) {
            """
            the key of agent \(change.agent) of \(subscriber) is destroyed
            nothing is signed for \(subscriber) any more: its positions stay open, and exits of its leaders end as FAIL_AGENT
            next: let its owner deregister the agent at the exchange, and approve another for `vibe keys add \(subscriber)`
            """
        }
    }
}

/// What the commands that change one agent have in common.
enum KeyChange {
    static func run(_ body: (AgentKeyKeeper, Settings) async throws -> AgentKeyKeeper.Change) async throws -> AgentKeyKeeper.Change {
        let context = try OperatorContext.load()
        let connection = context.postgres("keys")
        try await Migrator(connection).check()
        let change = try await body(AgentKeyKeeper(connection), context.settings)
        await connection.close()
        return change
    }

    static func key(_ file: String) throws -> AgentKey {
        do { return try AgentKey.read(file) } catch { throw Failure(.data, "\(error)", nextStep: "nothing was changed") }
    }
}

extension AgentKeyKeeper.Change {
    var json: JSON {
        [
            "subscriber": .string(subscriber.text), "agent": .string(agent), "state": .string(state.rawValue), "previous": .string(orNull: previous),
            "version": version.map { .integer($0) } ?? .null,
        ]
    }
}
