/// What goes wrong in a chaos run. The part of a name before the dot is the family.
enum FaultKind: String, CaseIterable, Sendable {
    case processKill = "process.kill"
    case processFailpoint = "process.failpoint"
    case processPause = "process.pause"
    case processTerminate = "process.terminate"
    case fleetRolling = "fleet.rolling"
    case fleetScale = "fleet.scale"
    case redisKill = "redis.kill"
    case redisCutTail = "redis.cut_tail"
    case redisRolledBack = "redis.rolled_back"
    case redisEmpty = "redis.empty"
    case redisGroupLost = "redis.group_lost"
    case redisAway = "redis.away"
    case redisScriptFlush = "redis.script_flush"
    case redisClientKill = "redis.client_kill"
    case redisClientPause = "redis.client_pause"
    case redisSleep = "redis.sleep"
    case redisMemory = "redis.memory"
    case redisMisconf = "redis.misconf"
    case redisRewrite = "redis.rewrite"
    case postgresKill = "postgres.kill"
    case postgresBackends = "postgres.backends"
    case postgresLock = "postgres.lock"
    case postgresSlow = "postgres.slow"
    case postgresAway = "postgres.away"
    case networkDelay = "network.delay"
    case networkCut = "network.cut"
    case networkHalfOpen = "network.half_open"
    case networkReset = "network.reset"
    case networkReplyLost = "network.reply_lost"
    case networkSlices = "network.slices"
    case exchangeErrors = "exchange.errors"
    case exchangeReplyLost = "exchange.reply_lost"
    case exchangeSlow = "exchange.slow"
    case exchangeFeed = "exchange.feed"
    case exchangeKill = "exchange.kill"
    case clockWorker = "clock.worker"
    case clockRedis = "clock.redis"
    case loadDuplicates = "load.duplicates"
    case loadReplay = "load.replay"
    case loadHot = "load.hot"
    case loadCrowd = "load.crowd"
    case loadMalformed = "load.malformed"
    case loadOversized = "load.oversized"
    case loadPoison = "load.poison"

    var family: String { String(rawValue.prefix { $0 != "." }) }

    func isCalled(_ name: String) -> Bool { name == rawValue || name == family }

    /// For `--list`.
    var meaning: String {
        switch self {
        case .processKill: "SIGKILL to a process of any role; the time until its partitions have another owner is taken"
        case .processFailpoint: "SIGKILL exactly between two effects of a role, at a named point"
        case .processPause: "SIGSTOP for longer than a lease, then SIGCONT: a process that does not know it was replaced"
        case .processTerminate: "SIGTERM: the time until its partitions have another owner is taken"
        case .fleetRolling: "every process of a role is replaced, one after the other"
        case .fleetScale: "a role from its count to 1, to 6, to 2, and back"
        case .redisKill: "kill -9 of Redis, and a start with all that it wrote"
        case .redisCutTail: "kill -9 of Redis and a piece of its AOF's end cut off, twice in a row, often with all processes killed"
        case .redisRolledBack: "Redis is replaced by a copy that is seconds old"
        case .redisEmpty: "Redis comes back with nothing"
        case .redisGroupLost: "a consumer group is deleted"
        case .redisAway: "Redis is away for twenty seconds"
        case .redisScriptFlush: "SCRIPT FLUSH"
        case .redisClientKill: "CLIENT KILL of every connection"
        case .redisClientPause: "CLIENT PAUSE"
        case .redisSleep: "SIGSTOP: Redis answers nobody, its connections stay open"
        case .redisMemory: "maxmemory below what is used: writes that may be refused are refused"
        case .redisMisconf: "a failed snapshot: Redis refuses writes (MISCONF)"
        case .redisRewrite: "BGREWRITEAOF under load"
        case .postgresKill: "kill -9 of Postgres, and a start"
        case .postgresBackends: "every connection's backend is terminated"
        case .postgresLock: "the audit trail's table is locked"
        case .postgresSlow: "every commit takes a tenth of a second longer"
        case .postgresAway: "Postgres is away for a minute"
        case .networkDelay: "a link between two processes delays what it carries"
        case .networkCut: "all connections of a link are cut, again and again"
        case .networkHalfOpen: "a link swallows what it is given, connections stay open"
        case .networkReset: "a link resets connections after some bytes"
        case .networkReplyLost: "requests arrive over a link, their replies do not"
        case .networkSlices: "a link carries a few bytes at a time"
        case .exchangeErrors: "the exchange answers 429, 502, and resets"
        case .exchangeReplyLost: "the exchange carries orders out and does not answer"
        case .exchangeSlow: "the exchange takes a second to answer"
        case .exchangeFeed: "sockets are cut, frames come twice, late, in another order"
        case .exchangeKill: "kill -9 of the exchange, and a start with its ledger"
        case .clockWorker: "a worker's clock is minutes ahead or behind"
        case .clockRedis: "Redis' clock steps minutes ahead, then back"
        case .loadDuplicates: "every frame of the feed comes twice, and sockets are cut all the time, so that what was delivered is delivered again"
        case .loadReplay: "ingest is sent back by minutes and reads the whole window again"
        case .loadHot: "one subscriber's leader trades far above the subscriber's rate"
        case .loadCrowd: "a leader with thousands of followers trades"
        case .loadMalformed: "entries that are not ours are added to every stream"
        case .loadOversized: "an entry of a megabyte is added to a stream"
        case .loadPoison: "a process dies of an entry, and all those before it that took that entry did"
        }
    }

    /// Faults that use the same thing do not overlap. What measures a time stands alone.
    enum Resource: Hashable { case everything, redis, postgres, processes, network, exchange, load }

    var resource: Resource {
        switch self {
        case .processKill, .processTerminate, .fleetScale, .redisCutTail, .redisRolledBack, .redisEmpty,
            .redisGroupLost, .redisAway, .postgresAway: .everything
        case .processFailpoint, .processPause, .fleetRolling, .clockWorker, .loadPoison: .processes
        case .redisKill, .redisScriptFlush, .redisClientKill, .redisClientPause, .redisSleep, .redisMemory, .redisMisconf, .redisRewrite,
            .clockRedis:
            .redis
        case .postgresKill, .postgresBackends, .postgresLock, .postgresSlow: .postgres
        case .networkDelay, .networkCut, .networkHalfOpen, .networkReset, .networkReplyLost, .networkSlices: .network
        case .exchangeErrors, .exchangeReplyLost, .exchangeSlow, .exchangeFeed, .exchangeKill: .exchange
        case .loadDuplicates, .loadReplay, .loadHot, .loadCrowd, .loadMalformed, .loadOversized: .load
        }
    }
}
