import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Testing

@testable import HyperSim

@Suite struct ReplayEndpointTests {
    private static func withRecording(_ configuration: inout HyperSimConfiguration) {
        configuration.fillsFile = Fixture.leaderFills
        configuration.syntheticCoins = []
        configuration.replayBurstFills = 500
        configuration.replayBurstMilliseconds = 1
    }

    @Test("every leader's fills arrive complete, in recorded order, one message per recorded millisecond, at the present time")
    func replay() async throws {
        try await SimulatorFixture.run(Self.withRecording) { fixture in
            let recorded = try RecordedFills(path: Fixture.leaderFills)
            let socket = try await fixture.socket()
            let control = try await fixture.connect()
            for leader in recorded.leaders {
                try await socket.subscribe(["type": "userFills", "user": .string(leader.address)])
                #expect(try await socket.json(channel: "userFills")[path: "data", "isSnapshot"] == true)
            }
            let start = Int64(Date().timeIntervalSince1970 * 1_000)
            #expect(try await control.post("/control/replay", ["speed": "max"])["status"] == "ok")
            var lastTime = start
            for group in recorded.groups {
                let message = try await socket.json(channel: "userFills")
                #expect(message[path: "data", "user"] == .string(recorded.leaders[group.leader].address))
                let fills = message[path: "data", "fills"]
                guard fills.count == group.fills.count else {
                    Issue.record("\(fills.count) fills in place of \(group.fills.count)")
                    return
                }
                for index in group.fills.indices {
                    #expect(fills[path: .index(index), "tid"] == group.fills[index]["tid"] ?? .null)
                    let time = try fills[path: .index(index)].integer("time")
                    #expect(time >= lastTime && time <= start + 60_000)
                    lastTime = time
                }
            }
            let status = try await control.get("/control/status").json
            #expect(status[path: "replay", "state"] == "finished" && status[path: "replay", "fillsEmitted"] == 2_270)
            #expect(status["sockets"] == 1)

            let page = try await control.post("/info", ["type": "userFillsByTime", "user": .string(LeaderAddress.of("leader-9")), "startTime": 0])
            #expect(page.count == 909)
            let builder = try await control.post(
                "/info", ["type": "clearinghouseState", "user": .string(LeaderAddress.of("leader-5")), "dex": "xyz"])
            #expect(builder[path: "assetPositions"].count == 3)
            let main = try await control.post("/info", ["type": "clearinghouseState", "user": .string(LeaderAddress.of("leader-3"))])
            #expect(main[path: "assetPositions", 0, "position", "szi"] == "-187266075.0")
            #expect(main[path: "marginSummary", "accountValue"] == "200000.0")
        }
    }

    @Test("the metadata of the recording is served on both dexes")
    func metadata() async throws {
        try await SimulatorFixture.run(Self.withRecording) { fixture in
            let connection = try await fixture.connect()
            #expect(try await connection.post("/info", ["type": "perpDexs"])[path: 1, "name"] == "xyz")
            let meta = try await connection.post("/info", ["type": "meta", "dex": "xyz"])
            #expect(meta[path: "universe", 0] == ["szDecimals": 2, "name": "xyz:BRENTOIL", "maxLeverage": 10, "marginTableId": 10])
            let contexts = try await connection.post("/info", ["type": "metaAndAssetCtxs"])
            #expect(contexts[path: 0, "universe"].count == contexts[path: 1].count)
            #expect(try await connection.post("/info", ["type": "allMids", "dex": "xyz"])["xyz:CL"] != nil)
            #expect(try await connection.post("/info", ["type": "l2Book", "coin": "NOPE"]) == .null)
            let book = try await connection.post("/info", ["type": "l2Book", "coin": "kBONK", "nSigFigs": 2])
            #expect(book[path: "levels", 0, 0, "px"] == "0.0032" && book["spread"] != nil)
            let role = try await connection.post("/info", ["type": "userRole", "user": .string(SimulatorFixture.agent.address)])
            #expect(role == ["role": "agent", "data": ["user": .string(SimulatorFixture.owner.address)]])
            #expect(try await connection.post("/info", ["type": "spotMeta"])[path: "tokens", 0, "name"] == "USDC")
        }
    }

    @Test("accounts can be opened at run time, and a replaced agent is told whose it was")
    func accounts() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            let account = JSON.string("0x" + String(repeating: "c", count: 40))
            func open(_ key: SigningKey) -> JSON { ["accounts": [["account": account, "agent": .string(key.address), "balance": "50"]]] }
            let order = Signing.action(Signing.order(1, buy: true, "2010", "0.01"))
            #expect(try await connection.post("/control/accounts", open(SimulatorFixture.stranger))["accounts"] == 1)
            var signing = Signing(key: SimulatorFixture.stranger)
            #expect(try await connection.request("POST", "/exchange", try signing.sign(order)).json["status"] == "ok")
            let replacement = try SigningKey(bytes: [UInt8](repeating: 12, count: 32))
            _ = try await connection.post("/control/accounts", open(replacement))
            let refused = try await connection.request("POST", "/exchange", try signing.sign(order)).json
            #expect(refused["response"] == .string("Must deposit before performing actions. User: \(try account.asString())"))
            var successor = Signing(key: replacement)
            #expect(try await connection.request("POST", "/exchange", try successor.sign(order)).json["status"] == "ok")
            let other = JSON.string("0x" + String(repeating: "e", count: 40))
            let second: JSON = ["accounts": [["account": other, "agent": .string(replacement.address), "balance": "1"]]]
            let taken = try await connection.request("POST", "/control/accounts", second.text())
            #expect(taken.status == 400 && taken.body.contains("already signs for"))
        }
    }
}
