import ConfigStore
import CopyTrading
import Hyperliquid
import Pipeline
import Postgres
import Recovery
import Redis
import RedisStreams
import Safety
import Settings

/// ``Recovery`` with its connections, and a look at the exchange.
struct RecoverySite: Sendable {
    /// For reading a large table.
    private static let answerTimeout = Duration.seconds(3_600)

    private let context: OperatorContext
    private let redis: RedisConnection
    private let postgres: PostgresConnection
    private let register: CellRegister
    private let config: ConfigStore
    private let recovery: Recovery

    init(_ context: OperatorContext) throws {
        self.context = context
        redis = try context.redis("recover")
        postgres = context.postgres("recover", answerTimeout: Self.answerTimeout)
        register = CellRegister(context.postgres("recover-cell"), keys: context.keys)
        config = ConfigStore(url: context.settings.postgres.revealedURL(), logger: context.logger)
        let latches = LatchStore(table: LatchTable(redis: redis, keys: context.keys), postgres: context.postgres("recover-latches"))
        recovery = Recovery(
            redis: redis, postgres: postgres, config: config, latches: latches, keys: context.keys, partitioning: context.partitioning)
    }

    func look(progress: @escaping @Sendable (String) -> Void) async throws -> RecoveryReport {
        let plan = try await recovery.plan(progress: progress)
        return RecoveryReport(plan: plan, halt: try await register.halt(), wasDone: false, exchange: await compare(plan))
    }

    func recover(force: Bool, progress: @escaping @Sendable (String) -> Void) async throws -> RecoveryReport {
        do {
            let plan = try await recovery.run(force: force, progress: progress)
            try await emptyEgressBucket()
            return RecoveryReport(plan: plan, halt: nil, wasDone: true, exchange: await compare(plan))
        } catch let fault as Recovery.Fault {
            switch fault {
            case .isRunning: return RecoveryReport(plan: nil, halt: nil, wasDone: false, exchange: nil)
            case .busy, .lockLost: throw Failure(.unavailable, "\(fault)")
            }
        }
    }

    func close() async {
        await redis.close()
        await postgres.close()
    }

    /// What was spent of the address' allowance is not known: it begins empty.
    private func emptyEgressBucket() async throws {
        let egress = context.settings.exchange.egress
        let bucket = TokenBucket(
            redis: redis, key: context.keys.tokens("egress", egress), rate: TokenRate(context.settings.rates.effective(for: .egress(egress))))
        try await bucket.penalise(for: .milliseconds(1))
    }

    /// Positions as rebuilt against the exchange's. Differences are orders that are not on record, or the subscriber's own: workers find out.
    private func compare(_ plan: RecoveryPlan) async -> RecoveryReport.Exchange {
        let snapshot = config.current()
        let client = ExchangeClient(
            endpoint: ExchangeEndpoint(context.settings.exchange), timeout: context.settings.exchange.timeout, maximumConnections: 1)
        var believed: [AccountID: [Coin: Size]] = [:]
        for holdings in plan.sleeves.values {
            for (field, sleeve) in holdings {
                guard let key = HoldingKey(field: field), let account = snapshot.subscriptions[key.subscription]?.account else { continue }
                believed[account, default: [:]][key.coin, default: .zero] += sleeve.position
            }
        }
        var result = RecoveryReport.Exchange()
        for account in Set(snapshot.subscribers.values.map(\.account)).union(believed.keys).sorted() {
            var real: [Coin: Size] = [:]
            do {
                let names = Set((believed[account] ?? [:]).keys.map(\.text).filter { $0.contains(":") }.map { String($0.prefix { $0 != ":" }) })
                real = try await client.accountState(account.text).positions
                for dex in names.sorted() { real.merge(try await client.accountState(account.text, dex: dex).positions) { first, _ in first } }
            } catch {
                result.unread = "\(error)"
                break
            }
            result.accounts += 1
            for coin in Set(real.keys).union((believed[account] ?? [:]).keys) where real[coin] ?? .zero != believed[account]?[coin] ?? .zero {
                result.differences += 1
            }
        }
        await client.shutdown()
        return result
    }
}
