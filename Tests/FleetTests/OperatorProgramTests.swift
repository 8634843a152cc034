import Foundation
import JSON
import Redis
import RedisStreams
import Testing

@testable import vibe

/// What a person does about a fleet in trouble, with the real program: its exit codes, what it prints, and what the fleet makes of it.
@Suite("Commands for a fleet in trouble", .serialized)
struct OperatorProgramTests {
    @Test("a lost Redis: the cell is halted until `vibe recover --yes`, which says what it writes, and does nothing twice")
    func recover() async throws {
        try await RealFleet.run { site in
            let roles = ["match", "plan", "work", "audit"]
            for role in roles { try await site.fleet.start(role) }
            for role in roles { try await site.eventually("\(role)-1") { $0.state == .ok } }
            var terminal = site.terminal
            let fit = try await terminal.vibe("recover", "--dry-run")
            #expect(fit.code == 0 && fit.text.contains("not halted"), "\(fit)")

            site.redis.child.identity.send(SIGKILL)
            try await site.eventually("Redis has ended") { site.redis.child.poll() != nil }
            try FileManager.default.removeItem(atPath: site.redis.directory + "/appendonlydir")
            let second = try await PrivateRedis.start(in: site.run, logger: RealFleet.logger)
            for role in roles { try await site.eventually("\(role)-1") { $0.httpStatus == 503 } }

            let looked = try await terminal.vibe("recover", "--dry-run")
            #expect(looked.code == 1 && looked.text.contains("HALTED") && looked.text.contains("vibe recover --yes"), "\(looked)")
            #expect(try await terminal.vibe("recover", "--dry-run").code == 1, "looking changes nothing")
            let done = try await terminal.vibe("recover", "--yes")
            #expect(done.code == 0 && done.text.contains("recovered: the cell runs"), "\(done)")
            for role in roles { try await site.eventually("\(role)-1") { $0.state == .ok } }
            let again = try await terminal.vibe("recover", "--yes", "--json")
            let report = try JSON.parse(again.text.split(separator: "\n").last.map(String.init) ?? "")
            #expect(again.code == 0 && report["recovered"] == false && report["halted"] == nil, "\(again)")
            await second.stop()
        }
    }

    @Test("a cell is not at work on a Redis whose new start nobody has seen, whatever the leases in it say")
    func unseenStart() async throws {
        try await RealFleet.run { site in
            let roles = ["ingest", "match", "plan", "work", "audit"]
            for role in roles { try await site.fleet.start(role) }
            let context = OperatorContext(settings: site.settings, logger: RealFleet.logger)
            func isAtWork() async throws -> Bool {
                let redis = try context.redis("status")
                let status = try? await StatusReader(context, redis: redis).read()
                await redis.close()
                return status?.isAtWork ?? false
            }
            try await site.eventually("all partitions are owned") { try await isAtWork() }
            let processes = roles.compactMap { site.identity("\($0)-1") }
            for process in processes { try await site.pause(process) }
            site.redis.child.identity.send(SIGKILL)
            try await site.eventually("Redis has ended") { site.redis.child.poll() != nil }
            let second = try await PrivateRedis.start(in: site.run, logger: RealFleet.logger)
            #expect(try await !isAtWork())
            for process in processes { process.send(SIGCONT) }
            try await site.eventually("it is seen, and worked with") { try await isAtWork() }
            await second.stop()
        }
    }

