import CopyTrading
import JSON
import Logging
import Redis
import RedisStreams
import Synchronization

/// The kill switch as one process sees it: the strictest of what Postgres, Redis and the process itself have latched.
///
/// Redis is looked at several times a second, Postgres every few seconds, and what only one of them has is carried to the other: while
/// Postgres is away latches are set in Redis alone. What was seen stays in force until a person has set something newer. While Redis cannot
/// be read, level 1 holds.
public final class Latches: Sendable {
    /// How often Redis is looked at.
    static let pollEvery = Duration.milliseconds(100)
    /// How often Postgres is looked at.
    static let storePollEvery = Duration.seconds(5)
    /// Redis unread for so long counts as level 1.
    static let unreadLimit = Duration.seconds(2)

    private struct State {
        var book = LatchBook()
        /// When Redis was last read; `nil` before the first time.
        var readAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let store: LatchStore
    private let logger: Logger

    public init(store: LatchStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Reads both, before the process decides anything. A record in Redis that cannot be read keeps no process from starting: exits go on
    /// under level 1.
    public func load() async throws {
        try await readStored()
        do { try await readPublished() } catch let error as JSONError { unread("redis", error) }
    }

    /// Keeps it up to date until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.pollEvery)  // ends early only when cancelled
                    do { try await self.readPublished() } catch { self.unread("redis", error) }
                }
            }
            // Beside it: a Postgres that does not answer must not keep Redis from being read, which would count as level 1. What
            // Postgres had is known, and Redis has what is newer.
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.storePollEvery)  // ends early only when cancelled
                    do { try await self.readStored() } catch { self.unread("postgres", error) }
                }
            }
        }
    }

    private func unread(_ place: String, _ error: any Error) {
        logger.warning("latches.unread", metadata: ["place": "\(place)", "error": "\(error)"])
    }

    private func readStored() async throws {
        for latch in try await store.stored() {
            adopt(latch)
            // What Redis lost, or never got.
            try await store.publish(latch)
        }
        try await store.record(state.withLock { Array($0.book.provisional.values) })
    }

    private func readPublished() async throws {
        let published = try await store.published()
        for latch in published.onRecord { adopt(latch) }
        let fresh = state.withLock { state in
            state.readAt = .now
            return state.book.replaceProvisional(published.provisional)
        }
        for latch in fresh { note(latch) }
    }

    private func adopt(_ latch: Latch) {
        if state.withLock({ $0.book.adopt(latch) }) { note(latch) }
    }

    private func note(_ latch: Latch) {
        logger.notice(
            "latch",
            metadata: [
                "scope": "\(latch.scope.text)", "level": "\(latch.level.rawValue)", "by": "\(latch.by)", "reason": "\(latch.reason)",
                "on_record": "\(latch.isOnRecord)",
            ])
    }

    /// What holds for one copy, with the latch that says so.
    public func level(influencer: InfluencerID, subscriber: SubscriberID, subscription: SubscriptionID, coin: Coin) -> (level: KillLevel, latch: Latch?) {
        state.withLock { state in
            let latch = state.book.strictest(influencer: influencer, subscriber: subscriber, subscription: subscription, coin: coin)
            let isRead = state.readAt.map { ContinuousClock.now - $0 <= Self.unreadLimit } ?? false
            return (KillLevel.effective([latch?.level ?? KillLevel.none, isRead ? KillLevel.none : nil]), latch)
        }
    }

    /// What is set of exactly this scope: the newest setting on record, or what is in force beside it and stricter.
    public func latch(on scope: LatchScope) -> Latch? { state.withLock { $0.book.latch(on: scope) } }

    public var all: [Latch] { state.withLock { $0.book.all } }
}

extension Latches: LatchSetter {
    /// In force in this process when it returns.
    public func tighten(_ scope: LatchScope, to level: KillLevel, reason: String, by: String) async throws {
        try await store.tighten(scope, to: level, reason: reason, by: by)
        try await readPublished()
    }
}
