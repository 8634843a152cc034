import Foundation
import Logging
import Postgres
import TestServers
import Testing

struct MigratorTests {
    @Test("the repository's migrations apply once, and are what the program expects")
    func repository() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        let migrator = Migrator(connection)
        await #expect(throws: MigrationError.outdated(found: 0, expected: Migrator.expectedVersion)) { try await migrator.check() }
        let applied = try await migrator.migrate(folder: PrivatePostgres.migrations)
        #expect(applied.map(\.version) == Array(1...Migrator.expectedVersion))
        #expect(try await migrator.migrate(folder: PrivatePostgres.migrations).isEmpty)
        try await migrator.check()
    }

    @Test("migrators that start together apply each file once")
    func concurrent() async throws {
        let url = try await PrivatePostgres.shared().makeDatabase()
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let connection = PostgresConnection(url: url, name: "migrate", logger: Logger(label: "test"))
                    return try await Migrator(connection).migrate(folder: PrivatePostgres.migrations).count
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.sorted() == [0, 0, 0, Migrator.expectedVersion])
    }

    @Test("a changed file is refused")
    func changed() async throws {
        let folder = try Folder(["0001_a.sql": "CREATE TABLE a (x int)"])
        let migrator = Migrator(try await PostgresConnection.toNewDatabase())
        _ = try await migrator.migrate(folder: folder.path)
        try folder.write("0001_a.sql", "CREATE TABLE a (x int, y int)")
        try folder.write("0002_b.sql", "CREATE TABLE b (x int)")
        await #expect(throws: MigrationError.changed(version: 1, name: "a")) { try await migrator.migrate(folder: folder.path) }
        #expect(try await migrator.version() == 1)
    }

    @Test("a failing file leaves nothing of itself, and the ones before it")
    func failing() async throws {
        let folder = try Folder(["0001_a.sql": "CREATE TABLE a (x int);", "0002_b.sql": "CREATE TABLE b (x int);\nSELECT 1 / 0;"])
        let connection = try await PostgresConnection.toNewDatabase()
        let migrator = Migrator(connection)
        await #expect {
            try await migrator.migrate(folder: folder.path)
        } throws: { error in
            guard case .failed(2, "b", let cause)? = error as? MigrationError else { return false }
            return cause.sqlstate == "22012"
        }
        #expect(try await migrator.version() == 1)
        #expect(try await connection.query("SELECT 1 FROM pg_tables WHERE tablename = 'b'").isEmpty)
        try folder.write("0002_b.sql", "CREATE TABLE b (x int);")
        #expect(try await migrator.migrate(folder: folder.path).map(\.name) == ["b"])
    }

    @Test("a file that ends its transaction is refused")
    func endsTransaction() async throws {
        let folder = try Folder(["0001_a.sql": "CREATE TABLE a (x int); COMMIT;"])
        let migrator = Migrator(try await PostgresConnection.toNewDatabase())
        await #expect(throws: MigrationError.endsTransaction(version: 1, name: "a")) { try await migrator.migrate(folder: folder.path) }
        #expect(try await migrator.version() == 0)
    }

    @Test(
        "files with wrong names, gaps, no text, or none at all are refused",
        arguments: [
            ["1_a.sql": "SELECT 1"], ["0002_a.sql": "SELECT 1"], ["0001_a.sql": "SELECT 1", "0001_b.sql": "SELECT 1"],
            ["0001_a.sql": "SELECT 1", "0003_b.sql": "SELECT 1"], [:], ["readme.txt": "x"],
        ])
    func names(files: [String: String]) throws {
        let folder = try Folder(files)
        #expect(throws: MigrationError.self) { try MigrationFolder.read(folder.path) }
        #expect(throws: MigrationError.folder("/nowhere", "cannot be read")) { try MigrationFolder.read("/nowhere") }
    }

    @Test("the folder is found by the environment, the current directory, or the executable")
    func locate() throws {
        let folder = try Folder([:])
        try FileManager.default.createDirectory(atPath: folder.path + "/deploy/postgres", withIntermediateDirectories: true)
        try folder.write("deploy/postgres/0001_configuration.sql", "")
        let found = folder.path + "/deploy/postgres"
        #expect(
            MigrationFolder.locate(environment: ["VIBE_MIGRATIONS": "/chosen"], currentDirectory: folder.path, executable: "/x")
                == "/chosen")
        #expect(MigrationFolder.locate(environment: [:], currentDirectory: folder.path, executable: "/usr/bin/vibe") == found)
        #expect(MigrationFolder.locate(environment: [:], currentDirectory: "/", executable: folder.path + "/.build/release/vibe") == found)
        #expect(MigrationFolder.locate(environment: [:], currentDirectory: "/", executable: "/usr/bin/vibe") == nil)
    }
}

/// A folder of files, removed with the value.
private final class Folder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("vibe-migrations-\(UUID().uuidString)").path

    init(_ files: [String: String]) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
}
