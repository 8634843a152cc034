import Foundation

/// Clocks that are wrong, by a library that is loaded before the system's.
extension ChaosSite {
    private static let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

    /// - Parameter clock: what tells the library the time.
    private func falsified(_ clock: [String: String]) throws(Failure) -> [String: String] {
        guard FileManager.default.fileExists(atPath: Self.library) else {
            throw Failure(.unavailable, "libfaketime is not installed", nextStep: "install it with `make deps` (Debian: apt-get install libfaketime)")
        }
        return ["LD_PRELOAD": Self.library, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"].merging(clock) { _, clock in clock }
    }

    func shiftWorkerClock(_ generator: inout SeededGenerator) async throws -> String {
        let seconds = Int.random(in: 30...600, using: &generator) * (Bool.random(using: &generator) ? 1 : -1)
        giveNext(.work, try falsified(["FAKETIME": "\(seconds > 0 ? "+" : "")\(seconds)"]))
        for member in await fleet.members(of: FleetRole.work.rawValue).prefix(1) { member.identity.send(SIGKILL) }
        try await hold(8_000...15_000, &generator)
        for member in await fleet.members(of: FleetRole.work.rawValue).suffix(1) { member.identity.send(SIGTERM) }
        return "\(seconds) s"
    }

    func stepRedisClock(_ generator: inout SeededGenerator) async throws -> String {
        let seconds = Int.random(in: 30...600, using: &generator)
        let file = run.path("redis/clock")
        try FileManager.default.writeFile(file, "+0\n")
        try await restartRedis(variables: try falsified(["FAKETIME_TIMESTAMP_FILE": file]))
        do {
            try await hold(500...1_500, &generator)
            try FileManager.default.writeFile(file, "+\(seconds)\n")
            try await hold(3_000...6_000, &generator)
            try FileManager.default.writeFile(file, "+0\n")
            try await hold(3_000...6_000, &generator)
        } catch {
            try? await restartRedis()
            throw error
        }
        try await restartRedis()
        return "\(seconds) s ahead, then back"
    }
}
