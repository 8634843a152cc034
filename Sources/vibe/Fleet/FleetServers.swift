import Logging

/// The private Redis and Postgres of a fleet.
struct FleetServers: Sendable {
    let redis: PrivateRedis
    let postgres: PrivatePostgres

    /// Starts both at the same time; when one fails the other is stopped.
    static func start(in run: RunDirectory, logger: Logger) async throws -> FleetServers {
        async let starting = PrivatePostgres.start(in: run)
        let redis: PrivateRedis
        do {
            redis = try await PrivateRedis.start(in: run, logger: logger)
        } catch {
            if let postgres = try? await starting { await postgres.stop() }
            throw error
        }
        do {
            return FleetServers(redis: redis, postgres: try await starting)
        } catch {
            await redis.stop()
            throw error
        }
    }

    func stop() async {
        async let postgres: Void = postgres.stop()
        await redis.stop()
        await postgres
    }

    /// How a server ended by itself; `nil` while both run.
    func failure() -> Failure? {
        for child in [redis.child, postgres.child] {
            if let exit = child.poll() { return Failure(.unavailable, "\(child.name) \(exit):\n\(child.tail())", nextStep: "see \(child.log)") }
        }
        return nil
    }
}
