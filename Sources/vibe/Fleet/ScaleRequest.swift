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

    private static let answerLimit = Duration.seconds(60)
    /// An answer that something was not done begins with it.
    private static let failed = "not done: "

    /// Asks, and waits for the answer.
    /// - Throws: ``Failure`` when nobody answers, and then nobody will carry it out later; or with what could not be done.
    static func send(
        _ targets: [(role: FleetRole, count: Int)], to run: RunDirectory, within answerLimit: Duration = answerLimit
    ) async throws -> String {
        try? FileManager.default.removeItem(atPath: answer(run))
        let text = targets.map { "\($0.role.rawValue)=\($0.count)" }.joined(separator: " ")
        try FileManager.default.writeFile(request(run), text + "\n", mode: 0o600)
        let limit = ContinuousClock.now + answerLimit
        while ContinuousClock.now < limit {
            if let data = FileManager.default.contents(atPath: answer(run)) {
                try? FileManager.default.removeItem(atPath: answer(run))
                let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
                guard !text.hasPrefix(failed) else { throw Failure(.unavailable, text, nextStep: "see what `vibe up` printed") }
                return text
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        let problem =
            withdraw(in: run)
            ? "nobody took the request within \(answerLimit.text); nothing was changed" : "it is not done after \(answerLimit.text)"
        throw Failure(.unavailable, problem, nextStep: "see what `vibe up` printed, and ask again")
    }

    /// Takes a request back.
    /// - Returns: false when there is none, or its carrying out has begun.
    @discardableResult
    static func withdraw(in run: RunDirectory) -> Bool { unlink(request(run)) == 0 }

    /// Supervisor's side: carries out a request that waits, if there is one, and says what it did.
    static func serve(_ fleet: Fleet, in run: RunDirectory) async throws -> String? {
        guard let data = FileManager.default.contents(atPath: request(run)) else { return nil }
        guard withdraw(in: run) else { return nil }
        var done: [String] = []
        var isWhole = true
        for word in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace) {
            guard let (role, count) = parse(word) else {
                done.append("\(word) is not ROLE=COUNT")
                isWhole = false
                continue
            }
            let before = await fleet.count(role.rawValue)
            do {
                try await fleet.scale(role.rawValue, to: count)
                done.append("\(role.rawValue) \(before) → \(count)")
            } catch {
                done.append("\(role.rawValue): \(error)")
                isWhole = false
            }
        }
        let text = (isWhole ? "" : failed) + done.joined(separator: ", ")
        try FileManager.default.writeFile(answer(run), text + "\n", mode: 0o600)
        return text
    }
}
