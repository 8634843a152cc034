import Foundation
import Logging
import Postgres
import Settings

/// Brings the database's schema up to date.
enum DatabaseSchema {
    static func folder(_ settings: Settings) throws(Failure) -> String {
        if let chosen = settings.postgres.migrations { return chosen }
        guard let folder = MigrationFolder.locate(environment: [:]) else {
            throw Failure(
                .configuration, "no folder of migrations: deploy/postgres is neither here nor above this program",
                nextStep: "run from the repository, or set VIBE_MIGRATIONS")
        }
        return folder
    }

    /// Applies what is missing and returns it.
    @discardableResult
    static func migrate(_ settings: Settings, logger: Logger) async throws -> [Migration] {
        let connection = PostgresConnection(url: settings.postgres.revealedURL(), name: "vibe-migrate", logger: logger)
        let migrations = try await Migrator(connection).migrate(folder: folder(settings))
        await connection.close()
        return migrations
    }
}
