import Health
import Hyperliquid
import Ingestion
import RedisStreams
import Settings

extension LeaseStanding {
    /// Redis, by the scripts that keep the leases on their own connection.
    /// - Parameter limit: the life of a lease: without a beat for so long, others have what was held.
    func redisSample(_ name: String, limit: Duration, at now: ContinuousClock.Instant) -> HealthSample {
        .fresh(name, age: beatAt.map { now - $0 }, limit: limit, detail: beatAt == nil ? "no script has been called yet" : "the scripts that keep the leases")
    }

    /// The partitions that fall to this process are held, or there are legitimately none.
    /// - Parameter limit: the longest that another process takes to let go of one.
    func leasesSample(_ name: String, limit: Duration, at now: ContinuousClock.Instant) -> HealthSample {
        guard beatAt != nil else { return HealthSample(name, .failed, detail: "not yet among the processes of the stage") }
        let detail = due == 0 ? "none falls to this process, \(members) are alive" : "\(held) held of \(due) that fall to this process"
        return .lasting(name, shortSince.map { now - $0 }, limit: limit, detail: detail)
    }
}

extension StageStanding {
    /// The streams are read: the blocking read of an idle stage comes back, and a busy one commits.
    /// - Parameter limit: of the longest blocking read, and its time-out.
    func streamsSample(limit: Duration, at now: ContinuousClock.Instant) -> HealthSample {
        guard partitions > 0 else { return HealthSample("streams", .ok, detail: "no partition is held") }
        guard pendingSince == nil else { return HealthSample("streams", .ok, detail: "\(pending) entries taken") }
        return .fresh("streams", age: reachedAt.map { now - $0 }, limit: limit, detail: "\(partitions) partitions")
    }

    /// What is held is worked on, and what was taken is committed.
    func progressSample(limit: Duration, at now: ContinuousClock.Instant) -> HealthSample {
        if let unbegunSince {
            return .lasting("progress", now - unbegunSince, limit: limit, detail: "\(unbegun) partitions are held and cannot be begun")
        }
        return .lasting("progress", pendingSince.map { now - $0 }, limit: limit, detail: "\(pending) entries taken and not committed")
    }
}

extension FeedStanding {
    /// A connection to the exchange, which is heard by its answers to pings, while there is a leader to follow; and every leader is followed.
    func sample(limit: Duration, at now: ContinuousClock.Instant) -> HealthSample {
        guard unread == 0 else { return HealthSample("feed", .failed, detail: "\(unread) leaders are not followed: their cursors cannot be read") }
        guard leaders > 0 else { return HealthSample("feed", .ok, detail: "no leader to follow") }
        return .lasting(
            "feed", disconnectedSince.map { now - $0 }, limit: limit, detail: "\(leaders) leaders over \(sockets) sockets")
    }
}
