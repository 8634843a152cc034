import Foundation

/// A process beyond doubt: its id, and when it started, since ids are used again. Written to a file so that a later start can end
/// what a killed supervisor left behind, and nothing else.
struct ProcessIdentity: Sendable, Equatable {
    let pid: Int32
    /// Clock ticks since boot, field 22 of /proc/<pid>/stat.
    let started: UInt64

    /// The identity of a live process; `nil` when there is none of this id, or only its remains.
    init?(of pid: Int32) {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
        // The name in parentheses may hold anything, so fields are counted from the last closing one: state is the third.
        let text = String(decoding: data, as: UTF8.self)
        guard let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let started = UInt64(fields[19]) else { return nil }
        self.pid = pid
        self.started = started
    }

    init?(file: String) {
        guard let data = FileManager.default.contents(atPath: file) else { return nil }
        let words = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let pid = Int32(words[0]), let started = UInt64(words[1]), pid > 1 else { return nil }
        self.pid = pid
        self.started = started
    }

    func write(to file: String) throws(Failure) { try FileManager.default.writeFile(file, "\(pid) \(started)\n") }

    var isAlive: Bool { ProcessIdentity(of: pid) == self }

    /// The command line, with spaces between the arguments; empty when the process has gone.
    var commandLine: String {
        let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
        return String(decoding: data.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
    }

    func send(_ signal: Int32) {
        if isAlive { kill(pid, signal) }
    }

    /// Asks with `signal`, waits up to `grace`, then kills. Returns when the process has gone.
    func end(with signal: Int32 = SIGTERM, grace: Duration) async {
        send(signal)
        let limit = ContinuousClock.now + grace
        while isAlive, ContinuousClock.now < limit { await pause() }
        send(SIGKILL)
        while isAlive { await pause() }
    }

    /// Waits in a task of its own, since ending goes on after the work was cancelled.
    private func pause() async { await Pause.uncancelled(.milliseconds(20)) }
}

enum Pause {
    /// Sleeps even in a cancelled task: what stops a fleet runs after the cancellation that asked for it.
    static func uncancelled(_ duration: Duration) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(duration.components.seconds) * 1_000_000
                + Int(duration.components.attoseconds / 1_000_000_000_000))) { continuation.resume() }
        }
    }
}
