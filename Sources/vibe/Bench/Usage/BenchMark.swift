import Redis
import RedisStreams

/// Everything that counts up, at one moment. Two of them make a measurement.
struct BenchMark: Sendable {
    let counters: StreamCounters
    let redis: RedisUsage
    let machine: MachineUsage?
    /// By name: the fleet's processes, `redis`, `postgres` with its backends, and this program as `bench`.
    let processes: [String: ResourceUsage]

    static func take(_ fleet: Fleet, _ servers: FleetServers, _ redis: RedisConnection, _ keys: Keys) async throws -> BenchMark {
        // the counters first: their time is the mark's, and the rest takes some milliseconds
        let counters = try await StreamCounters.read(redis, keys)
        let redisUsage = try await RedisUsage.read(redis)
        let machine = MachineUsage.read()
        var processes: [String: ResourceUsage] = [:]
        for (pid, name) in await fleet.pids { processes[name] = ResourceUsage.process(pid) }
        processes["redis"] = ResourceUsage.process(servers.redis.child.pid)
        processes["postgres"] = ResourceUsage.family(servers.postgres.child.pid)
        processes["bench"] = ResourceUsage.ofThisProcess
        return BenchMark(counters: counters, redis: redisUsage, machine: machine, processes: processes)
    }
}

/// What happened between two marks.
struct BenchWindow: Sendable {
    let from: BenchMark
    let to: BenchMark

    var microseconds: Int64 { max(1, to.counters.time - from.counters.time) }

    func contains(milliseconds: Int64) -> Bool { (from.counters.time..<to.counters.time).contains(milliseconds * 1_000) }

    /// Processor time in the window and memory at its end, in the order in which a copy passes the processes.
    var processes: [(name: String, usage: ResourceUsage)] {
        to.processes.map { name, usage in
            (name, ResourceUsage(cpu: usage.cpu - (from.processes[name]?.cpu ?? 0), memory: usage.memory))
        }.sorted { Self.precedes($0.name, $1.name) }
    }

    /// Processor time of each stage, servers included.
    var stages: [(name: String, cpu: Int64)] {
        var stages: [(name: String, cpu: Int64)] = []
        for (name, usage) in processes {
            let stage = Self.stage(name)
            if stages.last?.name == stage { stages[stages.count - 1].cpu += usage.cpu } else { stages.append((stage, usage.cpu)) }
        }
        return stages
    }

    var redis: RedisUsage { to.redis.since(from.redis) }

    /// Processors' time, all together: used by anyone, and taken away by the hypervisor.
    var machine: (busy: Int64, stolen: Int64)? {
        guard let from = from.machine, let to = to.machine else { return nil }
        return (to.busy - from.busy, to.stolen - from.stolen)
    }

    /// `work-2` → `work`.
    static func stage(_ process: String) -> String { String(process.prefix { $0 != "-" }) }

    /// In the order in which a copy passes them.
    static func precedes(_ a: String, _ b: String) -> Bool { (rank(a), a) < (rank(b), b) }

    private static func rank(_ process: String) -> Int {
        let order = FleetRole.allCases.map(\.rawValue) + ["redis", "postgres", "sim", "bench"]
        return order.firstIndex(of: stage(process)) ?? order.count
    }
}
