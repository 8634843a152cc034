import Foundation

/// A run in a directory of its own, with servers and processes that end with it, whatever ends it.
enum PrivateRun {
    /// - Parameters:
    ///   - directory: cleared first, and afterwards unless `keep` says otherwise or the run was not clean: then its logs are wanted.
    ///   - isClean: whether the outcome leaves nothing to look into.
    /// - Throws: ``Failure`` when another run uses the directory, when it holds what no such run left, or on Ctrl-C; what `work` throws.
    static func perform<Outcome: Sendable>(
        in directory: String, keep: Bool, isClean: (Outcome) -> Bool, _ work: @escaping @Sendable (RunDirectory, Supervision) async throws -> Outcome
    ) async throws -> Outcome {
        let run = RunDirectory(directory)
        guard run.mayBeCleared else {
            throw Failure(.usage, "\(run.path) holds what no run of this kind left, and would be cleared", nextStep: "choose another --directory")
        }
        try run.create()
        try FileManager.default.writeFile(run.privateMark, "", mode: 0o600)
        let lock: FleetLock
        do { lock = try FleetLock(run) } catch { throw Failure(error.kind, error.problem, nextStep: "stop it, or choose another --directory") }
        defer { withExtendedLifetime(lock) {} }
        let supervision = Supervision()
        let outcome: Outcome
        do {
            outcome = try await Interruption.guarded {
                for name in await Leftovers.end(in: run) { Terminal.complain("ended \(name), left by an earlier run") }
                try run.clear()
                try run.create()
                return try await work(run, supervision)
            } cleanUp: {
                await supervision.stop()
            }
        } catch let failure as Failure where failure.kind == .interrupted {
            if !keep { try clear(run) }
            throw failure
        }
        if !keep, isClean(outcome) { try clear(run) }
        return outcome
    }

    /// The directory itself goes only when it holds nothing that someone else put there.
    private static func clear(_ run: RunDirectory) throws(Failure) {
        try run.clear()
        for path in [run.path("fleet.lock"), run.privateMark, run.path] { _ = remove(path) }
    }
}
