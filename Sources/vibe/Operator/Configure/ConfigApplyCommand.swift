import ArgumentParser
import ConfigStore
import JSON

struct ConfigApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Put a YAML file in force as the whole configuration.",
        discussion: """
            The file says everything: what it does not have is removed, and the agent keys of a subscriber that it does not have are destroyed;
            --dry-run names them. A subscriber for whom it gives no key keeps the stored one. Every fault is reported with its line and field,
            and then nothing is applied. Running processes take a new version up within seconds.
            An id stands for one leader, account or copy for good: who gets another address or account gets a new id.
            Needs VIBE_SEALING_KEY or VIBE_SEALING_KEY_FILE.

              influencers:
                - id: leader-1
                  address: "0x0000000000000000000000000000000000000001"
              subscribers:
                - id: sub-007
                  account: "0x0000000000000000000000000000000000000002"
                  agent_key_file: keys/sub-007      # or agent_key_env: NAME, or all of them in one file: agent_keys, below
              subscriptions:
                - subscriber: sub-007
                  influencer: leader-1
                  sizing: {mode: fixed_notional, notional: 100}
                  limits: {max_order_notional: 1000, max_position_notional: 5000, deny: [kPEPE]}
              agent_keys: keys.yaml                 # subscriber: key, a line each; mode 0600

            `vibe config reference` has every setting with its range and default.

            Examples:
              vibe config apply subscribers.yaml --dry-run
              vibe config apply subscribers.yaml
            """)

    @Argument(help: "The YAML file.") var file: String
    @Flag(help: "Say what would change, and change nothing.") var dryRun = false
    @Flag(help: "Seal all agent keys anew with the present sealing key; the file must have all of them.") var reseal = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let context = try OperatorContext.load()
        let change = try await ConfigurationChange.apply(file, context, isDryRun: dryRun, reseal: reseal)
        output.show(change.json) { change.text }
    }
}

extension ConfigChange {
    fileprivate static let mostShown = 20

    private var parts: [(name: String, difference: Difference)] {
        [("influencers", influencers), ("subscribers", subscribers), ("subscriptions", subscriptions), ("scopes", scopes)]
    }

    fileprivate var text: String {
        var lines = [
            isEmpty
                ? "no change; version \(version) is in force"
                : "\(summary)\n" + (isDryRun ? "would be version \(version); nothing was changed" : "version \(version) is in force")
        ]
        for (name, difference) in parts {
            let items = difference.added.map { "+ \($0)" } + difference.changed.map { "~ \($0)" } + difference.removed.map { "− \($0)" }
            guard !items.isEmpty else { continue }
            lines.append("\(name):")
            lines += items.prefix(Self.mostShown).map { "  \($0)" }
            if items.count > Self.mostShown { lines.append("  … \(Format.count(items.count - Self.mostShown)) more (--json has all)") }
        }
        if !destroyedKeys.isEmpty {
            let more = destroyedKeys.count - Self.mostShown
            let names = destroyedKeys.prefix(Self.mostShown).joined(separator: ", ") + (more > 0 ? " and \(Format.count(more)) more (--json has all)" : "")
            lines.append("the agent keys of \(names) \(isDryRun ? "would be" : "are") destroyed")
        }
        if isResealed { lines.append("all agent keys " + (isDryRun ? "would be sealed anew" : "are sealed with the present sealing key")) }
        if lostKeys > 0 {
            lines.append("\(Format.count(lostKeys)) waiting or retiring agent keys, whose sealing key is lost, \(isDryRun ? "would be" : "are") destroyed")
        }
        return lines.joined(separator: "\n")
    }

    fileprivate var json: JSON {
        func names(_ list: [String]) -> JSON { .array(list.map(JSON.string)) }
        let members = parts.map { name, difference in
            JSON.Member(
                name,
                [
                    "added": names(difference.added), "removed": names(difference.removed),
                    "changed": .array(
                        difference.changed.map { changed in
                            [
                                "id": .string(changed.id),
                                "fields": .array(
                                    changed.fields.map {
                                        ["name": .string($0.name), "before": .string(orNull: $0.before), "after": .string(orNull: $0.after)]
                                    }),
                            ]
                        }),
                ])
        }
        return .object(
            [
                JSON.Member("version", .integer(version)), JSON.Member("dryRun", .bool(isDryRun)), JSON.Member("changed", .bool(!isEmpty)),
                JSON.Member("resealed", .bool(isResealed)), JSON.Member("destroyedKeys", names(destroyedKeys)), JSON.Member("lostKeys", .integer(lostKeys)),
            ] + members)
    }
}
