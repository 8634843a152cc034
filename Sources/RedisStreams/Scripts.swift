import LuaScripts
import Redis

/// The scripts as Redis knows them; one per transition.
enum Script {
    static let acquireLease = RedisScript(name: "acquire-lease", source: LuaScripts.acquireLease)
    static let acknowledgeEntries = RedisScript(name: "acknowledge-entries", source: LuaScripts.acknowledgeEntries)
    static let beginAttempts = RedisScript(name: "begin-attempts", source: LuaScripts.beginAttempts)
    static let fanOutSignal = RedisScript(name: "fan-out-signal", source: LuaScripts.fanOutSignal)
    static let handOff = RedisScript(name: "hand-off", source: LuaScripts.handOff)
    static let joinStage = RedisScript(name: "join-stage", source: LuaScripts.joinStage)
    static let latchLevel = RedisScript(name: "latch-level", source: LuaScripts.latchLevel)
    static let latchProvisionally = RedisScript(name: "latch-provisionally", source: LuaScripts.latchProvisionally)
    static let penaliseBucket = RedisScript(name: "penalise-bucket", source: LuaScripts.penaliseBucket)
    static let provisionStream = RedisScript(name: "provision-stream", source: LuaScripts.provisionStream)
    static let publishSignals = RedisScript(name: "publish-signals", source: LuaScripts.publishSignals)
    static let recordAccount = RedisScript(name: "record-account", source: LuaScripts.recordAccount)
    static let recordLeaderOrders = RedisScript(name: "record-leader-orders", source: LuaScripts.recordLeaderOrders)
    static let releaseLease = RedisScript(name: "release-lease", source: LuaScripts.releaseLease)
    static let renewLeases = RedisScript(name: "renew-leases", source: LuaScripts.renewLeases)
    static let resolveDeadLetter = RedisScript(name: "resolve-dead-letter", source: LuaScripts.resolveDeadLetter)
    static let restoreStream = RedisScript(name: "restore-stream", source: LuaScripts.restoreStream)
    static let seeCell = RedisScript(name: "see-cell", source: LuaScripts.seeCell)
    static let setCell = RedisScript(name: "set-cell", source: LuaScripts.setCell)
    static let settleLatch = RedisScript(name: "settle-latch", source: LuaScripts.settleLatch)
    static let takeOverPartition = RedisScript(name: "take-over-partition", source: LuaScripts.takeOverPartition)
    static let takeTokens = RedisScript(name: "take-tokens", source: LuaScripts.takeTokens)
    static let trimStream = RedisScript(name: "trim-stream", source: LuaScripts.trimStream)
    static let updateUserSlots = RedisScript(name: "update-user-slots", source: LuaScripts.updateUserSlots)
}
