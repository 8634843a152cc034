import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Testing

@testable import HyperSim

@Suite struct WebSocketEndpointTests {
    @Test("an acknowledgement is normalised and a snapshot follows, empty for a user without fills")
    func subscribe() async throws {
        try await SimulatorFixture.run { fixture in
            let socket = try await fixture.socket()
            let upper = "0x" + SimulatorFixture.owner.address.dropFirst(2).uppercased()
            try await socket.subscribe(["type": "userFills", "user": .string(upper)])
            let user = JSON.string(SimulatorFixture.owner.address)
            #expect(
                try await socket.json() == [
                    "channel": "subscriptionResponse",
                    "data": ["method": "subscribe", "subscription": ["type": "userFills", "user": user, "aggregateByTime": false]],
                ])
            #expect(try await socket.json() == ["channel": "userFills", "data": ["isSnapshot": true, "user": user, "fills": []]])
            try await socket.subscribe(["type": "l2Book", "coin": "BTC"])
            let acknowledgement = try await socket.json()
            #expect(acknowledgement[path: "data", "subscription"] == ["type": "l2Book", "coin": "BTC", "nSigFigs": nil, "mantissa": nil])
            let book = try await socket.json()
            #expect(book[path: "data", "levels", 0].count == 20 && book[path: "data", "levels", 0, 0, "px"] == "49990.0")
        }
    }

    @Test("a follower's order is published as order updates, fills and a trade, with the same trade id")
    func ownEvents() async throws {
        try await SimulatorFixture.run { fixture in
            let socket = try await fixture.socket()
            let user = JSON.string(SimulatorFixture.owner.address)
            let wanted: [JSON] = [["type": "orderUpdates", "user": user], ["type": "userFills", "user": user], ["type": "trades", "coin": "BTC"]]
            for subscription in wanted {
                try await socket.subscribe(subscription)
            }
            for channel in ["subscriptionResponse", "subscriptionResponse", "userFills", "subscriptionResponse"] {
                #expect(try await socket.json()["channel"] == .string(channel))
            }
            var signing = Signing()
            let connection = try await fixture.connect()
            let order = Signing.order(0, buy: true, "50100", "0.01", cloid: Signing.cloid(5))
            _ = try await connection.request("POST", "/exchange", try signing.sign(Signing.action(order)))
            let updates = try await socket.json()
            #expect(updates["channel"] == "orderUpdates" && updates["data"]?.count == 2)
            #expect(updates[path: "data", 0, "status"] == "open" && updates[path: "data", 1, "status"] == "filled")
            #expect(updates[path: "data", 1, "order", "cloid"] == .string(Signing.cloid(5)) && updates[path: "data", 1, "order", "sz"] == "0.0")
            let fills = try await socket.json()
            #expect(fills[path: "data", "user"] == user && fills[path: "data", "isSnapshot"] == .null)
            let trades = try await socket.json()
            #expect(trades[path: "data", 0, "tid"] == fills[path: "data", "fills", 0, "tid"])
            #expect(trades[path: "data", 0, "users", 0] == user && trades[path: "data", 0, "side"] == "B")
        }
    }

    @Test("refusals are worded as the exchange words them")
    func errors() async throws {
        try await SimulatorFixture.run({ $0.limits.users = 2 }) { fixture in
            let socket = try await fixture.socket()
            func user(_ digit: Int) -> JSON { ["type": "userFills", "user": .string("0x" + String(repeating: "\(digit)", count: 40))] }
            for digit in 2...3 {
                try await socket.subscribe(user(digit))
                _ = try await socket.json(channel: "userFills")
            }
            let other = try await fixture.socket()
            try await other.subscribe(user(4))
            #expect(try await other.json() == ["channel": "error", "data": "Cannot track more than 2 total users."])
            try await other.subscribe(user(3))
            #expect(try await other.json()["channel"] == "subscriptionResponse")
            try await socket.subscribe(user(2))
            let again = try await socket.json()
            #expect(try again.string("data").hasPrefix(#"Already subscribed: {"type":"userFills","user":"0x2222"#))
            try await socket.send(["method": "unsubscribe", "subscription": ["type": "trades", "coin": "ETH"]])
            #expect(try await socket.json()["data"] == #"Already unsubscribed: {"type":"trades","coin":"ETH"}"#)
            try await socket.subscribe(["type": "trades", "coin": "DOGE"])
            #expect(try await socket.json()["data"] == #"Invalid subscription {"type":"trades","coin":"DOGE"}"#)
            let unknown = #"{"method": "subscribe", "subscription": {"type": "liquidations"}}"#
            try await socket.send(text: unknown)
            #expect(try await socket.json()["data"] == .string("Error parsing JSON into valid websocket request: " + unknown))
            // A user who is no longer tracked makes room.
            try await socket.send(["method": "unsubscribe", "subscription": user(2)])
            _ = try await socket.json(channel: "subscriptionResponse")
            try await socket.subscribe(user(4))
            #expect(try await socket.json()["channel"] == "subscriptionResponse")
        }
    }

    @Test("pings are answered, fragments joined, and post requests answered with their ids")
    func requests() async throws {
        try await SimulatorFixture.run { fixture in
            let socket = try await fixture.socket()
            try await socket.send(text: #"{"method":"ping"}"#, fragments: 3)
            #expect(try await socket.json() == ["channel": "pong"])
            try await socket.ping()
            let (opcode, payload) = try await socket.frame()
            #expect(opcode == 10 && String(buffer: payload) == "ping")

            try await socket.send(["method": "post", "id": 256, "request": ["type": "info", "payload": ["type": "l2Book", "coin": "ETH"]]])
            let info = try await socket.json()
            #expect(info[path: "data", "id"] == 256 && info[path: "data", "response", "type"] == "info")
            #expect(info[path: "data", "response", "payload", "type"] == "l2Book")
            #expect(info[path: "data", "response", "payload", "data", "coin"] == "ETH")

            var signing = Signing()
            let payloadText = try signing.sign(Signing.action(Signing.order(0, buy: true, "50100", "0.01")))
            try await socket.send(["method": "post", "id": 257, "request": ["type": "action", "payload": try JSON.parse(payloadText)]])
            let action = try await socket.json()
            #expect(action[path: "data", "response", "type"] == "action" && action[path: "data", "response", "payload", "status"] == "ok")

            try await socket.send(["method": "post", "id": 258, "request": ["type": "info", "payload": ["type": "weather"]]])
            let refused = try await socket.json()
            #expect(refused[path: "data", "response", "type"] == "error")
            #expect(refused[path: "data", "response", "payload"] == "422 Failed to deserialize the JSON body into the target type")
        }
    }

    @Test("a leader's fills are published in one message, move the mid and reach best offers and mids")
    func controlFills() async throws {
        try await SimulatorFixture.run { fixture in
            let socket = try await fixture.socket()
            let connection = try await fixture.connect()
            let leader = JSON.string(SimulatorFixture.leader)
            try await socket.subscribe(["type": "userFills", "user": leader])
            _ = try await socket.json(channel: "userFills")
            let fills: JSON = [
                ["coin": "ETH", "px": "2010.5", "sz": "3.0", "side": "B", "startPosition": "-1.0", "dir": "Short > Long", "builderFee": "0.1"],
                ["coin": "ETH", "px": "2010.6", "sz": "1.5", "side": "B"],
            ]
            let answer = try await connection.post("/control/fills", ["user": leader, "fills": fills])
            let message = try await socket.json()
            let published = message[path: "data", "fills"]
            #expect(published.count == 2 && message[path: "data", "isSnapshot"] == .null)
            #expect(published[path: 0, "builderFee"] == "0.1" && published[path: 0, "dir"] == "Short > Long")
            #expect(published[path: 1, "startPosition"] == "2.0" && published[path: 1, "dir"] == "Open Long")
            #expect(published[path: 0, "time"] == published[path: 1, "time"] && published[path: 0, "time"] == answer["time"]!)
            #expect(try await connection.post("/info", ["type": "allMids"])["ETH"] == "2010.6")
            try await socket.subscribe(["type": "allMids"])
            #expect(try await socket.json(channel: "allMids")[path: "data", "mids", "ETH"] == "2010.6")
            try await socket.subscribe(["type": "bbo", "coin": "ETH"])
            #expect(try await socket.json(channel: "bbo")[path: "data", "bbo", 0, "px"] == "2010.1")
            _ = try await connection.post("/control/fills", ["user": leader, "fills": [["coin": "ETH", "px": "2100", "sz": "1", "side": "A"]]])
            // The clock may first publish what the fills before it moved.
            while try await socket.json(channel: "bbo")[path: "data", "bbo", 1, "px"] != "2100.5" {}
            let refused = try await connection.request("POST", "/control/fills", #"{"user":"\#(SimulatorFixture.vault)","fills":[]}"#)
            #expect(refused.status == 400)
        }
    }

    @Test("a socket to which nothing is sent is closed")
    func idle() async throws {
        try await SimulatorFixture.run({ $0.idleCloseSeconds = 1 }) { fixture in
            let socket = try await fixture.socket()
            let (opcode, payload) = try await socket.frame()
            var body = payload
            #expect(opcode == 8 && body.readInteger(as: UInt16.self) == 1000)
            #expect(String(buffer: body) == "Expired")
        }
    }
}
