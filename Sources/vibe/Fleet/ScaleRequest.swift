import Foundation

/// The way `vibe scale` talks to a running `vibe up`: it leaves `scale` in the run directory; the supervisor takes it and leaves
/// `scale.done` with one line that says what became of it.
enum ScaleRequest {
    private static func request(_ run: RunDirectory) -> String { run.path("scale") }
    private static func answer(_ run: RunDirectory) -> String { run.path("scale.done") }

    /// Reads `work=3`.
    static func parse(_ text: some StringProtocol) -> (role: FleetRole, count: Int)? {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let role = FleetRole(rawValue: String(parts[0])), let count = Int(parts[1]),
            (0...FleetRole.mostProcesses).contains(count)
        else { return nil }
        return (role, count)
    }

    /// Asks, and waits for the answer.
    static func send(_ targets: [(role: FleetRole, count: Int)], to run: RunDirectory) async throws -> String {
        try? FileManager.default.removeItem(atPath: answer(run))
        let text = targets.map { "\($0.role.rawValue)=\($0.count)" }.joined(separator: " ")
        try FileManager.default.writeFile(request(run), text + "\n", mode: 0o600)
        let limit = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < limit {
            if let data = FileManager.default.contents(atPath: answer(run)) {
                try? FileManager.default.removeItem(atPath: answer(run))
                return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure(.unavailable, "the fleet did not answer within a minute", nextStep: "see what `vibe up` printed")
    }

    /// Supervisor's side: carries out a request that waits, if there is one, and says what it did.
    static func serve(_ fleet: Fleet, in run: RunDirectory) async throws -> String? {
        guard let data = FileManager.default.contents(atPath: request(run)) else { return nil }
        try? FileManager.default.removeItem(atPath: request(run))
        var done: [String] = []
        for word in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace) {
            guard let (role, count) = parse(word) else {
                done.append("\(word) is not ROLE=COUNT")
                continue
            }
            let before = await fleet.count(role.rawValue)
            do {
                try await fleet.scale(role.rawValue, to: count)
                done.append("\(role.rawValue) \(before) → \(count)")
            } catch { done.append("\(role.rawValue): \(error)") }
        }
        let text = done.joined(separator: ", ")
        try FileManager.default.writeFile(answer(run), text + "\n", mode: 0o600)
        return text
    }
}
