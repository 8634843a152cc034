import Foundation
import Redis
import RedisStreams

/// Faults by which Redis loses what it acknowledged. Afterwards the cell halts, and is recovered.
extension ChaosSite {
    private static let recoveryLimit = Duration.seconds(90)

    /// As after power cuts: the last piece of the file never reached the disk, and who wrote it may be gone too, so that what was torn is
    /// done again only when its lease has run out: after the next cut.
    func cutTail(_ generator: inout SeededGenerator) async throws -> String {
        let before = await recoveries
        var cuts: [String] = []
        for _ in 0..<2 {
            // mostly a torn transaction, which nothing on record may contradict, else many
            let bytes = UInt64.random(in: 1...(Int.random(in: 0..<4, using: &generator) == 0 ? 200_000 : 300), using: &generator)
            var victims: [ProcessIdentity] = []
            if Bool.random(using: &generator) {
                for role in FleetRole.allCases { victims += await fleet.members(of: role.rawValue).map(\.identity) }
            }
            try await restartRedis { directory in
                victims.forEach { $0.send(SIGKILL) }
                guard let file = try Self.newestAppendFile(in: directory) else { return }
                let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
                let size = try handle.seekToEnd()
                try handle.truncate(atOffset: size > bytes ? size - bytes : 0)
                try handle.close()
            }
            cuts.append(Format.bytes(Int64(bytes)) + (victims.isEmpty ? "" : " with all processes"))
            try await hold(500...4_000, &generator)
        }
        return "\(cuts.joined(separator: " and ")) cut off; \(try await waitUntilRecovered(since: before))"
    }

    func rollBack(_ generator: inout SeededGenerator) async throws -> String {
        let before = await recoveries
        let copy = run.path("redis-copy")
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: servers.redis.directory + "/appendonlydir", toPath: copy)
        let start = ContinuousClock.now
        try await hold(2_000...8_000, &generator)
        try await restartRedis { directory in
            try FileManager.default.removeItem(atPath: directory + "/appendonlydir")
            try FileManager.default.moveItem(atPath: copy, toPath: directory + "/appendonlydir")
        }
        return "by \(Format.time(ContinuousClock.now - start)); \(try await waitUntilRecovered(since: before))"
    }

    func emptyRedis() async throws -> String {
        let before = await recoveries
        try await restartRedis { try FileManager.default.removeItem(atPath: $0 + "/appendonlydir") }
        return try await waitUntilRecovered(since: before)
    }

    func loseGroup(_ generator: inout SeededGenerator) async throws -> String {
        let candidates = context.partitioning.all.filter { [.signals, .requests, .jobs].contains($0.stream) }
        guard let partition = candidates.randomElement(using: &generator), let group = partition.stream.groups.randomElement(using: &generator) else { return "" }
        let before = await recoveries
        _ = try await redis.send(RedisCommand("XGROUP", "DESTROY", context.keys.stream(partition), group)).checked()
        return "\(group) of \(partition.name); \(try await waitUntilRecovered(since: before))"
    }

    /// Until every partition of every stage has an owner again.
    /// - Parameter before: recoveries of before the loss.
    private func waitUntilRecovered(since before: Int) async throws -> String {
        let start = ContinuousClock.now
        // a loss that nothing on record contradicts is none that halts
        try await Task.sleep(for: .seconds(3))
        while ContinuousClock.now - start < Self.recoveryLimit {
            let status = try? await StatusReader(context, redis: redis).read()
            if let status, status.isAtWork {
                let again = await recoveries - before
                return again == 0 ? "no halt" : "recovered, all owned after \(Format.time(ContinuousClock.now - start))"
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return "not all owned after \(Format.time(Self.recoveryLimit))"
    }

    private static func newestAppendFile(in directory: String) throws -> String? {
        let folder = directory + "/appendonlydir"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".incr.aof") }
            .max { (number(of: $0), $0) < (number(of: $1), $1) }.map { folder + "/" + $0 }
    }

    /// `appendonly.aof.12.incr.aof`
    private static func number(of name: String) -> Int { name.split(separator: ".").compactMap { Int($0) }.last ?? 0 }
}
