import Foundation
import Postgres

/// Faults of Postgres.
extension ChaosSite {
    private static let absence: ClosedRange<Int64> = 55_000...65_000

    func killPostgres() async throws -> String {
        let start = ContinuousClock.now
        try await restartPostgres(by: SIGKILL)
        return "back after \(Format.time(ContinuousClock.now - start))"
    }

    /// An absence is no longer than a sixth of the run, so that short runs see more than this one fault.
    func leavePostgres(_ generator: inout SeededGenerator) async throws -> String {
        let away = min(.milliseconds(Int64.random(in: Self.absence, using: &generator)), max(.seconds(20), options.duration / 6))
        try await restartPostgres(by: SIGINT, away: away)
        return "for \(Format.time(away))"
    }

    func terminateBackends() async throws -> String {
        try await withPostgres { connection in
            let rows = try await connection.query(
                """
                SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) AS ended FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                """)
            return "\(try rows.first?.integer("ended") ?? 0) connections"
        }
    }

    func lockAuditTrail(_ generator: inout SeededGenerator) async throws -> String {
        let seconds = Double.random(in: 2...8, using: &generator)
        return try await withPostgres { connection in
            _ = try await connection.query("DO $$ BEGIN LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(\(seconds)); END $$")
            return "for \(Format.time(.seconds(seconds)))"
        }
    }

    /// Every transaction waits before it flushes.
    func slowCommits(_ generator: inout SeededGenerator) async throws -> String {
        try await withPostgres { connection in
            _ = try await connection.query("ALTER SYSTEM SET commit_delay = 100000")
            _ = try await connection.query("ALTER SYSTEM SET commit_siblings = 0")
            _ = try await connection.query("SELECT pg_reload_conf()")
        }
        do { try await hold(4_000...10_000, &generator) } catch {
            try? await healCommits()
            throw error
        }
        try await healCommits()
        return "100 ms a commit"
    }

    private func healCommits() async throws {
        try await withPostgres { connection in
            _ = try await connection.query("ALTER SYSTEM RESET commit_delay")
            _ = try await connection.query("ALTER SYSTEM RESET commit_siblings")
            _ = try await connection.query("SELECT pg_reload_conf()")
        }
    }

    private func withPostgres<T: Sendable>(_ work: (PostgresConnection) async throws -> T) async throws -> T {
        let connection = context.postgres("chaos")
        do {
            let result = try await work(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }
}
