import Foundation

/// A short-lived program run to its end, such as initdb.
enum Command {
    /// - Throws: ``Failure`` with the last lines of its output when it ends with anything but 0.
    static func run(
        _ name: String, _ executable: String, _ arguments: [String], environment: [String: String] = Command.environment, log: String,
        input: String = "/dev/null", nextStep: String? = nil
    ) async throws(Failure) {
        let child = try ChildProcess.start(
            name: name, executable: executable, arguments: arguments, environment: environment, log: log, input: input)
        let exit = await child.ended()
        guard exit == .code(0) else {
            throw Failure(.unavailable, "\(name) \(exit):\n\(child.tail())", nextStep: nextStep ?? "see \(log)")
        }
    }

    /// What such programs need to know, and nothing of ours.
    static var environment: [String: String] {
        ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "TMPDIR", "TZ"].contains($0.key) }
            .merging(["LC_ALL": "C"]) { _, ours in ours }
    }

    /// The absolute path of a program: in one of `directories`, else along PATH.
    static func find(_ program: String, besides directories: [String] = []) -> String? {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
        return (directories + path + ["/usr/sbin", "/sbin"]).map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
