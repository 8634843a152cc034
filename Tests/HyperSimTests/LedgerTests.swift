import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Testing

@testable import HyperSim

@Suite struct LedgerTests {
    @Test("a restarted simulator has the accounts, positions, balances, orders and nonces it had, and goes on with new ids")
    func restart() async throws {
        let directory = Fixture.directory()
        defer { Fixture.remove(directory) }
        var signing = Signing()
        let used = try await SimulatorFixture.run(in: directory) { fixture in
            let connection = try await fixture.connect()
            let opened = JSON.string("0x" + String(repeating: "c", count: 40))
            _ = try await connection.post(
                "/control/accounts", ["accounts": [["account": opened, "agent": .string(SimulatorFixture.stranger.address), "balance": "77"]]])
            for (order, number) in [
                (Signing.order(0, buy: true, "50100", "0.03", cloid: Signing.cloid(1)), 1),
                (Signing.order(0, buy: false, "49900", "0.01"), 2),
                (Signing.order(1, buy: true, "1900", "0.5", "Gtc", cloid: Signing.cloid(3)), 3),
                (Signing.order(1, buy: true, "1800", "0.5", "Gtc"), 4),
                (Signing.order(0, buy: false, "55000", "0.02", "Gtc", reduceOnly: true), 5),
                (Signing.order(1, buy: true, "1.5", "0.1"), 6),
                (Signing.order(1, buy: false, "1990", "0.2"), 7),
            ] {
                let answer = try await connection.request("POST", "/exchange", try signing.sign(Signing.action(order))).json
                #expect(answer["status"] == "ok", "\(number)")
                if number == 4 {
                    let oid = answer[path: "response", "data", "statuses", 0, "resting", "oid"]
                    let cancel: JSON = ["type": "cancel", "cancels": [["a": 1, "o": oid]]]
                    _ = try await connection.request("POST", "/exchange", try signing.sign(cancel))
                }
            }
            for leverage: Int64 in [7, 99] {
                let change: JSON = ["type": "updateLeverage", "asset": 1, "isCross": true, "leverage": .integer(leverage)]
                _ = try await connection.request("POST", "/exchange", try signing.sign(change))
            }
            let leader = JSON.string(SimulatorFixture.leader)
            // The leader's trade reaches the resting buy at 1900.
            _ = try await connection.post("/control/fills", ["user": leader, "fills": [["coin": "ETH", "px": "1850", "sz": "4", "side": "A"]]])
            return try await Self.view(connection)
        }
        try await SimulatorFixture.run(in: directory) { fixture in
            let connection = try await fixture.connect()
            let again = try await Self.view(connection)
            for (name, value) in used { #expect(again[name] == value, "\(name)") }
            let duplicate = try await connection.request("POST", "/exchange", try signing.repeated(["type": "noop"])).json
            #expect(duplicate["response"] == .string("Invalid nonce: duplicate nonce \(signing.nonce)"))
            let lastOid = try fixture.ledger.compactMap { try? $0.integer("oid") }.max()!
            let action = Signing.action(Signing.order(0, buy: true, "50100", "0.01"))
            let answer = try await connection.request("POST", "/exchange", try signing.sign(action)).json
            #expect(try answer[path: "response", "data", "statuses", 0, "filled"].integer("oid") > lastOid)
            let fills = try await connection.post("/info", ["type": "userFills", "user": .string(SimulatorFixture.owner.address)])
            #expect(Set(try fills.map { fill throws(JSONError) in try fill.integer("tid") }).count == fills.count)
        }
    }

    private static func view(_ connection: RawConnection) async throws -> [String: JSON] {
        let user = JSON.string(SimulatorFixture.owner.address)
        var view: [String: JSON] = [:]
        for type in ["userFills", "openOrders", "userRateLimit"] {
            view[type] = try await connection.post("/info", ["type": .string(type), "user": user])
        }
        view["state"] = try await connection.post("/info", ["type": "clearinghouseState", "user": user])["assetPositions"]
        view["summary"] = try await connection.post("/info", ["type": "clearinghouseState", "user": user])["marginSummary"]
        for number in [1, 3] {
            view["cloid \(number)"] = try await connection.post("/info", ["type": "orderStatus", "user": user, "oid": .string(Signing.cloid(number))])
        }
        view["mids"] = try await connection.post("/info", ["type": "allMids"])
        let leader = JSON.string(SimulatorFixture.leader)
        view["leader"] = try await connection.post("/info", ["type": "userFills", "user": leader])
        view["leader state"] = try await connection.post("/info", ["type": "clearinghouseState", "user": leader])["assetPositions"]
        view["opened"] = try await connection.post(
            "/info", ["type": "clearinghouseState", "user": .string("0x" + String(repeating: "c", count: 40))])["marginSummary"]
        return view
    }

    @Test("an interrupted replay goes on after the last published group when the simulator is restarted")
    func replayResumes() async throws {
        let directory = Fixture.directory()
        defer { Fixture.remove(directory) }
        func change(_ configuration: inout HyperSimConfiguration) {
            configuration.fillsFile = Fixture.leaderFills
            configuration.syntheticCoins = []
            configuration.replayBurstFills = 20
        }
        let first = try await SimulatorFixture.run(in: directory, change) { fixture in
            let connection = try await fixture.connect()
            _ = try await connection.post("/control/replay", ["speed": "max"])
            return try await connection.get("/control/status").json[path: "replay", "fillsEmitted"].asInteger()
        }
        #expect(first > 0 && first < 2_270)
        try await SimulatorFixture.run(in: directory, change) { fixture in
            let connection = try await fixture.connect()
            let emitted = try await connection.get("/control/status").json[path: "replay", "fillsEmitted"].asInteger()
            #expect(emitted >= first && emitted < 2_270)
            _ = try await connection.post("/control/replay", ["speed": "max"])
            while try await connection.get("/control/status").json[path: "replay", "state"] != "finished" { await Task.yield() }
            var tids: Set<Int64> = []
            for leader in ["leader-10", "leader-2", "leader-3", "leader-4", "leader-5", "leader-9"] {
                let fills = try await connection.post("/info", ["type": "userFills", "user": .string(LeaderAddress.of(leader))])
                for fill in try fills.asArray() {
                    let isNew = tids.insert(try fill.integer("tid")).inserted
                    #expect(isNew)
                }
            }
            #expect(tids.count == 2_270)
        }
    }

    @Test("the ledger can be downloaded while orders go on, and a second simulator may not use its directory")
    func download() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            for number in 0..<600 {
                let order = Signing.order(1, buy: number % 2 == 0, number % 2 == 0 ? "2010" : "1990", "0.01", cloid: Signing.cloid(number))
                try await connection.send("POST", "/exchange", try signing.sign(Signing.action(order)))
            }
            for _ in 0..<600 { _ = try await connection.response() }
            let response = try await connection.get("/control/ledger")
            #expect(response.body == (try String(contentsOfFile: fixture.directory + "/ledger.jsonl", encoding: .utf8)))
            #expect(response.body.split(separator: "\n").count { !$0.contains(#""type":"deposit""#) } == 600)
            await #expect(throws: HyperSimError.self) { try await SimulatorFixture.run(in: fixture.directory) { _ in } }
        }
    }

    @Test("a line torn by a crash is cut off, a damaged one stops the start")
    func tornLine() async throws {
        let directory = Fixture.directory()
        defer { Fixture.remove(directory) }
        var signing = Signing()
        try await SimulatorFixture.run(in: directory) { fixture in
            let connection = try await fixture.connect()
            _ = try await connection.request("POST", "/exchange", try signing.sign(["type": "noop"]))
        }
        let path = directory + "/ledger.jsonl"
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        try (whole + #"{"timeMs":17"#).write(toFile: path, atomically: false, encoding: .utf8)
        try await SimulatorFixture.run(in: directory) { fixture in
            let lines = try fixture.ledger
            #expect(lines.count == 1)
        }
        try (whole + "{\"timeMs\":17\n").write(toFile: path, atomically: false, encoding: .utf8)
        await #expect(throws: HyperSimError.self) { try await SimulatorFixture.run(in: directory) { _ in } }
        try whole.write(toFile: path, atomically: false, encoding: .utf8)
        let inputs = directory + "/inputs.jsonl"
        let written = try String(contentsOfFile: inputs, encoding: .utf8)
        try (written + "{\"timeMs\":17}\n").write(toFile: inputs, atomically: false, encoding: .utf8)
        await #expect(throws: HyperSimError.self) { try await SimulatorFixture.run(in: directory) { _ in } }
    }

    @Test("what a crash left out of the ledger is written on the next start, and a ledger that was altered stops it")
    func ledgerFollowsInputs() async throws {
        let directory = Fixture.directory()
        defer { Fixture.remove(directory) }
        var signing = Signing()
        try await SimulatorFixture.run(in: directory) { fixture in
            let connection = try await fixture.connect()
            for number in 0..<20 {
                let order = Signing.order(1, buy: number % 2 == 0, number % 2 == 0 ? "2010" : "1990", "0.1", number % 5 == 4 ? "Gtc" : "Ioc")
                _ = try await connection.request("POST", "/exchange", try signing.sign(Signing.action(order)))
            }
        }
        let path = directory + "/ledger.jsonl"
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        let half = whole.split(separator: "\n").prefix(7).map { $0 + "\n" }.joined()
        try half.write(toFile: path, atomically: false, encoding: .utf8)
        try await SimulatorFixture.run(in: directory) { _ in }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == whole)
        try whole.replacingOccurrences(of: "\"sz\":\"0.1\"", with: "\"sz\":\"0.2\"").write(toFile: path, atomically: false, encoding: .utf8)
        await #expect(throws: HyperSimError.self) { try await SimulatorFixture.run(in: directory) { _ in } }
    }

    @Test("when the ledger cannot be written nobody is answered and the simulator ends with the error")
    func fullDisk() async throws {
        let directory = Fixture.directory()
        defer { Fixture.remove(directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: directory + "/ledger.jsonl", withDestinationPath: "/dev/full")
        try await SimulatorFixture.run(in: directory, { $0.accountsFile = nil }) { fixture in
            let connection = try await fixture.connect()
            let accounts: JSON = ["accounts": [["account": .string(SimulatorFixture.owner.address), "agent": .string(SimulatorFixture.agent.address), "balance": "1"]]]
            try await connection.send("POST", "/control/accounts", accounts.text())
            await #expect(throws: RawConnection.Closed.self) { try await connection.response() }
            await #expect(throws: HyperSimError.self) { try await fixture.server.waitUntilStopped() }
        }
    }

    @Test("lines are found whole across read boundaries")
    func lines() throws {
        let directory = Fixture.directory()
        defer { Fixture.remove(directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let path = directory + "/lines.jsonl"
        let file = try JournalFile(path: path)
        let expected = (0..<60_000).map { "line \($0) " + String(repeating: "x", count: $0 % 90) }
        for line in expected {
            file.append { writer in
                writer.raw(Array(line.utf8))
                writer.raw("\n")
            }
        }
        try file.flush(sync: true)
        var read: [String] = []
        try file.forEachLine { number, line throws(HyperSimError) in
            read.append(String(decoding: line, as: UTF8.self))
            guard number == read.count else { throw .ledger("numbered wrongly") }
        }
        #expect(read == expected)
    }
}
