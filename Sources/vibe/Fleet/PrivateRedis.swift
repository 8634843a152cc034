import Foundation
import Logging
import Redis

/// A Redis server of this fleet's own: AOF every second, nothing evicted, reachable through a socket that only its owner may use; there is no TCP
/// port.
///
/// Before it starts on existing data, `redis-check-aof --fix` cuts a torn tail back to the last whole transaction: Redis itself would
/// leave the first half of one in the file, and lose an entry at the restart after.
struct PrivateRedis: Sendable {
    let child: ChildProcess
    let directory: String
    let socket: String

    /// `unix:///…/redis.sock`.
    var url: String { "unix://\(socket)" }

    static let installHint = "install it with `make deps` (Debian: apt-get install redis-server)"

    /// - Parameter variables: added to the server's environment.
    static func start(in run: RunDirectory, variables: [String: String] = [:], logger: Logger) async throws -> PrivateRedis {
        let directory = run.path("redis")
        try FileManager.default.makeDirectory(directory, mode: 0o700)
        guard let server = Command.find("redis-server"), let checker = Command.find("redis-check-aof") else {
            throw Failure(.unavailable, "redis-server and redis-check-aof are not installed", nextStep: installHint)
        }
        try await repair(directory, checker: checker, log: run.log(of: "redis-check-aof"))
        let socket = try run.socketDirectory(for: "redis", longestName: 10) + "/redis.sock"
        let configuration = directory + "/redis.conf"
        try FileManager.default.writeFile(configuration, text(directory: directory, socket: socket), mode: 0o600)
        let child = try ChildProcess.start(
            name: "redis", executable: server, arguments: [configuration],
            environment: Command.environment.merging(variables) { _, ours in ours }, log: run.log(of: "redis"))
        let redis = PrivateRedis(child: child, directory: directory, socket: socket)
        do {
            try child.identity.write(to: run.identity(of: "redis"))
            try await redis.waitUntilReady(logger: logger)
        } catch {
            await redis.stop()
            throw error
        }
        return redis
    }

    /// Saves what is left to save and ends; returns when the process has gone.
    func stop() async {
        guard child.identity.isAlive else { return }
        var quiet = Logger(label: "vibe.redis")
        quiet.logLevel = .error
        if let endpoint = try? RedisEndpoint(parsing: url) {
            let connection = RedisConnection(endpoint: endpoint, timeout: .seconds(5), name: "stop", logger: quiet)
            // The answer to SHUTDOWN is the end of the connection.
            _ = try? await connection.send(RedisCommand("SHUTDOWN"))
            await connection.close()
        }
        await child.identity.end(grace: .seconds(20))
        _ = child.poll()
    }

    private static func repair(_ directory: String, checker: String, log: String) async throws(Failure) {
        let manifest = directory + "/appendonlydir/appendonly.aof.manifest"
        guard FileManager.default.fileExists(atPath: manifest) else { return }
        // It asks before it cuts.
        let answer = directory + "/answer"
        try FileManager.default.writeFile(answer, "y\n")
        try await Command.run(
            "redis-check-aof", checker, ["--fix", manifest], log: log, input: answer,
            nextStep: "see \(log); `vibe demo` without --resume starts from nothing")
        try? FileManager.default.removeItem(atPath: answer)
    }

    private func waitUntilReady(logger: Logger) async throws {
        var quiet = logger
        quiet.logLevel = .error
        let connection = RedisConnection(
            endpoint: try RedisEndpoint(parsing: url), timeout: .seconds(2), name: "start", logger: quiet)
        let limit = ContinuousClock.now + .seconds(60)
        var obstacle = ""
        while ContinuousClock.now < limit {
            if let exit = child.poll() {
                throw Failure(.unavailable, "redis-server \(exit):\n\(child.tail())", nextStep: "see \(child.log)")
            }
            do {
                let replies = try await connection.send([RedisCommand("PING"), RedisCommand("INFO", "persistence")])
                if replies[0].text == "PONG", replies[1].text?.contains("loading:0") == true {
                    await connection.close()
                    return
                }
                obstacle = replies[0].error ?? "still loading"
            } catch { obstacle = "\(error)" }
            try await Task.sleep(for: .milliseconds(30))
        }
        throw Failure(.unavailable, "redis-server is not ready after 60 s (\(obstacle)):\n\(child.tail())", nextStep: "see \(child.log)")
    }

    private static func text(directory: String, socket: String) -> String {
        """
        # Written at each start.
        port 0
        unixsocket "\(socket)"
        unixsocketperm 700
        dir "\(directory)"
        daemonize no
        appendonly yes
        appendfsync everysec
        aof-use-rdb-preamble yes
        # Every delivery adds to the AOF: rewriting a small data set again and again would cost more than its size.
        auto-aof-rewrite-min-size 1gb
        save ""
        maxmemory \(memory / 2)
        maxmemory-policy noeviction
        proc-title-template "{title} {config-file}"

        """
    }

    private static var memory: UInt64 { ProcessInfo.processInfo.physicalMemory }
}
