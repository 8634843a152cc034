import Foundation

/// A process this one started: in a group of its own, so that Ctrl-C reaches the supervisor alone; with default signal handling;
/// output appended to a file; input empty; no descriptors inherited beyond these.
struct ChildProcess: Sendable {
    let name: String
    let identity: ProcessIdentity
    let log: String
    var pid: Int32 { identity.pid }

    /// - Parameters:
    ///   - executable: absolute path.
    ///   - environment: the whole of it.
    ///   - log: file that standard output and error are appended to.
    ///   - input: file for standard input; empty by default.
    static func start(
        name: String, executable: String, arguments: [String], environment: [String: String], log: String, input: String = "/dev/null"
    ) throws(Failure) -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        keepDescriptorsFromChildren()
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var pid: pid_t = 0
        let arguments = CStrings([executable] + arguments)
        let environment = CStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        let status = posix_spawn(&pid, executable, &actions, &attributes, arguments.pointers, environment.pointers)
        guard status == 0, let identity = ProcessIdentity(of: pid) ?? ProcessIdentity(ended: pid) else {
            throw Failure(.unavailable, "cannot start \(name) (\(executable)): \(String(cString: strerror(status)))")
        }
        return ChildProcess(name: name, identity: identity, log: log)
    }

    /// Libraries open sockets that a child would inherit and hold open. None is meant for a child, so all are marked.
    private static func keepDescriptorsFromChildren() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    enum Exit: Sendable, Equatable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "ended with code \(code)"
            case .signal(let number): "was ended by signal \(number) (\(String(cString: strsignal(number))))"
            }
        }
    }

    /// How it ended; `nil` while it runs. Once it said how, the process is forgotten by the kernel, so call it once more never.
    func poll() -> Exit? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        return status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    }

    /// Waits for the end, polling, so that no thread is blocked.
    func ended() async -> Exit {
        while true {
            if let exit = poll() { return exit }
            await Pause.uncancelled(.milliseconds(10))
        }
    }

    /// The last lines of the log, for a message about a process that failed.
    func tail(lines: Int = 8) -> String {
        guard let handle = FileHandle(forReadingAtPath: log) else { return "" }
        defer { try? handle.close() }
        let size = (try? handle.seekToEnd()) ?? 0
        try? handle.seek(toOffset: size > 8_192 ? size - 8_192 : 0)
        let text = String(decoding: (try? handle.readToEnd()) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").suffix(lines).map { "  " + $0 }.joined(separator: "\n")
    }
}

extension ProcessIdentity {
    /// A child that ended before it could be looked at: its id is ours until it is waited for.
    fileprivate init?(ended pid: Int32) {
        guard kill(pid, 0) == 0 else { return nil }
        self.pid = pid
        started = 0
    }
}

/// A null-terminated array of C strings that lives as long as this value.
private final class CStrings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

    deinit { for pointer in pointers { free(pointer) } }
}
