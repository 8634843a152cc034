import Foundation

/// Ends what a killed supervisor left running in a directory, and nothing else: a process is ours when its id and start time are on
/// file and its command line is of the kind we start.
enum Leftovers {
    /// Ends roles first, servers last, and forgets them. Returns the names of what was still running.
    static func end(in run: RunDirectory) async -> [String] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: run.path("pids"))) ?? []).sorted()
        var found: [String] = []
        for name in names.filter({ !isServer($0) }) + names.filter(isServer) {
            if let identity = ProcessIdentity(file: run.identity(of: name)), identity.isAlive, isOurs(identity, name) {
                found.append(name)
                await identity.end(with: name == "postgres" ? SIGINT : SIGTERM, grace: .seconds(isServer(name) ? 20 : 5))
            }
            try? FileManager.default.removeItem(atPath: run.identity(of: name))
        }
        return found
    }

    private static func isServer(_ name: String) -> Bool { name == "redis" || name == "postgres" }

    private static func isOurs(_ identity: ProcessIdentity, _ name: String) -> Bool {
        let command = identity.commandLine
        return switch name {
        case "redis": command.contains("redis-server")
        case "postgres": command.contains("postgres")
        default: command.contains("vibe")
        }
    }
}
