import Foundation

/// Clocks that are wrong, by a library that is loaded before the system's.
extension ChaosSite {
    /// What a process is started with, so that its clock is as far ahead as the file says; it can be changed while the process runs.
    private func falsified(_ file: String) throws(Failure) -> [String: String] {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let library = URL(fileURLWithPath: program).deletingLastPathComponent().path + "/libFalseClock.so"
        guard FileManager.default.fileExists(atPath: library) else {
            throw Failure(.unavailable, "\(library) is not built", nextStep: "`make chaos`, or `swift build --product FalseClock`")
        }
        return ["LD_PRELOAD": library, "FALSE_CLOCK": file]
    }

    /// Changed in place: who has it mapped sees it at once.
    private func setClock(_ file: String, secondsAhead: Int) throws {
        if !FileManager.default.fileExists(atPath: file) { FileManager.default.createFile(atPath: file, contents: Data(count: 8)) }
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
        try handle.write(contentsOf: withUnsafeBytes(of: Int64(secondsAhead)) { Data($0) })
        try handle.close()
    }

    func shiftWorkerClock(_ generator: inout SeededGenerator) async throws -> String {
        let seconds = Int.random(in: 30...600, using: &generator) * (Bool.random(using: &generator) ? 1 : -1)
        let file = run.path("redis/worker-clock")
        try setClock(file, secondsAhead: seconds)
        giveNext(.work, try falsified(file))
        let known = Set(await fleet.members(of: FleetRole.work.rawValue).map(\.name))
        for member in await fleet.members(of: FleetRole.work.rawValue).prefix(1) { member.identity.send(SIGKILL) }
        try await hold(8_000...15_000, &generator)
        for member in await fleet.members(of: FleetRole.work.rawValue) where !known.contains(member.name) { member.identity.send(SIGTERM) }
        return "\(seconds) s"
    }

    func stepRedisClock(_ generator: inout SeededGenerator) async throws -> String {
        let seconds = Int.random(in: 30...600, using: &generator)
        let file = run.path("redis/clock")
        try setClock(file, secondsAhead: 0)
        try await restartRedis(variables: try falsified(file))
        do {
            try await hold(500...1_500, &generator)
            try setClock(file, secondsAhead: seconds)
            try await hold(3_000...6_000, &generator)
            try setClock(file, secondsAhead: 0)
            try await hold(3_000...6_000, &generator)
        } catch {
            try? await restartRedis()
            throw error
        }
        try await restartRedis()
        return "\(seconds) s ahead, then back"
    }
}
