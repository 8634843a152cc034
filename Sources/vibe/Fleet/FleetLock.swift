import Foundation

/// The right to run a fleet in a directory. The kernel gives it back when the holder ends, however it ends.
final class FleetLock: Sendable {
    private let descriptor: Int32

    init(_ run: RunDirectory) throws(Failure) {
        let path = run.path("fleet.lock")
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(.unavailable, "cannot open \(path): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(of: run).map { "process \($0)" } ?? "another process"
            close(descriptor)
            throw Failure(
                .unavailable, "a fleet runs in \(run.path) already (\(holder))",
                nextStep: "stop it with Ctrl-C there or `kill \(Self.holder(of: run).map(String.init) ?? "<pid>")`, "
                    + "or give this one another VIBE_RUN_DIRECTORY")
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            throw Failure(.unavailable, "cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// The supervisor that holds the lock now; `nil` when none does.
    static func holder(of run: RunDirectory) -> Int32? {
        let descriptor = open(run.path("fleet.lock"), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return FileManager.default.contents(atPath: run.path("fleet.lock"))
            .flatMap { Int32(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
}
