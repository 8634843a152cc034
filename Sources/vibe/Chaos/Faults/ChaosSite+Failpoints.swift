import Failpoints
import Foundation

/// Processes that end exactly between two effects.
extension ChaosSite {
    private static let reachLimit = Duration.seconds(20)

    /// One process of a role is replaced by one that is armed; then by one that is not.
    func killAtFailpoint(_ generator: inout SeededGenerator) async throws -> String {
        guard let point = Failpoint.allCases.randomElement(using: &generator) else { return "" }
        let role = FleetRole(rawValue: String(point.rawValue.prefix { $0 != "." })) ?? FleetRole.allCases.randomElement(using: &generator) ?? .work
        let action = Int.random(in: 0..<4, using: &generator) == 0 ? "stop" : "kill"
        let armed = "\(point.rawValue)=\(action)@\(Int.random(in: 1...12, using: &generator))"
        let known = Set(await fleet.members(of: role.rawValue).map(\.name))
        giveNext(role, ["VIBE_FAILPOINTS": armed, "VIBE_FAILPOINTS_SEED": "\(generator.next() >> 40)"])
        await fleet.members(of: role.rawValue).randomElement(using: &generator)?.identity.send(SIGKILL)
        let limit = ContinuousClock.now + Self.reachLimit
        var process: (name: String, identity: ProcessIdentity)?
        while ContinuousClock.now < limit {
            try await Task.sleep(for: .milliseconds(50))
            if process == nil { process = await fleet.members(of: role.rawValue).first { !known.contains($0.name) } }
            guard let process else { continue }
            if !process.identity.isAlive { return "\(process.name) at \(armed)" }
            if process.identity.isStopped {
                try await Task.sleep(for: longerThanLease)
                process.identity.send(SIGCONT)
                return "\(process.name) at \(armed), for \(Format.time(longerThanLease))"
            }
        }
        process?.identity.send(SIGTERM)
        return "\(armed) was not reached"
    }
}

extension ProcessIdentity {
    /// Whether a signal has stopped it.
    fileprivate var isStopped: Bool {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
        let text = String(decoding: data, as: UTF8.self)
        guard let close = text.lastIndex(of: ")") else { return false }
        return text[text.index(after: close)...].split(separator: " ").first == "T"
    }
}
