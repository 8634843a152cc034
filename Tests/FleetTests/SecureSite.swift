import Foundation
import Logging
import Postgres
import Redis
import RedisStreams
import Settings
import TestServers

@testable import vibe

/// Servers as a careful operator sets them up: TLS alone, a Redis user and a database role for each role of the fleet, from the files of
/// `deploy`; a migrated database, and streams that the administrator has made.
struct SecureSite {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").standardizedFileURL.path
    static let database = "vibe"

    let run: RunDirectory
    let authority: TestAuthority
    let redis: TestServers.PrivateRedis
    let postgres: TestServers.PrivatePostgres
    private let port: Int
    private let logger = CommandLogger.make("test")

    init(in run: RunDirectory) async throws {
        self.run = run
        authority = try TestAuthority()
        port = try TestPort.find()
        let users = run.path("users.acl")
        try await Command.run(
            "make-users", "/bin/sh", ["-c", "sh '\(Self.repository)/deploy/redis/make-users' '\(run.path("keys"))' > '\(users)'"],
            log: run.log(of: "make-users"))
        redis = try await TestServers.PrivateRedis(
            settings: TestServers.PrivateRedis.standard + authority.redisSettings(port: port, try authority.issue("redis")) + ["--aclfile", users])
        postgres = try TestServers.PrivatePostgres(certificate: try authority.issue("postgres"))
        let master = PostgresConnection(url: postgres.url(database: "postgres"), name: "master", logger: logger)
        try await master.execute(script: "CREATE ROLE vibe_owner LOGIN")
        try await master.execute(script: "CREATE DATABASE \(Self.database) OWNER vibe_owner")
        await master.close()
        try await DatabaseSchema.migrate(try settings("owner"), logger: logger)
        try await grant()
    }

    /// `deploy/postgres/roles/roles.sql`, which may be run again and again.
    func grant() async throws {
        let master = PostgresConnection(url: postgres.url(database: Self.database), name: "master", logger: logger)
        try await master.execute(script: try String(contentsOfFile: Self.repository + "/deploy/postgres/roles/roles.sql", encoding: .utf8))
        await master.close()
    }

    func provision() async throws {
        let context = try context("admin")
        let connection = try context.redis("provision")
        try await Provisioning.provision(connection, keys: context.keys, partitioning: context.partitioning)
        await connection.close()
    }

    /// What a process of the role gets.
    func environment(_ role: String) -> [String: String] {
        [
            "VIBE_REDIS_URL": "rediss://vibe_\(role):@localhost:\(port)", "VIBE_REDIS_PASSWORD_FILE": run.path("keys/vibe_\(role).password"),
            "VIBE_REDIS_CA_FILE": authority.file,
            "VIBE_POSTGRES_URL": postgres.secureURL(database: Self.database, user: "vibe_\(role)", authority: authority.file),
        ]
    }

    /// - Parameter others: variables of the fleet.
    func settings(_ role: String, _ others: [String: String] = [:]) throws -> Settings {
        var variables = others.merging(environment(role)) { _, ours in ours }
        // who owns or configures the database is no user of Redis
        if !FileManager.default.fileExists(atPath: run.path("keys/vibe_\(role).password")) { variables["VIBE_REDIS_PASSWORD_FILE"] = nil }
        variables["VIBE_MIGRATIONS"] = Self.repository + "/deploy/postgres"
        return try Settings(environment: variables)
    }

    func context(_ role: String, _ others: [String: String] = [:]) throws -> OperatorContext {
        OperatorContext(settings: try settings(role, others), logger: logger)
    }
}
