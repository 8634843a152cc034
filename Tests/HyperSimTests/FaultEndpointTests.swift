import Hyperliquid
import JSON
import Testing

@testable import HyperSim

@Suite struct FaultEndpointTests {
    @Test("faults of requests: refused, broken off before and after they were carried out, and counted")
    func requests() async throws {
        try await SimulatorFixture.run { fixture in
            let control = try await fixture.connect()
            var signing = Signing()
            func order() throws -> String { try signing.sign(Signing.action(Signing.order(0, buy: true, "50100", "0.01"))) }
            func add(_ fault: JSON) async throws { _ = try await control.post("/control/faults", fault) }

            try await add(["fault": "rate429", "path": "/exchange", "times": 1])
            var connection = try await fixture.connect()
            #expect(try await connection.request("POST", "/exchange", try order()).status == 429)
            #expect(try await connection.request("POST", "/exchange", try order()).status == 200)
            #expect(try fixture.ledger.count == 1)

            try await add(["fault": "rate5xx", "path": "/info", "times": 1])
            let broken = try await connection.request("POST", "/info", #"{"type":"meta"}"#)
            #expect(broken.status == 502 && broken.headers["content-type"] == "text/html" && broken.body.hasPrefix("<html>"))

            for (fault, carriedOut) in [("dropRequest", 1), ("dropReply", 2), ("reset", 2)] {
                try await add(["fault": .string(fault), "path": "/exchange", "times": 1])
                connection = try await fixture.connect()
                let text = try order()
                await #expect(throws: RawConnection.Closed.self) { try await connection.request("POST", "/exchange", text) }
                #expect(try fixture.ledger.count == carriedOut, "\(fault)")
            }
            let fired = try await control.get("/control/faults").json["fired"]
            #expect(fired == ["dropReply": 1, "dropRequest": 1, "rate429": 1, "rate5xx": 1, "reset": 1])
            #expect(try await control.request("DELETE", "/control/faults", nil).json["faults"] == [])
        }
    }

    @Test("a half-open connection is silent for its time and answers then")
    func halfOpen() async throws {
        try await SimulatorFixture.run { fixture in
            let control = try await fixture.connect()
            _ = try await control.post("/control/faults", ["fault": "halfOpen", "milliseconds": 200, "path": "/info", "times": 1])
            let connection = try await fixture.connect()
            try await connection.send("POST", "/info", #"{"type":"exchangeStatus"}"#)
            // The answer of another connection that asked later comes first.
            #expect(try await control.post("/info", ["type": "allMids"])["BTC"] == "50000.0")
            #expect(try await connection.response().status == 200)
        }
    }

    @Test("frames are doubled, overtaken, and held back without being lost")
    func frames() async throws {
        try await SimulatorFixture.run { fixture in
            let control = try await fixture.connect()
            let socket = try await fixture.socket()
            func add(_ fault: JSON) async throws { _ = try await control.post("/control/faults", fault) }
            func ask(_ id: Int) async throws {
                try await socket.send(["method": "post", "id": .integer(id), "request": ["type": "info", "payload": ["type": "exchangeStatus"]]])
            }
            func id() async throws -> JSON { try await socket.json(channel: "post")[path: "data", "id"] }

            try await add(["fault": "duplicateFrames", "times": 1])
            try await ask(1)
            #expect(try await [id(), id()] == [1, 1])

            try await add(["fault": "reorderFrames", "milliseconds": 60_000, "times": 1])
            try await ask(2)
            try await ask(3)
            #expect(try await [id(), id()] == [3, 2])

            try await add(["fault": "silent", "milliseconds": 200, "times": 1])
            try await ask(4)
            try await ask(5)
            #expect(try await [id(), id()] == [4, 5])

            try await add(["fault": "disconnectEvery", "milliseconds": 50])
            await #expect(throws: RawConnection.Closed.self) { _ = try await socket.json() }
            let again = try await fixture.socket()
            await #expect(throws: RawConnection.Closed.self) { _ = try await again.json() }
        }
    }

    @Test("fills of one millisecond come in disorder")
    func disorder() async throws {
        try await SimulatorFixture.run { fixture in
            let control = try await fixture.connect()
            let socket = try await fixture.socket()
            let leader = JSON.string(SimulatorFixture.leader)
            try await socket.subscribe(["type": "userFills", "user": leader])
            _ = try await socket.json(channel: "userFills")
            _ = try await control.post("/control/faults", ["fault": "disorderSameMillisecond", "times": 1])
            let fills: JSON = [["coin": "ETH", "px": "2000", "sz": "1", "side": "B"], ["coin": "ETH", "px": "2001", "sz": "2", "side": "B"]]
            _ = try await control.post("/control/fills", ["user": leader, "fills": fills])
            let told = try await socket.json(channel: "userFills")
            #expect(told[path: "data", "fills", 0, "px"] == "2001.0" && told[path: "data", "fills", 1, "px"] == "2000.0")
            let asked = try await control.post("/info", ["type": "userFills", "user": leader])
            #expect(asked[path: 0, "px"] == "2000.0")
        }
    }

    @Test("reads stand still for as long as is asked, while orders are carried out; then they show all of it")
    func staleReads() async throws {
        try await SimulatorFixture.run { fixture in
            let control = try await fixture.connect()
            func mid() async throws -> JSON? { try await control.post("/info", ["type": "allMids"])["BTC"] }
            let before = try await mid()
            _ = try await control.post("/control/faults", ["fault": "staleReads", "milliseconds": 1_500])
            _ = try await control.post("/control/faults", ["fault": "priceJump", "coin": "BTC", "percent": "-10"])
            #expect(try await mid() == before)
            try await Task.sleep(for: .milliseconds(1_600))
            #expect(try await mid() == "45000.0")
            for wrong in [#"{"fault":"staleReads"}"#, #"{"fault":"staleReads","milliseconds":0}"#] {
                #expect(try await control.request("POST", "/control/faults", wrong).status == 400)
            }
        }
    }

    @Test("the world's faults: a jump, a book that stands still, a delisted coin, an agent that is revoked")
    func world() async throws {
        try await SimulatorFixture.run { fixture in
            let control = try await fixture.connect()
            func add(_ fault: JSON) async throws { _ = try await control.post("/control/faults", fault) }
            func best() async throws -> JSON { try await control.post("/info", ["type": "l2Book", "coin": "BTC"])[path: "levels", 0, 0, "px"] }

            try await add(["fault": "staleBook", "coin": "BTC"])
            try await add(["fault": "priceJump", "coin": "BTC", "percent": "-10"])
            #expect(try await control.post("/info", ["type": "allMids"])["BTC"] == "45000.0")
            #expect(try await best() == "49990.0")
            try await add(["fault": "staleBook", "coin": "BTC", "stale": false])
            #expect(try await best() == "44991.0")

            try await add(["fault": "delist", "coin": "ETH"])
            let meta = try await control.post("/info", ["type": "meta"])
            #expect(meta[path: "universe", 1, "isDelisted"] == true)

            var signing = Signing()
            try await add(["fault": "revokeAgent", "address": .string(SimulatorFixture.agent.address)])
            let answer = try await control.request("POST", "/exchange", try signing.sign(["type": "noop"])).json
            #expect(answer["response"] == .string("User or API Wallet \(SimulatorFixture.agent.address) does not exist."))
            #expect(try await control.get("/control/faults").json["fired"] == ["delist": 1, "priceJump": 1, "revokeAgent": 1, "staleBook": 2])
            let unknown = try await control.request("POST", "/control/faults", #"{"fault":"priceJump","coin":"DOGE","percent":"1"}"#)
            #expect(unknown.status == 400 && unknown.body == #"{"error":"DOGE is not listed"}"#)
        }
    }
}
