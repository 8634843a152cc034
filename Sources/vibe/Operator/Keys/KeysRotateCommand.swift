import ArgumentParser
import ConfigStore
import CopyTrading
import Foundation
import JSON
import Postgres

struct KeysRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Put another agent in a subscriber's place, or every key under another sealing key.",
        discussion: """
            With a subscriber: the new agent, which the account's owner has approved beside the old one, signs whatever is sent from now on. The
            old key is kept while an order that it signed may have to be settled, and destroyed by the worker after that; `vibe keys list` shows it
            as retiring until then. Deregister the old agent at the exchange when it is gone from there.

            With --sealing: first put a new key in VIBE_SEALING_KEY_FILE and the file of the old one in VIBE_SEALING_KEYS_OLD_FILES, and restart the
            workers, which then read both. This command brings all stored keys under the new one, some at a time, and may be interrupted and run
            again. It ends with 1 when a key could not be opened.

            Examples:
              vibe keys rotate sub-007 --key-file keys/sub-007-new --name vibe-2027
              vibe keys rotate --sealing
            """)

    @Argument(help: "The subscriber.") var subscriber: String?
    @Option(help: "The file with the new key; - is standard input.") var keyFile: String?
    @Option(help: "What to call the agent, best as at the exchange; the subscriber's id without.") var name: String?
    @Flag(help: "Bring every stored key under the sealing key of VIBE_SEALING_KEY_FILE.") var sealing = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        switch (subscriber, keyFile, sealing) {
        case (let subscriber?, let keyFile?, false): try await rotate(subscriber, keyFile)
        case (nil, nil, true): try await rotateSealing()
        default: throw Failure(.usage, "either a subscriber with --key-file, or --sealing alone", nextStep: "vibe keys rotate --help")
        }
    }

    private func rotate(_ subscriber: String, _ keyFile: String) async throws {
        let change = try await KeyChange.run { keeper, settings in
            try await keeper.rotate(try KeyChange.key(keyFile), for: SubscriberID(subscriber), name: name, sealingKeys: try SealingKeys(settings))
        }
        output.show(change.json) {
            """
            agent \(change.agent) signs for \(subscriber) from version \(change.version ?? 0) on
            agent \(change.previous ?? "?") is retiring: its key is destroyed when nothing that it signed can be open
            """
        }
    }

    private func rotateSealing() async throws {
        let context = try OperatorContext.load()
        let keys = try SealingKeys(context.settings)
        let connection = context.postgres("keys")
        try await Migrator(connection).check()
        var display = ProgressDisplay(terminal: Terminal(descriptor: STDERR_FILENO), descriptor: STDERR_FILENO)
        let report = try await SealingRotation(connection, sealingKeys: keys).run { done, total in
            display.show(SealingProgress(done: done, total: total), isLast: done >= total)
        }
        await connection.close()
        let unused = keys.old.map(\.id).filter { report.inUse[$0] == nil }
        output.show(report.json(current: keys.current.id, unused: unused)) { report.text(current: keys.current.id, unused: unused) }
        guard report.failed.isEmpty else {
            throw Failure(
                .checkFailed, "\(report.failed.count) of the stored agent keys could not be opened and are as before",
                nextStep: "name their sealing key in VIBE_SEALING_KEYS_OLD_FILES, or `vibe keys rotate` them with a new key")
        }
    }
}

private struct SealingProgress: ProgressLook {
    let done: Int
    let total: Int
    var line: String { "\(Format.count(done)) of \(Format.count(total)) agent keys" }
    func rendered(for terminal: Terminal) -> String { line }
}

extension SealingRotation.Report {
    fileprivate func text(current: String, unused: [String]) -> String {
        var lines = ["\(Format.count(rewrapped)) agent keys were brought under sealing key \(current), \(Format.count(kept)) were before"]
        lines += failed.map { "not \($0.agent) of \($0.subscriber): \($0.problem)" }
        lines += inUse.filter { $0.key != current }.sorted { $0.key < $1.key }.map { "sealing key \($0.key) is still used by \(Format.count($0.value))" }
        lines += unused.map { "sealing key \($0) is used by nothing any more: take it out of VIBE_SEALING_KEYS_OLD_FILES, then destroy it and its copies" }
        return lines.joined(separator: "\n")
    }

    fileprivate func json(current: String, unused: [String]) -> JSON {
        [
            "sealingKey": .string(current), "rewrapped": .integer(rewrapped), "kept": .integer(kept),
            "failed": .array(
                failed.map { ["agent": .string($0.agent), "subscriber": .string($0.subscriber.text), "problem": .string($0.problem)] }),
            "inUse": .object(inUse.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer($0.value)) }),
            "unused": .array(unused.map(JSON.string)),
        ]
    }
}
