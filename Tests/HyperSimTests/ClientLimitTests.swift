import JSON
import Testing

@testable import HyperSim

@Suite struct ClientLimitTests {
    @Test("a rolling minute forgets what is older, to the second")
    func rollingMinute() {
        var minute = RollingMinute()
        let start: Int64 = 1_800_000_000_000
        func take(_ amount: Int, _ limit: Int = 100, after milliseconds: Int64) -> Bool { minute.take(amount, limit: limit, now: start + milliseconds) }
        #expect(take(60, after: 0) && take(40, after: 30_000))
        #expect(!take(1, after: 59_999))
        #expect(take(60, after: 60_000) && !take(1, after: 89_000) && take(40, after: 90_000))
        #expect(take(1_000_000, 0, after: 91_000))
        #expect(take(100, after: 1_000_000))
    }

    @Test("requests weigh as the exchange weighs them, batches by their length")
    func weights() {
        func orders(_ count: Int) -> JSON { ["action": ["type": "order", "orders": .array((0..<count).map { _ in [:] })]] }
        #expect([1, 39, 40, 80].map { ClientRequest.exchange(orders($0)).weight } == [1, 1, 2, 3])
        let types = ["l2Book", "clearinghouseState", "userRole", "meta", "userFills", "nonsense"]
        #expect(types.map { ClientRequest.info(["type": .string($0)]).weight } == [2, 2, 60, 20, 20, 20])
    }

    @Test("an address that is over its weight is answered 429 with the body null, over either way")
    func weightLimit() async throws {
        try await SimulatorFixture.run({ $0.limits.weightPerMinute = 50 }) { fixture in
            let connection = try await fixture.connect()
            for _ in 0..<2 { #expect(try await connection.request("POST", "/info", #"{"type":"meta"}"#).status == 200) }
            let refused = try await connection.request("POST", "/info", #"{"type":"meta"}"#)
            #expect(refused.status == 429 && refused.body == "null" && refused.headers["content-type"] == "application/json")
            #expect(try await connection.request("POST", "/info", #"{"type":"exchangeStatus"}"#).status == 200)
            let socket = try await fixture.socket()
            try await socket.send(["method": "post", "id": 1, "request": ["type": "info", "payload": ["type": "meta"]]])
            #expect(try await socket.json()[path: "data", "response"] == ["type": "error", "payload": "429 null"])
        }
    }

    @Test("what an answer holds weighs, too")
    func itemWeight() async throws {
        try await SimulatorFixture.run({ $0.limits.weightPerMinute = 45 }) { fixture in
            let connection = try await fixture.connect()
            let leader = JSON.string(SimulatorFixture.leader)
            let fills = (0..<60).map { _ -> JSON in ["coin": "ETH", "px": "2000", "sz": "1", "side": "B"] }
            _ = try await connection.post("/control/fills", ["user": leader, "fills": .array(fills)])
            // 20 and 3 for sixty fills, then 20: 2 are left.
            #expect(try await connection.post("/info", ["type": "userFills", "user": leader]).count == 60)
            #expect(try await connection.request("POST", "/info", #"{"type":"meta"}"#).status == 200)
            #expect(try await connection.request("POST", "/info", #"{"type":"exchangeStatus"}"#).status == 200)
            #expect(try await connection.request("POST", "/info", #"{"type":"exchangeStatus"}"#).status == 429)
        }
    }

    @Test("an address has so many sockets, and so many new ones a minute")
    func sockets() async throws {
        try await SimulatorFixture.run({
            $0.limits.sockets = 2
            $0.limits.newSocketsPerMinute = 3
        }) { fixture in
            let first = try await fixture.socket()
            let second = try await fixture.socket()
            #expect(try await fixture.connect().upgrade() == 429)
            await first.close()
            try await second.send(["method": "ping"])
            _ = try await second.json(channel: "pong")
            #expect(try await fixture.connect().upgrade() == 101)
            await second.close()
            #expect(try await fixture.connect().upgrade() == 429)
        }
    }

    @Test("a socket that sends too many messages is closed")
    func messages() async throws {
        try await SimulatorFixture.run({ $0.limits.messagesPerMinute = 2 }) { fixture in
            let socket = try await fixture.socket()
            for _ in 0..<3 { try await socket.send(["method": "ping"]) }
            for _ in 0..<2 { #expect(try await socket.json()["channel"] == "pong") }
            let (opcode, payload) = try await socket.frame()
            #expect(opcode == 8 && payload.getInteger(at: 0, as: UInt16.self) == 1008)
        }
    }

    @Test("subscriptions of a lost connection count on for a while")
    func linger() async throws {
        try await SimulatorFixture.run({
            $0.limits.subscriptions = 1
            $0.limits.lingerMilliseconds = 300
        }) { fixture in
            let lost = try await fixture.socket()
            try await lost.subscribe(["type": "allMids"])
            _ = try await lost.json(channel: "allMids")
            await lost.close()
            let socket = try await fixture.socket()
            try await socket.subscribe(["type": "allMids"])
            #expect(try await socket.json() == ["channel": "error", "data": "Cannot subscribe to more than 1 channels."])
            var answer: JSON
            repeat {
                try await socket.subscribe(["type": "allMids"])
                answer = try await socket.json()
            } while answer["channel"] == "error"
            #expect(answer["channel"] == "subscriptionResponse")
        }
    }
}
