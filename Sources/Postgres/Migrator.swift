/// Brings a database's schema up to date, and tells whether it is.
///
/// Each file runs once, in one transaction together with its row in `schema_migrations`; a file once applied must not change. Any
/// number of migrators may run at a time: an advisory lock lets one in.
public struct Migrator: Sendable {
    /// The newest migration this program's statements were written for.
    public static let expectedVersion = 9

    /// Held while migrating; the number is arbitrary but fixed.
    private static let lockKey: Int64 = 0x7669_6265_0001

    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Applies what is missing.
    /// - Returns: what was applied now, in order.
    public func migrate(folder: String) async throws(MigrationError) -> [Migration] {
        let migrations = try MigrationFolder.read(folder)
        do {
            try await connection.execute("SELECT pg_advisory_lock($1::bigint)", [.integer(Self.lockKey)])
            try await connection.execute(script: Self.table)
        } catch { throw .postgres(error) }
        let result: Result<[Migration], MigrationError>
        do { result = .success(try await apply(migrations)) } catch { result = .failure(error) }
        do {
            try await connection.execute("SELECT pg_advisory_unlock($1::bigint)", [.integer(Self.lockKey)])
        } catch {
            // The lock ends with the session in any case; what was applied stays applied.
            await connection.close()
        }
        return try result.get()
    }

    /// The newest applied migration, 0 when there is none.
    public func version() async throws(MigrationError) -> Int {
        do {
            let known = try await connection.query("SELECT to_regclass('schema_migrations') IS NOT NULL AS known").first?.bool("known")
            guard known == true else { return 0 }
            let newest = try await connection.query("SELECT coalesce(max(version), 0) AS version FROM schema_migrations")
            return Int(try newest[0].integer("version"))
        } catch { throw .postgres(error) }
    }

    /// Refuses a database that lacks migrations this program needs. One with newer migrations passes: they keep what older programs
    /// use, so that processes can be replaced one by one.
    public func check() async throws(MigrationError) {
        let found = try await version()
        guard found >= Self.expectedVersion else { throw .outdated(found: found, expected: Self.expectedVersion) }
    }

    private func apply(_ migrations: [Migration]) async throws(MigrationError) -> [Migration] {
        var applied: [Migration] = []
        for migration in migrations {
            let outcome: Result<Bool, MigrationError>
            do {
                outcome = .success(try await connection.transaction { connection in try Self.apply(migration, on: connection) })
            } catch let error as MigrationError {
                outcome = .failure(error)
            } catch let error as PostgresError {
                outcome = .failure(.failed(version: migration.version, name: migration.name, error))
            } catch {
                preconditionFailure("the transaction throws nothing else: \(error)")
            }
            if try outcome.get() { applied.append(migration) }
        }
        return applied
    }

    /// True when the migration was missing.
    private static func apply(_ migration: Migration, on connection: isolated PostgresConnection) throws -> Bool {
        let version = PostgresParameter.integer(Int64(migration.version))
        let known = try connection.query(
            """
            SELECT checksum = encode(sha256(convert_to($2::text, 'UTF8')), 'hex') AS same FROM schema_migrations WHERE version = $1::int
            """, [version, .text(migration.script)])
        if let row = known.first {
            guard try row.bool("same") else { throw MigrationError.changed(version: migration.version, name: migration.name) }
            return false
        }
        try connection.execute(script: migration.script)
        guard connection.serverIsInTransaction else {
            throw MigrationError.endsTransaction(version: migration.version, name: migration.name)
        }
        try connection.execute(
            """
            INSERT INTO schema_migrations (version, name, checksum)
            VALUES ($1::int, $2, encode(sha256(convert_to($3::text, 'UTF8')), 'hex'))
            """, [version, .text(migration.name), .text(migration.script)])
        return true
    }

    private static let table = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version    integer PRIMARY KEY,
            name       text NOT NULL,
            checksum   text NOT NULL, -- SHA-256 of the file, hexadecimal
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
}
