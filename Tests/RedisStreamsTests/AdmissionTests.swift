import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct AdmissionTests {
    private func load(_ backlog: Int64 = 0, memory: Int64 = 0) -> PipelineLoad {
        PipelineLoad(backlog: backlog, usedMemory: memory * 10, maximumMemory: 1_000)
    }

    @Test("levels come at their limits and go well below them")
    func levels() {
        var admission = Admission(Admission.Limits(backlog: 100))
        let steps: [(PipelineLoad, Admission.Level)] = [
            (load(99, memory: 69), .open), (load(100), .shedding), (load(51), .shedding), (load(50), .open),
            (load(memory: 70), .shedding), (load(memory: 66), .shedding), (load(memory: 65), .open),
            (load(memory: 85), .closing), (load(memory: 81), .closing), (load(memory: 80), .shedding), (load(memory: 84), .shedding),
            (load(60, memory: 60), .shedding), (load(50, memory: 60), .open), (load(1_000, memory: 99), .closing),
        ]
        for (index, (load, level)) in steps.enumerated() {
            let before = admission.level
            #expect(admission.update(load) == (level != before), "step \(index)")
            #expect(admission.level == level, "step \(index)")
        }
    }

    @Test("a Redis without a limit is never full")
    func unlimited() {
        var admission = Admission(Admission.Limits(backlog: 100))
        admission.update(PipelineLoad(backlog: 0, usedMemory: .max, maximumMemory: 0))
        #expect(admission.level == .open)
    }

    @Test("the load is what the stages have before them: the audit's entries do not count, done ones do not")
    func read() async throws {
        let cell = try await Cell(.plain)
        let jobs = StreamPartition(.jobs, 0)
        for (name, count) in [("execution_jobs:00", 5), ("execution_jobs:01", 2), ("influencer_signals:00", 4), ("execution_results:00", 100), ("dead_letters", 9)] {
            _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.sequence, name, "\(count)")).checked()
        }
        for (name, count) in [("execution_jobs:00|worker", 3), ("execution_jobs:00|audit", 5), ("influencer_signals:00|matcher", 4)] {
            _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.acknowledged, name, "\(count)")).checked()
        }
        let load = try await PipelineLoad.read(cell.redis, cell.keys)
        #expect(load.backlog == 4)
        #expect(load.usedMemory > 0)
        #expect(jobs.name == "execution_jobs:00")
    }
}
