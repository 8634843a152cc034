import Foundation
import Redis
import RedisStreams

/// Faults of Redis that lose nothing.
extension ChaosSite {
    func redisCommand(_ words: String...) async throws -> String {
        _ = try await redis.send(RedisCommand(words)).checked()
        return words.joined(separator: " ")
    }

    private static let savingLimit = Duration.seconds(30)
    private static let healingLimit = Duration.seconds(30)

    /// What heals must get through, also when another fault has just taken the connection.
    private func insist(_ words: String...) async throws {
        let limit = ContinuousClock.now + Self.healingLimit
        while true {
            let answer: Result<RedisValue, any Error>
            do { answer = .success(try await redis.send(RedisCommand(words)).checked()) } catch { answer = .failure(error) }
            guard case .failure(let error) = answer, StartWait.isOutage(error), ContinuousClock.now < limit else {
                _ = try answer.get()
                return
            }
            await Pause.uncancelled(.milliseconds(200))
        }
    }

    /// Begins a snapshot or a rewrite, once no other is under way.
    func beginSaving(_ command: String) async throws -> String {
        let limit = ContinuousClock.now + Self.savingLimit
        while true {
            let answer = try await redis.send(RedisCommand(command))
            guard let error = answer.error, error.contains("in progress") || error.contains("child process"), ContinuousClock.now < limit else {
                _ = try answer.checked()
                return command
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    func killRedis(_ generator: inout SeededGenerator) async throws -> String {
        let start = ContinuousClock.now
        try await restartRedis()
        return "back after \(Format.time(ContinuousClock.now - start))"
    }

    /// Long enough that every process must have noticed.
    func leaveRedis(_ generator: inout SeededGenerator) async throws -> String {
        let away = Duration.milliseconds(Int64.random(in: 18_000...24_000, using: &generator))
        try await restartRedis(away: away)
        return "for \(Format.time(away))"
    }

    func killClients(_ generator: inout SeededGenerator) async throws -> String {
        let times = Int.random(in: 1...5, using: &generator)
        for _ in 0..<times {
            _ = try await redis.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")).checked()
            try await hold(50...500, &generator)
        }
        return "\(times) times"
    }

    /// The process is stopped: connections stay open, and nothing is answered.
    func sleepRedis(_ generator: inout SeededGenerator) async throws -> String {
        let identity = servers.redis.child.identity
        let start = ContinuousClock.now
        identity.send(SIGSTOP)
        defer { identity.send(SIGCONT) }
        try await hold(500...4_000, &generator)
        return "for \(Format.time(ContinuousClock.now - start))"
    }

    func squeezeMemory(_ generator: inout SeededGenerator) async throws -> String {
        let limit = try await redis.send(RedisCommand("CONFIG", "GET", "maxmemory")).checked().pairs["maxmemory"]?.text ?? "0"
        let info = try await redis.send(RedisCommand("INFO", "memory")).checked().text ?? ""
        let used = info.split(separator: "\r\n").first { $0.hasPrefix("used_memory:") }.flatMap { Int($0.dropFirst(12)) } ?? 0
        _ = try await redis.send(RedisCommand("CONFIG", "SET", "maxmemory", "\(max(1, used - 1 << 20))")).checked()
        do { try await hold(2_000...6_000, &generator) } catch {
            try? await insist("CONFIG", "SET", "maxmemory", limit)
            throw error
        }
        try await insist("CONFIG", "SET", "maxmemory", limit)
        return "\(Format.bytes(Int64(used))) in use, a megabyte too much"
    }

    /// A directory in the snapshot's place makes it fail; with a snapshot rule set Redis then refuses every write.
    func failSnapshot(_ generator: inout SeededGenerator) async throws -> String {
        let obstacle = servers.redis.directory + "/dump.rdb"
        try? FileManager.default.removeItem(atPath: obstacle)
        try FileManager.default.createDirectory(atPath: obstacle + "/obstacle", withIntermediateDirectories: true)
        _ = try await redis.send(RedisCommand("CONFIG", "SET", "save", "86400 1")).checked()
        _ = try await beginSaving("BGSAVE")
        do { try await hold(2_000...6_000, &generator) } catch {
            try? await healSnapshot(obstacle)
            throw error
        }
        try await healSnapshot(obstacle)
        return "writes refused with MISCONF"
    }

    private func healSnapshot(_ obstacle: String) async throws {
        try FileManager.default.removeItem(atPath: obstacle)
        try await insist("CONFIG", "SET", "save", "")
        _ = try await beginSaving("BGSAVE")
    }
}
