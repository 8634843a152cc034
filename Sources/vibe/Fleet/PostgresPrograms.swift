import Foundation

/// The programs of an installed Postgres, and the user they run as.
struct PostgresPrograms: Sendable {
    let directories: [String]
    /// The user and group to become, when this process is root.
    let user: (name: String, id: uid_t, group: gid_t)?

    static func find() throws(Failure) -> PostgresPrograms {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
        let directories = versions.map { "\(root)/\($0)/bin" }
        for program in ["postgres", "initdb", "psql"] where Command.find(program, besides: directories) == nil {
            throw Failure(.unavailable, "\(program) is not installed", nextStep: PrivatePostgres.installHint)
        }
        guard geteuid() == 0 else { return PostgresPrograms(directories: directories, user: nil) }
        guard let entry = getpwnam("postgres") else {
            throw Failure(.unavailable, "there is no user postgres for the database to run as", nextStep: PrivatePostgres.installHint)
        }
        return PostgresPrograms(directories: directories, user: ("postgres", entry.pointee.pw_uid, entry.pointee.pw_gid))
    }

    /// The command that runs a program as the right user, in the same process.
    func command(_ program: String, _ arguments: [String]) -> (executable: String, arguments: [String]) {
        let path = program.hasPrefix("/") ? program : Command.find(program, besides: directories) ?? program
        guard let user else { return (path, arguments) }
        let become = ["--reuid", user.name, "--regid", "\(user.group)", "--init-groups", "--", path]
        return (Command.find("setpriv") ?? "/usr/bin/setpriv", become + arguments)
    }

    func run(_ program: String, _ arguments: [String], log: String, input: String = "/dev/null") async throws(Failure) {
        let command = command(program, arguments)
        try await Command.run(program, command.executable, command.arguments, log: log, input: input)
    }

    /// Gives a path to the server's user.
    func own(_ path: String) throws(Failure) {
        guard let user, chown(path, user.id, user.group) != 0 else { return }
        throw Failure(.unavailable, "cannot give \(path) to the user \(user.name): \(String(cString: strerror(errno)))")
    }

    /// Whether the server's user can enter a directory: every one above it has to let it pass.
    func canReach(_ directory: String, log: String) async -> Bool {
        guard user != nil else { return true }
        let command = command("/usr/bin/test", ["-x", directory])
        let child = try? ChildProcess.start(
            name: "test", executable: command.executable, arguments: command.arguments, environment: Command.environment, log: log)
        return await child?.ended() == .code(0)
    }
}
