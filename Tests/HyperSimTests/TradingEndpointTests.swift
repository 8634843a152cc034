import CopyTrading
import Hyperliquid
import JSON
import Testing

@testable import HyperSim

/// Trading actions over the wire: signed, hashed, answered and shown as the exchange does.
@Suite struct TradingEndpointTests {
    private static func trigger(_ kind: String, _ price: String, size: String = "0.01", isMarket: Bool = true) -> JSON {
        [
            "a": 0, "b": false, "p": .string(price), "s": .string(size), "r": true,
            "t": ["trigger": ["isMarket": .bool(isMarket), "triggerPx": .string(price), "tpsl": .string(kind)]],
        ]
    }

    private static func statuses(_ answer: JSON) -> JSON { answer[path: "response", "data", "statuses"] }

    @Test("a parent and its triggers: answers, open orders with children, and the recorded answer when the parent fills at once")
    func family() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            func send(_ parent: JSON) async throws -> JSON {
                let orders: JSON = .array([parent, Self.trigger("tp", "52000"), Self.trigger("sl", "48000", isMarket: false)])
                let action: JSON = ["type": "order", "orders": orders, "grouping": "normalTpsl"]
                return Self.statuses(try await connection.request("POST", "/exchange", try signing.sign(action)).json)
            }
            let waiting = try await send(Signing.order(0, buy: true, "49500", "0.01", "Gtc"))
            #expect(waiting[path: 1] == "waitingForFill" && waiting[path: 2] == "waitingForFill")
            let user = JSON.string(SimulatorFixture.owner.address)
            let open = try await connection.post("/info", ["type": "frontendOpenOrders", "user": user])
            #expect(open.count == 1 && open[path: 0, "isTrigger"] == false && open[path: 0, "triggerCondition"] == "N/A")
            #expect(open[path: 0, "children"].count == 2)
            let profit = open[path: 0, "children", 0]
            #expect(profit["triggerCondition"] == "Price above 52000" && profit["isTrigger"] == true && profit["triggerPx"] == "52000.0")
            #expect(profit["orderType"] == "Take Profit Market" && profit[path: "tif"] == .null && profit["isPositionTpsl"] == false)
            #expect(open[path: 0, "children", 1, "orderType"] == "Stop Limit" && open[path: 0, "children", 1, "triggerCondition"] == "Price below 48000")
            let filled = try await send(Signing.order(0, buy: true, "50100", "0.01"))
            #expect(filled[path: 0, "filled", "totalSz"] == "0.01")
            #expect(filled[path: 1] == "waitingForTrigger" && filled[path: 2] == "waitingForTrigger")
            // As if plain, like the recorded openOrders.
            let plain = try await connection.post("/info", ["type": "openOrders", "user": user])
            #expect(plain.count == 3 && plain[path: 0, "reduceOnly"] == true && plain[path: 0, "triggerPx"] == .null)
        }
    }

    @Test("triggers for the position, modifications, TWAP orders, scheduled cancels and priority are hashed and answered as the exchange does")
    func actions() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            func send(_ action: JSON) async throws -> JSON { try await connection.request("POST", "/exchange", try signing.sign(action)).json }
            _ = try await send(Signing.action(Signing.order(0, buy: true, "50100", "0.01")))
            let stop: JSON = ["type": "order", "orders": [Self.trigger("sl", "48000", size: "0")], "grouping": "positionTpsl"]
            #expect(Self.statuses(try await send(stop)) == ["waitingForTrigger"])
            let priority: JSON = ["type": "order", "orders": [Signing.order(0, buy: true, "49000", "0.01", "Alo")], "grouping": ["p": 500]]
            let oid = Self.statuses(try await send(priority))[path: 0, "resting", "oid"]
            #expect(oid != .null)
            let order = Signing.order(0, buy: true, "49100", "0.01", "Gtc", cloid: Signing.cloid(8))
            #expect(try await send(["type": "modify", "oid": oid, "order": order]) == ["status": "ok", "response": ["type": "default"]])
            #expect(
                try await send(["type": "modify", "oid": oid, "order": order]) == [
                    "status": "err", "response": "Cannot modify canceled or filled order",
                ])
            let batch: JSON = [
                "type": "batchModify",
                "modifies": [["oid": .string(Signing.cloid(8)), "order": Signing.order(0, buy: true, "49200", "0.01", "Gtc")]], "a": true,
            ]
            let modified = try await send(batch)
            #expect(modified[path: "response", "type"] == "order" && Self.statuses(modified)[path: 0, "resting", "oid"] != .null)
            let scheduled = try await send(["type": "scheduleCancel"])
            let traded = "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $500.1."
            #expect(scheduled == ["status": "err", "response": .string(traded)])
            let twap: JSON = ["type": "twapOrder", "twap": ["a": 0, "b": true, "s": "0.02", "r": false, "m": 5, "t": false]]
            let running = try await send(twap)
            let id = running[path: "response", "data", "status", "running", "twapId"]
            #expect(running[path: "response", "type"] == "twapOrder" && id == 1)
            #expect(try await send(["type": "twapCancel", "a": 0, "t": id])[path: "response", "data", "status"] == "success")
            let flat: JSON = ["type": "twapOrder", "twap": ["a": 1, "b": true, "s": "1", "r": true, "m": 5, "t": false]]
            #expect(
                try await send(flat) == [
                    "status": "ok",
                    "response": ["type": "twapOrder", "data": ["status": ["error": "Reduce-only TWAP order would increase position."]]],
                ])
        }
    }

    @Test("a trigger whose price is no decimal, or whose kind is neither tp nor sl, does not decode")
    func malformed() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            for order in [Self.trigger("tp", "x"), Self.trigger("xx", "52000")] {
                let answer = try await connection.request("POST", "/exchange", try signing.sign(Signing.action(order)))
                #expect(answer.status == 422)
            }
        }
    }
}
