/// A fault from its beginning to its end: each function injects, holds, heals, and says in a few words what it did.
extension ChaosSite {
    func inject(_ fault: FaultSchedule.Planned, _ load: ChaosLoad, _ handOvers: inout [ChaosObservations.HandOver]) async throws -> String {
        var generator = SeededGenerator(seed: fault.seed)
        return switch fault.kind {
        case .processKill: try await killProcess(&generator, &handOvers)
        case .processFailpoint: try await killAtFailpoint(&generator)
        case .processPause: try await pauseProcess(&generator)
        case .processTerminate: try await terminateProcess(&generator, &handOvers)
        case .fleetRolling: try await replaceRole(&generator)
        case .fleetScale: try await scaleRole(&generator)
        case .redisKill: try await killRedis(&generator)
        case .redisCutTail: try await cutTail(&generator)
        case .redisRolledBack: try await rollBack(&generator)
        case .redisEmpty: try await emptyRedis()
        case .redisGroupLost: try await loseGroup(&generator)
        case .redisAway: try await leaveRedis(&generator)
        case .redisScriptFlush: try await redisCommand("SCRIPT", "FLUSH")
        case .redisClientKill: try await killClients(&generator)
        case .redisClientPause: try await redisCommand("CLIENT", "PAUSE", "\(Int.random(in: 500...4_500, using: &generator))")
        case .redisSleep: try await sleepRedis(&generator)
        case .redisMemory: try await squeezeMemory(&generator)
        case .redisMisconf: try await failSnapshot(&generator)
        case .redisRewrite: try await beginSaving("BGREWRITEAOF")
        case .postgresKill: try await killPostgres()
        case .postgresBackends: try await terminateBackends()
        case .postgresLock: try await lockAuditTrail(&generator)
        case .postgresSlow: try await slowCommits(&generator)
        case .postgresAway: try await leavePostgres(&generator)
        case .networkDelay, .networkCut, .networkHalfOpen, .networkReset, .networkReplyLost, .networkSlices:
            try await spoilLink(fault.kind, &generator)
        case .exchangeErrors, .exchangeReplyLost, .exchangeSlow, .exchangeFeed, .loadDuplicates: try await misbehave(fault.kind, &generator)
        case .exchangeKill: try await killExchange()
        case .clockWorker: try await shiftWorkerClock(&generator)
        case .clockRedis: try await stepRedisClock(&generator)
        case .loadReplay: try await replayWindow(&generator)
        case .loadHot: try await burst(load, leader: 0, messages: 60)
        case .loadCrowd: try await burst(load, leader: ChaosCast(options: options).crowdLeader, messages: 2)
        case .loadMalformed: try await addMalformed(&generator)
        case .loadOversized: try await addOversized(&generator)
        case .loadPoison: try await addPoison(&generator)
        }
    }

    /// Longer than a lease by far enough that another has taken over.
    var longerThanLease: Duration { context.settings.pipeline.leaseTTL + .seconds(1) }

    func hold(_ range: ClosedRange<Int64>, _ generator: inout SeededGenerator) async throws {
        try await Task.sleep(for: .milliseconds(Int64.random(in: range, using: &generator)))
    }

    /// Some live process of some role; `nil` when none lives.
    func victim(_ generator: inout SeededGenerator) async -> (role: FleetRole, name: String, identity: ProcessIdentity)? {
        guard let role = FleetRole.allCases.randomElement(using: &generator) else { return nil }
        return await fleet.members(of: role.rawValue).randomElement(using: &generator).map { (role, $0.name, $0.identity) }
    }
}
