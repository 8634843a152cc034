import Foundation
import Synchronization

public struct ServerFault: Error, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}

enum Shell {
    /// One process is started at a time: a server must not inherit the pipe of a script, whose reader would wait for the server's end.
    static let gate = Mutex<Void>(())

    /// Runs a script with `sh` to its end.
    /// - Returns: its standard output, trimmed.
    @discardableResult
    static func run(_ script: String) throws -> String { try gate.withLock { _ in try runAlone(script) } }

    private static func runAlone(_ script: String) throws -> String {
        let output = Pipe()
        let errors = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let problem = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ServerFault("`\(script)` failed (\(process.terminationStatus)): \(problem)") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs what blocks without holding up the other tests, which share as many threads as there are cores.
    static func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }

    static func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'" }
}

/// A shell that lives as long as this process (or until ``stop()``) and notices its end by the end of its standard input.
struct Supervisor {
    private let process: pid_t
    private let input: Int32

    /// - Parameters:
    ///   - command: reads its standard input to notice the end.
    ///   - last: run after it.
    init(command: String, finally last: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ServerFault("pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C ends the tests, and their end ends this.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        // A dispatch thread has signals blocked; inherited, the shell's `wait` would never hear of its child's end.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        let words: [String] = ["sh", "-c", "\(command)\n\(last) 2>/dev/null"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process = pid_t()
        let status = Shell.gate.withLock { _ in posix_spawn(&process, "/bin/sh", &actions, &attributes, &arguments, environ) }
        close(ends[0])
        guard status == 0 else {
            close(ends[1])
            throw ServerFault("sh: \(String(cString: strerror(status)))")
        }
        self.process = process
        input = ends[1]
    }

    /// Writes a line, which tells the command to end but keep its data, and waits for the end.
    func stop() {
        _ = write(input, "stop\n", 5)
        close(input)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
