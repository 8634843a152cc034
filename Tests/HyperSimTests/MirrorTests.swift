import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Logging
import Testing

@testable import HyperSim

/// One simulator mirrors another: the same code that mirrors the real exchange.
@Suite struct MirrorTests {
    /// Runs `body` with a simulator and its mirror, which follows it meanwhile.
    private func run(_ body: @escaping @Sendable (SimulatorFixture, SimulatorFixture) async throws -> Void) async throws {
        try await SimulatorFixture.run { original in
            try await SimulatorFixture.run({
                $0.mirror = "http://127.0.0.1:\(original.port)"
                $0.syntheticCoins = []
                $0.syntheticLeaders = []
            }) { mirror in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        do { try await mirror.server.runMirror() } catch is CancellationError {}
                        return false
                    }
                    group.addTask {
                        try await body(original, mirror)
                        return true
                    }
                    while let isDone = try await group.next(), !isDone {}
                    group.cancelAll()
                }
            }
        }
    }

    @Test("books and trades of the mirrored exchange appear, and orders fill at its prices")
    func markets() async throws {
        try await run { original, mirror in
            let there = try await original.connect()
            let here = try await mirror.connect()
            #expect(try await here.post("/info", ["type": "meta"]) == there.post("/info", ["type": "meta"]))
            let trades = try await mirror.socket()
            try await trades.subscribe(["type": "trades", "coin": "ETH"])
            _ = try await trades.json(channel: "subscriptionResponse")
            let books = try await mirror.socket()
            try await books.subscribe(["type": "bbo", "coin": "ETH"])

            _ = try await there.post("/control/prices", ["coin": "ETH", "mid": "2100"])
            while try await books.json(channel: "bbo")[path: "data", "bbo", 1, "px"] != "2100.5" {}
            let shown = try await there.post("/info", ["type": "l2Book", "coin": "ETH"])
            let book = try await here.post("/info", ["type": "l2Book", "coin": "ETH"])
            #expect(book[path: "levels", 1, 0] == shown[path: "levels", 1, 0] && book[path: "levels", 0, 0] == shown[path: "levels", 0, 0])

            var signing = Signing()
            let answer = try await here.request("POST", "/exchange", try signing.sign(Signing.action(Signing.order(1, buy: true, "2200", "1")))).json
            #expect(answer[path: "response", "data", "statuses", 0, "filled", "avgPx"] == "2100.5")
            #expect(try await trades.json(channel: "trades")[path: "data", 0, "users", 0] == .string(SimulatorFixture.owner.address))

            let leader = JSON.string(SimulatorFixture.leader)
            _ = try await there.post("/control/fills", ["user": leader, "fills": [["coin": "ETH", "px": "2101", "sz": "3", "side": "B"]]])
            let mirrored = try await trades.json(channel: "trades")
            let original = try await there.post("/info", ["type": "recentTrades", "coin": "ETH"])
            #expect(mirrored[path: "data", 0, "tid"] == original[path: 0, "tid"] && mirrored[path: "data", 0, "px"] == "2101.0")
        }
    }

    @Test("a leader who trades there only is followed and read through the mirror")
    func leaders() async throws {
        try await run { original, mirror in
            let there = try await original.connect()
            let leader = JSON.string(SimulatorFixture.leader)
            func trade(_ price: String) async throws {
                _ = try await there.post("/control/fills", ["user": leader, "fills": [["coin": "BTC", "px": .string(price), "sz": "1", "side": "B"]]])
            }
            try await trade("50100")
            let socket = try await mirror.socket()
            try await socket.subscribe(["type": "userFills", "user": leader])
            let snapshot = try await socket.json(channel: "userFills")
            #expect(snapshot[path: "data", "isSnapshot"] == true && snapshot[path: "data", "fills", 0, "px"] == "50100.0")
            // The subscription there is acknowledged with a snapshot of its own.
            _ = try await socket.json(channel: "userFills")
            try await trade("50200")
            let live = try await socket.json(channel: "userFills")
            #expect(live[path: "data", "isSnapshot"] == .null && live[path: "data", "fills", 0, "px"] == "50200.0")

            let here = try await mirror.connect()
            let request: JSON = ["type": "userFills", "user": leader]
            #expect(try await here.post("/info", request) == there.post("/info", request))
            #expect(try await here.post("/info", request).count == 2)
            // An account of its own is the mirror's own affair.
            let own = try await here.post("/info", ["type": "clearinghouseState", "user": .string(SimulatorFixture.owner.address)])
            #expect(own[path: "marginSummary", "accountValue"] == "10000.0")
        }
    }

    @Test("a mirror is started again on its ledger though the prices are others now")
    func restart() async throws {
        let directory = Fixture.directory()
        defer { Fixture.remove(directory) }
        try await SimulatorFixture.run { original in
            func mirrored(_ body: (SimulatorFixture) async throws -> Void) async throws {
                try await SimulatorFixture.run(
                    in: directory,
                    {
                        $0.mirror = "http://127.0.0.1:\(original.port)"
                        $0.mirrorCoins = ["ETH"]
                        $0.syntheticCoins = []
                        $0.syntheticLeaders = []
                    }, body)
            }
            try await mirrored { mirror in
                var signing = Signing()
                let here = try await mirror.connect()
                let answer = try await here.request("POST", "/exchange", try signing.sign(Signing.action(Signing.order(0, buy: true, "2200", "1")))).json
                #expect(answer[path: "response", "data", "statuses", 0, "filled", "totalSz"] == "1.0")
            }
            _ = try await original.connect().post("/control/prices", ["coin": "ETH", "mid": "1000"])
            try await mirrored { mirror in
                let state = try await mirror.connect().post(
                    "/info", ["type": "clearinghouseState", "user": .string(SimulatorFixture.owner.address)])
                #expect(state[path: "assetPositions", 0, "position", "szi"] == "1.0")
            }
        }
    }
}
