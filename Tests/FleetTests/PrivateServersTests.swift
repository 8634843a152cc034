import Foundation
import Logging
import Postgres
import Redis
import Testing

@testable import vibe

@Suite("Private servers")
struct PrivateServersTests {
    private let logger = CommandLogger.make("test")

    private func connect(_ redis: PrivateRedis) throws -> RedisConnection {
        RedisConnection(endpoint: try RedisEndpoint(parsing: redis.url), timeout: .seconds(2), name: "test", logger: logger)
    }

    @Test("a private Redis keeps its data, evicts nothing, and is reached through its socket only")
    func redis() async throws {
        try await withRun { run in
            let first = try await PrivateRedis.start(in: run, logger: logger)
            var connection = try connect(first)
            let replies = try await connection.send([
                RedisCommand("SET", "a", "1"), RedisCommand("CONFIG", "GET", "maxmemory-policy"), RedisCommand("CONFIG", "GET", "appendfsync"),
                RedisCommand("CONFIG", "GET", "port"), RedisCommand("CONFIG", "GET", "save"),
            ])
            #expect(replies[1].pairs["maxmemory-policy"]?.text == "noeviction")
            #expect(replies[2].pairs["appendfsync"]?.text == "everysec")
            #expect(replies[3].pairs["port"]?.text == "0")
            #expect(replies[4].pairs["save"]?.text == "")
            await connection.close()
            await first.stop()
            #expect(!first.child.identity.isAlive)

            let second = try await PrivateRedis.start(in: run, logger: logger)
            connection = try connect(second)
            #expect(try await connection.send(RedisCommand("GET", "a")).text == "1")
            await connection.close()
            await second.stop()
        }
    }

    @Test("an append-only file that ends inside a transaction is cut back to the last whole one before Redis starts on it")
    func tornAppendOnlyFile() async throws {
        try await withRun { run in
            let first = try await PrivateRedis.start(in: run, logger: logger)
            var connection = try connect(first)
            _ = try await connection.send(RedisCommand("SET", "whole", "1"))
            await connection.close()
            await first.stop()
            let directory = run.path("redis/appendonlydir")
            let name = try #require(FileManager.default.contentsOfDirectory(atPath: directory).first { $0.hasSuffix(".incr.aof") })
            let file = directory + "/" + name
            let whole = try #require(FileManager.default.contents(atPath: file))
            let torn = whole + Data("*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1\r\n1\r\n*1\r\n$4\r\nEX".utf8)
            try torn.write(to: URL(fileURLWithPath: file))

            let second = try await PrivateRedis.start(in: run, logger: logger)
            connection = try connect(second)
            #expect(try await connection.send(RedisCommand("GET", "whole")).text == "1")
            #expect(try await connection.send(RedisCommand("EXISTS", "half")).integer == 0)
            await connection.close()
            await second.stop()
            let repaired = try #require(FileManager.default.contents(atPath: file))
            #expect(!String(decoding: repaired, as: UTF8.self).contains("MULTI"))
        }
    }

    @Test("a private Postgres has its database, is durable, and is reached through its socket only")
    func postgres() async throws {
        try await withRun { run in
            let first = try await PrivatePostgres.start(in: run)
            var connection = PostgresConnection(url: first.url, name: "test", logger: logger)
            try await connection.execute(script: "CREATE TABLE kept (n integer); INSERT INTO kept VALUES (1)")
            let settings = try await connection.query(
                "SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS addresses, current_database() AS name")[0]
            #expect(try settings.text("fsync") == "on")
            #expect(try settings.text("addresses") == "")
            #expect(try settings.text("name") == "vibe")
            await connection.close()
            await first.stop()
            #expect(!first.child.identity.isAlive)

            let second = try await PrivatePostgres.start(in: run)
            connection = PostgresConnection(url: second.url, name: "test", logger: logger)
            #expect(try await connection.query("SELECT n FROM kept")[0].integer("n") == 1)
            await connection.close()
            await second.stop()
        }
    }

    @Test("vibe demo clears what a demo has stored, and refuses a directory where another fleet has")
    func demo() async throws {
        try await withRun { run in
            #expect(!run.holdsOtherFleet)
            let kept = run.path("postgres/data/PG_VERSION")
            try FileManager.default.makeDirectory(run.path("postgres/data"), mode: 0o700)
            try FileManager.default.writeFile(kept, "15\n")
            var terminal = OperatorTerminal(folder: run.path, environment: ["VIBE_RUN_DIRECTORY": run.path])
            for arguments in [["demo"], ["demo", "--resume"]] {
                let refused = try await terminal.vibe(arguments)
                #expect(refused.code == 64 && refused.text.contains("next: VIBE_RUN_DIRECTORY="), "\(refused)")
            }
            #expect(FileManager.default.fileExists(atPath: kept))
            let seed = try DemoFiles.seed(in: run)
            #expect(!run.holdsOtherFleet)
            #expect(try DemoFiles.seed(in: run) == seed)
        }
    }

    @Test("a run directory whose path is too long for a socket works all the same")
    func longPath() async throws {
        try await withScratch { path in
            let run = RunDirectory(path + "/" + String(repeating: "long/", count: 20) + "run")
            try run.create()
            let servers = try await FleetServers.start(in: run, logger: logger)
            let connection = try connect(servers.redis)
            #expect(try await connection.send(RedisCommand("PING")).text == "PONG")
            await connection.close()
            let postgres = PostgresConnection(url: servers.postgres.url, name: "test", logger: logger)
            #expect(try await postgres.query("SELECT 1 AS one")[0].integer("one") == 1)
            await postgres.close()
            await servers.stop()
            try run.clear()
        }
    }
}
