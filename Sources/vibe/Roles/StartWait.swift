import ConfigStore
import Foundation
import Hyperliquid
import Logging
import Postgres
import Redis

/// A role that starts while Redis, Postgres or the exchange is away waits for them: its supervisor need not start it again and again.
enum StartWait {
    /// Between two attempts.
    static let pause = Duration.seconds(1)

    /// Tries `body` until it is through.
    /// - Parameter limit: VIBE_START_WAIT.
    /// - Throws: what is no outage at once; ``Failure`` of kind `.unavailable` when the servers stay away.
    static func attempt(within limit: Duration, logger: Logger, _ body: () async throws -> Void) async throws {
        let end = ContinuousClock.now + limit
        while true {
            do { return try await body() } catch where isOutage(error) {
                let left = end - ContinuousClock.now
                guard left > .zero else {
                    throw Failure(
                        .unavailable, "what this role starts with stayed away for VIBE_START_WAIT=\(limit.text): \(error)",
                        nextStep: "are they running? VIBE_REDIS_URL, VIBE_POSTGRES_URL and VIBE_EXCHANGE_URL say where they are looked for")
                }
                logger.warning("role.waiting", metadata: ["for": "\(error)", "seconds_left": "\(left.components.seconds)"])
                try await Task.sleep(for: min(pause, left))
            }
        }
    }

    /// A server that is away, starting or stopping; not one that refuses.
    static func isOutage(_ error: any Error) -> Bool {
        switch error {
        case RedisError.unavailable, RedisError.unknownOutcome: true
        case RedisError.server(let text): text.contains("LOADING")
        case let error as PostgresError: isOutage(error)
        case MigrationError.postgres(let error), ConfigStoreError.postgres(let error): isOutage(error)
        // of the exchange: whatever it answers instead of what was asked for
        case is InfoError: true
        default: false
        }
    }

    private static func isOutage(_ error: PostgresError) -> Bool {
        switch error {
        case .unavailable: true
        // class 57: shut down by the administrator, after a crash, or not yet ready
        case .failed(let sqlstate, _, _): sqlstate.hasPrefix("57P")
        }
    }
}
