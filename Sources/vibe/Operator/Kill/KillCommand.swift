import ArgumentParser
import ConfigStore
import CopyTrading
import Foundation
import JSON
import Pipeline
import Redis
import RedisStreams
import Safety

struct KillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "The kill switch: stop entries, or close everything; show it, or open it again.",
        discussion: """
            Levels, each with those before it:
              0  open: entries are traded
              1  entries stop; exits go on
              2  wind-down: as 1, until what is held has ended with its leaders
              3  as 2, and orders that rest at the exchange and could open something are cancelled
              4  every position is closed at once, and nothing is opened after

            A level is latched in Postgres and Redis and holds across restarts until a person sets another. It holds for everything, or
            for what an option names; the strictest latch on a copy counts. Stop-losses and take-profits stay until their position is
            gone. No level keeps an exit back. Also opens what the software has latched by itself: a drawdown, a leader's hygiene.

            While Postgres is away a level is in force all the same, from Redis (its id is 0), and the first process that reaches Postgres
            puts it on record; nothing can be opened until then.

            Examples:
              vibe kill                                        what is latched
              vibe kill 1 --reason "exchange is slow"
              vibe kill 4 --subscriber sub-007 --reason "asked by phone"
              vibe kill 0 --influencer leader-1 --reason "looked at it"
            """)

    /// Of Postgres: whoever closes the switch is told soon how it stands.
    private static let answerTimeout = Duration.seconds(5)

    @Argument(help: "0 to 4; without, what is latched is shown.") var level: Int?
    @Option(help: "Only copies of this influencer.") var influencer: String?
    @Option(help: "Only this subscriber's account.") var subscriber: String?
    @Option(help: "Only this subscription.") var subscription: String?
    @Option(help: "Only this coin.") var coin: String?
    @Option(help: "Why; required with a level.") var reason: String?
    @Option(help: "Who sets it.") var by = ProcessInfo.processInfo.environment["USER"] ?? "operator"
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let wanted = try level.map { number in
            guard let level = KillLevel(rawValue: number) else { throw Failure(.usage, "level \(number) is not within 0 to 4", nextStep: "vibe kill --help") }
            return level
        }
        let scope = try scope()
        let context = try OperatorContext.load()
        let redis = try context.redis("kill")
        let postgres = context.postgres("kill", answerTimeout: Self.answerTimeout)
        let store = LatchStore(table: LatchTable(redis: redis, keys: context.keys), postgres: postgres)
        if let wanted {
            guard let reason, !reason.isEmpty else { throw Failure(.usage, "a level needs --reason", nextStep: "whoever opens it again will want to know") }
            let latch = try await set(store, scope, wanted, reason, context)
            output.show(latch.json) { text([latch]) }
            await warnOfUnknownMarket(scope, redis, context.keys)
        } else {
            let latches = try await known(store, context.keys).filter { $0.level > .none || scope != .everything }.filter { scope == .everything || $0.scope == scope }
            output.show(.array(latches.map(\.json))) { latches.isEmpty ? "nothing is latched" : text(latches) }
        }
        await redis.close()
        await postgres.close()
    }

    private func scope() throws(Failure) -> LatchScope {
        let named: [LatchScope] = [
            influencer.map { .influencer(InfluencerID($0)) }, subscriber.map { .subscriber(SubscriberID($0)) },
            subscription.map { .subscription(SubscriptionID($0)) }, coin.map { .coin(Coin($0)) },
        ].compactMap { $0 }
        guard named.count <= 1 else { throw Failure(.usage, "only one of --influencer, --subscriber, --subscription and --coin can be meant") }
        let scope = named.first ?? .everything
        // Whatever is not read back the same would be unreadable to every process.
        guard LatchScope(scope.text) == scope else {
            throw Failure(.usage, "\"\(scope.text)\" names nothing", nextStep: "give the option a name; a variable that is not set gives none")
        }
        return scope
    }

    /// A name that is misspelt would latch nothing.
    private func checkName(_ scope: LatchScope, _ context: OperatorContext) async throws {
        let config = ConfigStore(url: context.settings.postgres.revealedURL(), logger: context.logger)
        try await config.load()
        let snapshot = config.current()
        let isKnown =
            switch scope {
            case .everything, .coin: true
            case .influencer(let id): snapshot.influencers[id] != nil
            case .subscriber(let id): snapshot.subscribers[id] != nil
            case .subscription(let id): snapshot.subscriptions[id] != nil
            }
        guard isKnown else { throw Failure(.usage, "\(scope.text) is not configured", nextStep: "vibe config show lists what is") }
    }

    /// Markets come and go, so that this is no fault.
    private func warnOfUnknownMarket(_ scope: LatchScope, _ redis: RedisConnection, _ keys: Keys) async {
        guard case .coin(let coin) = scope, let quotes = try? await redis.hash(keys.quotes), !quotes.isEmpty, quotes[coin.text] == nil else { return }
        Terminal.complain("vibe: the exchange has quoted no market \(coin.text): if the name is misspelt, or its case is wrong, this latches nothing")
    }

    /// In force first, on record after: a Postgres that does not answer keeps nobody from stopping the fleet.
    private func set(
        _ store: LatchStore, _ scope: LatchScope, _ level: KillLevel, _ reason: String, _ context: OperatorContext
    ) async throws -> Latch {
        var provisional: Latch?
        if level > .none {
            do {
                provisional = try await store.tightenProvisionally(scope, to: level, reason: reason, by: by, at: WallClock.milliseconds)
            } catch { Terminal.complain("vibe: Redis could not be told, Postgres is: \(error)") }
        }
        do {
            try await checkName(scope, context)
            return try await store.set(scope, to: level, reason: reason, by: by, at: provisional?.at)
        } catch let failure as Failure {
            if let provisional { try await store.withdraw(provisional) }
            throw failure
        } catch {
            if let latch = try? await store.stored().first(where: { $0.scope == scope }), latch.level == level, latch.reason == reason {
                Terminal.complain("vibe: it is latched in Postgres, where every process finds it within seconds; Redis could not be told: \(error)")
                return latch
            }
            guard let provisional else { throw error }
            Terminal.complain(
                "vibe: it is in force, from Redis, and not on record yet: \(error)\n"
                    + "next: the first process that reaches Postgres records it; nothing is opened, and no name is checked, before")
            return provisional
        }
    }

    /// What is on record, or else what Redis has of it, and what is in force beside it.
    private func known(_ store: LatchStore, _ keys: Keys) async throws -> [Latch] {
        let stored: [Latch]
        do { stored = try await store.stored() } catch {
            stored = try await store.published().onRecord
            Terminal.complain("vibe: this is what Redis has: \(error)")
        }
        do { return stored + (try await store.published().provisional) } catch let error as JSONError {
            Terminal.complain(
                "vibe: a setting in Redis cannot be read, so that level 1 holds for everything: \(error)\nnext: take its field out of the hash \(keys.latches) by hand")
        } catch {}  // what is on record is shown without it
        return stored
    }

    private func text(_ latches: [Latch]) -> String {
        var table = Table([.text("SCOPE", mayShrink: true), .figure("LEVEL"), .text("SINCE"), .text("BY", mayShrink: true), .text("REASON", mayShrink: true)])
        for latch in latches.sorted(by: { $0.scope.text < $1.scope.text }) {
            table.add([
                Table.Cell(latch.scope.text, .bold), Table.Cell("\(latch.level.rawValue) \(latch.level.name)", latch.level > .none ? .red : nil),
                Table.Cell(Format.instant(milliseconds: latch.at)), Table.Cell(latch.by),
                Table.Cell(latch.reason + (latch.isOnRecord ? "" : " (not on record yet)")),
            ])
        }
        return table.rendered()
    }
}

extension KillLevel {
    /// For people.
    var name: String {
        switch self {
        case .none: "open"
        case .pauseEntries: "no entries"
        case .windDown: "wind-down"
        case .cancelAll: "cancel all"
        case .flattenThenHalt: "flatten"
        }
    }
}
