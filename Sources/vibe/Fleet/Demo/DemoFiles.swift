import Foundation
import JSON

/// The files of a demo: configuration, agent keys and the exchange's accounts, made from a seed that stays in the run directory.
struct DemoFiles: Sendable {
    /// Recorded fills.
    let fills: String
    let accounts: String
    let configuration: String
    let leaderCount: Int
    /// For people.
    let summary: String

    /// Writes the files, or takes those of the last run when its state is kept.
    static func provide(in run: RunDirectory, fills: String, subscribers: Int) throws -> DemoFiles {
        let directory = run.path("demo")
        let seed = try seed(in: run)
        let names = try leaders(of: fills)
        let cast = try DemoCast(seed: seed, leaders: names, subscribers: subscribers)
        let files = DemoFiles(
            fills: fills, accounts: directory + "/accounts.json", configuration: directory + "/subscribers.yaml",
            leaderCount: names.count, summary: summary(cast))
        try FileManager.default.writeFile(files.accounts, accounts(cast).text() + "\n", mode: 0o600)
        try FileManager.default.writeFile(directory + "/agent-keys.yaml", keys(cast), mode: 0o600)
        try FileManager.default.writeFile(files.configuration, DemoYAML.text(cast, keys: "agent-keys.yaml"))
        return files
    }

    /// The directory's seed, made when it has none; before anything else is stored, so that a later demo may clear it.
    @discardableResult
    static func seed(in run: RunDirectory) throws(Failure) -> String {
        try FileManager.default.makeDirectory(run.path("demo"), mode: 0o700)
        if let data = FileManager.default.contents(atPath: run.demoSeed) {
            return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let seed = RandomKey.hexadecimal()
        try FileManager.default.writeFile(run.demoSeed, seed + "\n", mode: 0o600)
        return seed
    }

    /// The names of the recorded leaders, in the file's order.
    private static func leaders(of path: String) throws -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(.unavailable, "cannot read \(path)", nextStep: "VIBE_SIM_FILLS names a recording")
        }
        do {
            let names = try JSON.parse([UInt8](data)).list("leaders") { leader throws(JSONError) in try leader.string("leader") }
            guard !names.isEmpty else { throw JSONError(path: "leaders", problem: "there are none") }
            return names
        } catch { throw Failure(.data, "\(path): \(error)") }
    }

    private static func accounts(_ cast: DemoCast) -> JSON {
        [
            "accounts": .array(
                cast.people.map {
                    [
                        "account": .string($0.account), "agent": .string($0.agentAddress), "agentName": "vibe",
                        "balance": .string("\($0.archetype.balance)"),
                    ]
                })
        ]
    }

    private static func keys(_ cast: DemoCast) -> String {
        cast.people.map { "\($0.name): \"\($0.agentKey)\"\n" }.joined()
    }

    private static func summary(_ cast: DemoCast) -> String {
        let followers = cast.followersOfEach.values
        return "\(Format.count(cast.people.count)) subscribers of \(cast.archetypes.count) temperaments, "
            + "\(Format.count(followers.reduce(0, +))) subscriptions to \(cast.leaders.count) leaders, "
            + "\(followers.min() ?? 0) to \(followers.max() ?? 0) followers each"
    }
}

/// The configuration file of a demo, as `vibe config apply` reads it.
enum DemoYAML {
    static func text(_ cast: DemoCast, keys: String) -> String {
        var lines = ["# Made up by `vibe demo`. Who is among the subscribers:"]
        lines += cast.archetypes.map { "# \($0.name): \($0.reason)." }
        lines.append("influencers:")
        lines += cast.leaders.map { "  - {id: \($0.name), address: \"\($0.address)\"}" }
        lines.append("subscribers:")
        lines += cast.people.map { "  - {id: \($0.name), account: \"\($0.account)\", \($0.settings)} # \($0.archetype.name)" }
        lines.append("subscriptions:")
        lines += cast.people.flatMap { person in
            person.copies.map { "  - {subscriber: \(person.name), influencer: \($0.leader), \($0.settings)}" }
        }
        lines.append("coins: {\(DemoArchetype.closedCoin): exits_only}")
        lines.append("agent_keys: \(keys)")
        return lines.joined(separator: "\n") + "\n"
    }
}
