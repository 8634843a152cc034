import Foundation
import Logging
import Redis
import Synchronization

/// A Redis server of the test process' own, on a Unix socket in a folder under the temporary directory, set up as the fleet demands
/// (append-only file, no eviction). It ends with the test process.
public final class PrivateRedis: Sendable {
    public enum Mode: String, Sendable, CaseIterable, CustomStringConvertible {
        case plain
        /// A cluster of one node that owns every slot: it refuses scripts whose keys span slots.
        case cluster

        public var description: String { rawValue }
    }

    private let folder: String
    private let mode: Mode
    private let settings: [String]
    private let supervisor = Mutex<Supervisor?>(nil)
    private let prefixes = Atomic<Int>(0)

    private static let plain = OnceTask<PrivateRedis>()
    private static let cluster = OnceTask<PrivateRedis>()

    /// What the fleet demands.
    public static let standard = ["--appendonly", "yes", "--maxmemory-policy", "noeviction"]

    /// The server that all tests of this process share.
    public static func shared(_ mode: Mode = .plain) async throws -> PrivateRedis {
        try await (mode == .plain ? plain : cluster).value { try await PrivateRedis(mode) }
    }

    /// Starts a server of its own, for a test that stops or spoils it.
    /// - Parameter settings: appended to the server's command line.
    public init(_ mode: Mode = .plain, settings: [String] = PrivateRedis.standard) async throws {
        self.mode = mode
        self.settings = settings
        folder = FileManager.default.temporaryDirectory.path + "/vibe-redis-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try start()
        guard mode == .cluster else { return }
        let connection = try connect("setup")
        _ = try await connection.send(RedisCommand("CLUSTER", "ADDSLOTSRANGE", "0", "16383")).checked()
        for _ in 0..<100 {
            if try await connection.send(RedisCommand("CLUSTER", "INFO")).text?.contains("cluster_state:ok") == true { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ServerFault("the one-node cluster does not become ready")
    }

    public var url: String { "unix://\(folder)/redis.sock" }

    /// A connection of its own.
    public func connect(_ name: String, timeout: Duration = .seconds(5)) throws -> RedisConnection {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return RedisConnection(endpoint: try RedisEndpoint(parsing: url), timeout: timeout, name: name, logger: logger)
    }

    /// A key prefix that no other test uses.
    public func prefix() -> String { "t\(prefixes.add(1, ordering: .relaxed).newValue)" }

    public func start() throws {
        guard !(try Shell.run("command -v redis-server || true")).isEmpty else {
            throw ServerFault("no Redis server is installed: apt-get install redis-server")
        }
        var words = [
            "redis-server", "--port", mode == .plain ? "0" : "\(try Self.freePort())", "--bind", "127.0.0.1", "--unixsocket", "\(folder)/redis.sock",
            "--dir", folder, "--save", "", "--logfile", "\(folder)/log",
        ]
        if mode == .cluster { words += ["--cluster-enabled", "yes"] }
        words += settings
        let script = """
            \(words.map(Shell.quoted).joined(separator: " ")) & server=$!
            if read -r word; then keep=yes; fi
            kill -KILL $server 2>/dev/null
            wait $server
            [ -n "$keep" ] || rm -rf '\(folder)'/*
            """
        try supervisor.withLock { $0 = try Supervisor(command: script, finally: "rmdir '\(folder)'") }
        try Shell.run("for i in $(seq 200); do redis-cli -s '\(folder)/redis.sock' ping 2>/dev/null | grep -qE 'PONG|NOAUTH' && exit 0; sleep 0.05; done; cat '\(folder)/log' >&2; exit 1")
    }

    /// Kills the server as a crash would. Its data stay for ``start()``.
    public func kill() {
        supervisor.withLock { supervisor in
            supervisor?.stop()
            supervisor = nil
        }
    }

    /// Cuts a torn end off the stopped server's append-only file, as must be done before every start.
    public func repair() throws {
        try Shell.run("for file in '\(folder)'/appendonlydir/*.manifest; do yes | redis-check-aof --fix \"$file\" || exit 1; done")
    }

    private static func freePort() throws -> Int {
        // the cluster bus takes the port + 10000
        guard let port = Int(try Shell.run("python3 -c \"import socket,random\nwhile True:\n p=random.randint(20000,50000)\n s=socket.socket()\n try:\n  s.bind(('127.0.0.1',p)); print(p); break\n except OSError: pass\" 2>/dev/null || echo $((20000 + $$ % 30000))")) else {
            throw ServerFault("no free port")
        }
        return port
    }
}