    @Test("a dead letter is listed, shown, kept without --yes, dropped with its reason on record, and then gone")
    func deadLetters() async throws {
        try await RealFleet.run { site in
            for role in ["match", "audit"] { try await site.fleet.start(role) }
            for role in ["match", "audit"] { try await site.eventually("\(role)-1") { $0.state == .ok } }
            var terminal = site.terminal
            #expect(try await terminal.vibe("dlq", "list").text.contains("no dead letters"))

            let context = OperatorContext(settings: site.settings, logger: RealFleet.logger)
            let redis = try context.redis("test")
            let stream = context.keys.stream(StreamPartition(.signals, 0))
            _ = try await redis.send(RedisCommand("XADD", stream, "*", "id", "by-hand", "data", "{")).checked()
            let box = DeadLetterBox(redis: redis, keys: context.keys)
            try await site.eventually("it is put aside") { try await box.count() == 1 }
            let id = try #require(try await box.read().first).id

            let listed = try await terminal.vibe("dlq")
            #expect(listed.code == 0 && listed.text.contains(id) && listed.text.contains("malformed"), "\(listed)")
            let shown = try await terminal.vibe("dlq", "show", id, "--json")
            #expect(shown.code == 0 && shown.text.contains("by-hand"), "\(shown)")
            #expect(try await terminal.vibe("dlq", "show", "1-1").code == 64)
            let asked = try await terminal.vibe("dlq", "drop", id, "--reason", "typed in by hand")
            #expect(asked.code == 0 && asked.text.contains("without --yes nothing was done"), "\(asked)")
            #expect(try await box.count() == 1)
            try await site.eventually("the trail has it, and it is dropped") {
                try await terminal.vibe("dlq", "drop", id, "--reason", "typed in by hand", "--yes").code == 0
            }
            #expect(try await box.count() == 0)
            let twice = try await terminal.vibe("dlq", "drop", id, "--reason", "typed in by hand", "--yes")
            #expect(twice.code == 0 && twice.text.contains("was decided before"), "\(twice)")
            await redis.close()
        }
    }

    @Test("R-84: the kill switch closes while Postgres is away, says that it is not on record, and opens only when it is")
    func kill() async throws {
        try await RealFleet.run { site in
            try await site.fleet.start("plan")
            try await site.eventually("plan-1") { $0.state == .ok }
            try await site.stopPostgres()
            var terminal = site.terminal
            for option in ["--influencer", "--subscriber", "--subscription", "--coin"] {
                let empty = try await terminal.vibe("kill", "1", option, "", "--reason", "a variable was not set")
                #expect(empty.code == 64 && empty.text.contains(":\" names nothing"), "\(empty)")
            }
            let closed = try await terminal.vibe("kill", "2", "--reason", "the database is gone")
            #expect(closed.code == 0 && closed.text.contains("not on record yet") && closed.text.contains("next:"), "\(closed)")
            try await site.eventually("the planner follows") { site.log(of: "plan-1").contains("the database is gone") }
            let shown = try await terminal.vibe("kill")
            #expect(shown.code == 0 && shown.text.contains("2 wind-down"), "\(shown)")
            let opened = try await terminal.vibe("kill", "0", "--reason", "never mind")
            #expect(opened.code == 69 && opened.text.contains("Postgres"), "\(opened)")

            try await site.startPostgres()
            try await site.eventually("the planner has put it on record") {
                let known = try await terminal.vibe("kill")
                return known.code == 0 && known.text.contains("2 wind-down") && !known.text.contains("not on record")
            }
            let misspelt = try await terminal.vibe("kill", "4", "--subscriber", "nobody", "--reason", "x")
            #expect(misspelt.code == 64 && misspelt.text.contains("subscriber:nobody is not configured"), "\(misspelt)")
            #expect(try await terminal.vibe("kill", "0", "--reason", "all is well").code == 0)
            #expect(try await terminal.vibe("kill").text.contains("nothing is latched"))

            let context = OperatorContext(settings: site.settings, logger: RealFleet.logger)
            let redis = try context.redis("test")
            _ = try await redis.send(RedisCommand("HSET", context.keys.quotes, "kPEPE", "0.01 0.02 0.01 - 1795240482390")).checked()
            let record = #"{"id":0,"scope":"coin:","level":1,"reason":"x","by":"operator","atMs":1}"#
            _ = try await redis.send(RedisCommand("HSET", context.keys.latches, "provisional:coin:", record)).checked()
            let unreadable = try await terminal.vibe("kill")
            #expect(unreadable.code == 0 && unreadable.text.contains("\"coin:\" is no scope"), "\(unreadable)")
            _ = try await redis.send(RedisCommand("HDEL", context.keys.latches, "provisional:coin:")).checked()
            await redis.close()
            let unknown = try await terminal.vibe("kill", "1", "--coin", "KPEPE", "--reason", "x")
            #expect(unknown.code == 0 && unknown.text.contains("quoted no market KPEPE"), "\(unknown)")
            let quoted = try await terminal.vibe("kill", "1", "--coin", "kPEPE", "--reason", "x")
            #expect(quoted.code == 0 && !quoted.text.contains("quoted no market"), "\(quoted)")
        }
    }
}
