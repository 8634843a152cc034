import Foundation
import Logging
import Postgres
import Synchronization

/// A Postgres server of the test process' own: in a folder under the temporary directory, reachable by a Unix socket only.
///
/// A small shell process stands between: it ends the server and removes the folder once the test process is gone, however that
/// happened, because its standard input then ends. A missing or failing installation throws; tests never skip.
public final class PrivatePostgres: Sendable {
    private let folder: String
    /// Of the socket, and with TLS on loopback.
    public let port: Int
    private let isEncrypted: Bool
    /// Process id of the shell and the write end of its standard input; `nil` while stopped.
    private let supervisor = Mutex<Supervisor?>(nil)
    private let created = Atomic<Int>(0)
    private let template = OnceTask<String>()

    private static let started = OnceTask<PrivatePostgres>()

    /// The server that all tests of this process share.
    public static func shared() async throws -> PrivatePostgres {
        try await started.value { try await Shell.onOwnThread { try PrivatePostgres() } }
    }

    /// Starts a server of its own, for a test that stops it; others use ``shared()``.
    /// - Parameter certificate: with one it listens on loopback too, with TLS, and takes no connection without it there.
    public init(certificate: TestAuthority.Issued? = nil) throws {
        port = try certificate == nil ? 5432 : TestPort.find()
        isEncrypted = certificate != nil
        folder = FileManager.default.temporaryDirectory.path + "/vibe-postgres-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // The server refuses to run as root, so there it runs as the user its package made.
        if getuid() == 0 {
            try Shell.run("chown postgres: '\(folder)'")
        }
        let options = "--username=test --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync"
        try Shell.run(Self.asServer("'\(try Self.binaries())/initdb' --pgdata='\(folder)/data' \(options)"))
        if let certificate { try encrypt(certificate) }
        try start()
    }

    /// The server takes a key only from a file of its own user's that nobody else may read.
    private func encrypt(_ certificate: TestAuthority.Issued) throws {
        let owner = getuid() == 0 ? "--owner=postgres" : ""
        try Shell.run(
            """
            set -e
            install \(owner) --mode=0600 '\(certificate.certificate)' '\(folder)/data/server.crt'
            install \(owner) --mode=0600 '\(certificate.key)' '\(folder)/data/server.key'
            printf 'local all all trust\nhostssl all all 127.0.0.1/32 trust\n' > '\(folder)/data/pg_hba.conf'
            """)
    }

    /// The URL of a database of this server.
    public func url(database: String) -> String { "postgresql://test@/\(database)?host=\(folder)&port=\(port)" }

    /// The URL of a database through loopback, with TLS.
    /// - Parameter authority: the PEM file to trust.
    public func secureURL(database: String, user: String = "test", host: String = "localhost", authority: String) -> String {
        "postgresql://\(user)@\(host):\(port)/\(database)?sslmode=verify-full&sslrootcert=\(authority)"
    }

    /// A new database for one test.
    /// - Parameter migrated: with the tables of `deploy/postgres`.
    public func makeDatabase(migrated: Bool = false) async throws -> String {
        let name = "test_\(created.add(1, ordering: .relaxed).newValue)"
        var source = "template0"
        if migrated {
            source = try await template.value { [self] in
                let url = try await self.create("migrated", from: "template0")
                let connection = PostgresConnection(url: url, name: "migrate", logger: Logger(label: "test"))
                _ = try await Migrator(connection).migrate(folder: Self.migrations)
                await connection.close()
                return "migrated"
            }
        }
        return try await create(name, from: source)
    }

    /// The repository's migrations.
    public static let migrations = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../deploy/postgres").standardizedFileURL.path

    private func create(_ name: String, from source: String) async throws -> String {
        let connection = PostgresConnection(url: url(database: "postgres"), name: "create", logger: Logger(label: "test"))
        try await connection.execute(script: "CREATE DATABASE \(name) TEMPLATE \(source)")
        await connection.close()
        return url(database: name)
    }

    // MARK: The process

    /// Starts the server (again, after ``stop()``) and waits until it accepts connections.
    public func start() throws {
        let settings = [
            isEncrypted ? "listen_addresses=127.0.0.1" : "listen_addresses=", "port=\(port)", "ssl=\(isEncrypted ? "on" : "off")",
            "unix_socket_directories=\(folder)", "fsync=off", "max_connections=200", "shared_buffers=32MB",
            "logging_collector=off", "max_wal_size=4GB",
        ]
        let server = "'\(try Self.binaries())/postgres' -D '\(folder)/data' " + settings.map { "-c '\($0)'" }.joined(separator: " ")
        // `read` gets a line ("stop") or the end of the input; then the server is told to stop at once.
        let script = """
            \(server) >'\(folder)/log' 2>&1 & server=$!
            if read -r word; then keep=yes; fi
            kill -QUIT $server 2>/dev/null
            kill -CONT $server 2>/dev/null
            wait $server
            [ -n "$keep" ] || rm -rf '\(folder)/data' '\(folder)/log'
            """
        try supervisor.withLock { supervisor in
            precondition(supervisor == nil, "already started")
            supervisor = try Supervisor(command: Self.asServer(script), finally: "rmdir '\(folder)'")
        }
        let answers = "'\(try Self.binaries())/pg_isready' -q -h '\(folder)' -p \(port)"
        try Shell.run("for i in $(seq 300); do \(answers) && exit 0; sleep 0.1; done; cat '\(folder)/log' >&2; exit 1")
    }

    /// Kills the server as a crash would, and waits until it is gone. Its data stay.
    public func stop() {
        supervisor.withLock { supervisor in
            supervisor?.stop()
            supervisor = nil
        }
    }

    /// Stops every process of the server where it is (SIGSTOP), as a machine that hangs would: connections stay open and nothing answers.
    public func freeze() throws { try signal("STOP") }

    /// Lets them go on.
    public func thaw() throws { try signal("CONT") }

    /// The postmaster first, so that it starts none meanwhile.
    private func signal(_ name: String) throws {
        try Shell.run(
            """
            server=$(head -n 1 '\(folder)/data/postmaster.pid') && kill -\(name) "$server"
            for stat in /proc/[0-9]*/stat; do
                read -r id _ _ parent _ <"$stat" 2>/dev/null || continue
                [ "$parent" = "$server" ] && kill -\(name) "$id"
            done
            true
            """)
    }

    private static func binaries() throws -> String {
        let candidates = "(pg_config --bindir; ls -d /usr/lib/postgresql/*/bin | sort -rV) 2>/dev/null"
        let path = try Shell.run("\(candidates) | while read d; do [ -x $d/initdb ] && echo $d && break; done")
        guard !path.isEmpty else { throw ServerFault("no Postgres server is installed: apt-get install postgresql") }
        return path
    }

    private static func asServer(_ script: String) -> String {
        guard getuid() == 0 else { return script }
        return "runuser -u postgres -- sh -c " + Shell.quoted("cd /; " + script)
    }
}
