import Foundation

/// A Postgres server of this fleet's own, reachable through a socket that only its owner may use; there is no TCP port.
///
/// Postgres refuses to run as root: then it runs as the user `postgres`, in a directory that user can reach.
struct PrivatePostgres: Sendable {
    let child: ChildProcess
    let socketDirectory: String

    var url: String { "postgresql:///vibe?host=\(socketDirectory)&user=vibe" }

    static let installHint = "install it with `make deps` (Debian: apt-get install postgresql)"

    static func start(in run: RunDirectory) async throws -> PrivatePostgres {
        let programs = try PostgresPrograms.find()
        let directory = try await dataDirectory(run, programs)
        let sockets = directory.utf8.count + 20 <= 107 ? directory : try run.socketDirectory(for: "postgres", longestName: 20)
        if sockets != directory { try programs.own(sockets) }
        let data = directory + "/data"
        if !FileManager.default.fileExists(atPath: data + "/PG_VERSION") {
            try await programs.run(
                "initdb",
                ["-D", data, "-U", "vibe", "-A", "trust", "-E", "UTF8", "--no-locale"], log: run.log(of: "initdb"))
        }
        try FileManager.default.writeFile(data + "/vibe.conf", configuration(sockets))
        try programs.own(data + "/vibe.conf")
        let command = programs.command("postgres", ["-D", data, "-c", "config_file=\(data)/vibe.conf"])
        let child = try ChildProcess.start(
            name: "postgres", executable: command.executable, arguments: command.arguments, environment: Command.environment,
            log: run.log(of: "postgres"))
        let postgres = PrivatePostgres(child: child, socketDirectory: sockets)
        do {
            try child.identity.write(to: run.identity(of: "postgres"))
            try await postgres.waitUntilReady(data)
            try await postgres.createDatabase(programs, log: run.log(of: "createdb"))
        } catch {
            await postgres.stop()
            throw error
        }
        return postgres
    }

    /// A fast shutdown: open transactions are rolled back, the rest is on disk. Returns when the process has gone.
    func stop() async {
        await child.identity.end(with: SIGINT, grace: .seconds(20))
        _ = child.poll()
    }

    private func waitUntilReady(_ data: String) async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < limit {
            if let exit = child.poll() {
                throw Failure(.unavailable, "postgres \(exit):\n\(child.tail())", nextStep: "see \(child.log)")
            }
            // The server says in its eighth line when it accepts connections.
            let lines = FileManager.default.contents(atPath: data + "/postmaster.pid")
                .map { String(decoding: $0, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) } ?? []
            if lines.count > 7, lines[7].hasPrefix("ready"), Int32(lines[0]) == child.pid { return }
            try await Task.sleep(for: .milliseconds(30))
        }
        throw Failure(.unavailable, "postgres is not ready after 60 s:\n\(child.tail())", nextStep: "see \(child.log)")
    }

    private func createDatabase(_ programs: PostgresPrograms, log: String) async throws {
        let connection = ["-h", socketDirectory, "-U", "vibe", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-X", "-q"]
        let statement = """
            SELECT 'CREATE DATABASE vibe' WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'vibe')\\gexec

            """
        let script = log + ".sql"
        try FileManager.default.writeFile(script, statement)
        try await programs.run("psql", connection, log: log, input: script)
        try? FileManager.default.removeItem(atPath: script)
    }

    /// `.run/postgres`, or a directory under /var/tmp that it links to when the server's user cannot reach the former.
    private static func dataDirectory(_ run: RunDirectory, _ programs: PostgresPrograms) async throws -> String {
        let inside = run.path("postgres")
        if let linked = try? FileManager.default.destinationOfSymbolicLink(atPath: inside) {
            try FileManager.default.makeDirectory(linked, mode: 0o700)
            try programs.own(linked)
            return linked
        }
        if await programs.canReach(run.path, log: run.log(of: "postgres")) {
            try FileManager.default.makeDirectory(inside, mode: 0o700)
            try programs.own(inside)
            return inside
        }
        let elsewhere = "/var/tmp/\(RunDirectory.elsewherePrefix)postgres-\(RandomKey.hexadecimal().prefix(16))"
        try FileManager.default.makeDirectory(elsewhere, mode: 0o700)
        try programs.own(elsewhere)
        try FileManager.default.createSymbolicLink(atPath: inside, withDestinationPath: elsewhere)
        return elsewhere
    }

    private static func configuration(_ sockets: String) -> String {
        """
        # Written at each start; the file that initdb made is read first.
        include 'postgresql.conf'
        listen_addresses = ''
        unix_socket_directories = '\(sockets.replacingOccurrences(of: "'", with: "''"))'
        unix_socket_permissions = 0700
        max_connections = 200
        shared_buffers = 128MB
        max_wal_size = 2GB
        fsync = on
        synchronous_commit = on
        full_page_writes = on
        jit = off
        log_min_messages = warning
        log_line_prefix = '%m [%p] '

        """
    }
}
