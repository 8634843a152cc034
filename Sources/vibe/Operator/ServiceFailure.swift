import ConfigStore
import Hyperliquid
import Ingestion
import JSON
import Postgres
import Redis
import RedisStreams

/// Turns errors of services and of what is read into what an operator can act on.
enum ServiceFailure {
    /// `nil` when the error is neither one of a service nor of what was read.
    static func of(_ error: any Error) -> Failure? {
        switch error {
        case let error as RedisError: of(error)
        case let error as PostgresError: of(error)
        case let error as MigrationError: of(error)
        case let error as ConfigStoreError: of(error)
        case let error as Provisioning.Fault: Failure(.configuration, "\(error)", nextStep: "env/redis.env says what the fleet needs of its Redis")
        case is ExchangeError, is InfoError: Failure(.unavailable, "the exchange: \(error)", nextStep: "VIBE_EXCHANGE_URL says where it is")
        case is JSONError, is RecordedFeed.RecordingFault: Failure(.data, "\(error)")
        default: nil
        }
    }

    private static let start = "is the fleet running? `vibe up` starts one; VIBE_REDIS_URL and VIBE_POSTGRES_URL say where it is"

    private static func of(_ error: RedisError) -> Failure {
        switch error {
        case .invalidEndpoint: Failure(.configuration, "\(error)", nextStep: "see env/redis.env")
        case .unavailable, .unknownOutcome: Failure(.unavailable, "\(error)", nextStep: start)
        case .server, .unexpectedReply: Failure(.unavailable, "\(error)")
        }
    }

    private static func of(_ error: PostgresError) -> Failure {
        switch error {
        case .unavailable: Failure(.unavailable, "\(error)", nextStep: start)
        case .failed(let state, _, _):
            switch state {
            case "08001": Failure(.configuration, "\(error)", nextStep: "see env/postgres.env")
            case "42P01", "42703": Failure(.unavailable, "\(error)", nextStep: "the schema may be missing or old: `vibe migrate`")
            default: Failure(.unavailable, "\(error)")
            }
        }
    }

    private static func of(_ error: ConfigStoreError) -> Failure {
        switch error {
        case .postgres(let error): of(error)
        case .malformedSealingKey, .wrongSealingKey: Failure(.configuration, "\(error)", nextStep: "see env/keys.env")
        case .unknownVersion: Failure(.usage, "\(error)", nextStep: "`vibe config show` names the one in force")
        case .unknownSubscriber: Failure(.usage, "\(error)", nextStep: "`vibe config show` lists who is configured")
        case .faults: Failure(.data, "\(error)")
        case .agentKeyRefused, .agentKeyGone: Failure(.data, "\(error)", nextStep: "`vibe keys list` shows every agent there is and was")
        case .unreadable, .damagedAgentKey, .cannotSeal: Failure(.unavailable, "\(error)")
        }
    }

    private static func of(_ error: MigrationError) -> Failure {
        switch error {
        case .postgres(let error): of(error)
        case .folder: Failure(.configuration, "\(error)", nextStep: "run from the repository, or set VIBE_MIGRATIONS")
        case .outdated: Failure(.unavailable, "\(error)", nextStep: "`vibe migrate`")
        case .changed, .failed, .endsTransaction: Failure(.unavailable, "\(error)")
        }
    }
}
