import Hyperliquid
import JSON
import Testing

@testable import HyperSim

/// The channels the exchange's SDK does not know; those it does are tested with it.
@Suite struct ChannelTests {
    private static let user = JSON.string(SimulatorFixture.owner.address)

    @Test("an account's channels begin with a snapshot or a state in the exchange's shape")
    func accounts() async throws {
        try await SimulatorFixture.run { fixture in
            let socket = try await fixture.socket()
            let shapes: [(channel: String, members: [String])] = [
                ("userHistoricalOrders", ["isSnapshot", "user", "orderHistory"]), ("userTwapSliceFills", ["isSnapshot", "user", "twapSliceFills"]),
                ("userTwapHistory", ["isSnapshot", "user", "history"]), ("clearinghouseState", ["dex", "user", "clearinghouseState"]),
                ("openOrders", ["dex", "user", "orders"]), ("twapStates", ["dex", "user", "states"]),
                ("allDexsClearinghouseState", ["user", "clearinghouseStates"]), ("spotState", ["user", "spotState"]),
                ("webData3", ["userState", "perpDexStates"]),
            ]
            for (channel, members) in shapes {
                try await socket.subscribe(["type": .string(channel), "user": Self.user])
                guard case .object(let found)? = try await socket.json(channel: channel)["data"] else {
                    Issue.record("\(channel) has no object")
                    continue
                }
                #expect(found.map(\.name) == members, "\(channel)")
            }
            try await socket.send(["method": "unsubscribe", "subscription": ["type": "openOrders", "user": Self.user]])
            let gone = try await socket.json(channel: "subscriptionResponse")
            #expect(gone[path: "data", "subscription"] == ["type": "openOrders", "user": Self.user, "dex": ""])
        }
    }

    @Test("what an account does reaches its states, its history and its notifications")
    func changes() async throws {
        try await SimulatorFixture.run { fixture in
            let states = try await fixture.socket()
            let history = try await fixture.socket()
            let notifications = try await fixture.socket()
            let connection = try await fixture.connect()
            try await states.subscribe(["type": "openOrders", "user": Self.user])
            _ = try await states.json(channel: "openOrders")
            try await history.subscribe(["type": "userHistoricalOrders", "user": Self.user])
            _ = try await history.json(channel: "userHistoricalOrders")
            try await notifications.subscribe(["type": "notification", "user": Self.user])
            _ = try await notifications.json(channel: "subscriptionResponse")

            var signing = Signing()
            let order = Signing.order(0, buy: true, "49000", "0.01", "Gtc", cloid: Signing.cloid(1))
            _ = try await connection.request("POST", "/exchange", try signing.sign(Signing.action(order)))
            let told = try await history.json(channel: "userHistoricalOrders")
            #expect(told[path: "data", "isSnapshot"] == .null && told[path: "data", "orderHistory", 0, "status"] == "open")
            var open: JSON
            repeat { open = try await states.json(channel: "openOrders") } while open[path: "data", "orders"].count == 0
            #expect(open[path: "data", "orders", 0, "cloid"] == .string(Signing.cloid(1)) && open[path: "data", "orders", 0, "tif"] == "Gtc")

            _ = try await connection.post("/control/prices", ["coin": "BTC", "mid": "48000"])
            let notification = try await notifications.json(channel: "notification")
            #expect(notification[path: "data", "notification"] == "Resting order filled: Bought 0.01 BTC at $49000")
        }
    }

    @Test("contexts of all markets come together, positional by dex, and candles of known lengths only")
    func markets() async throws {
        try await SimulatorFixture.run { fixture in
            let socket = try await fixture.socket()
            try await socket.subscribe(["type": "assetCtxs"])
            let contexts = try await socket.json(channel: "assetCtxs")
            #expect(contexts[path: "data", "dex"] == "" && contexts[path: "data", "ctxs"].count == 2)
            #expect(contexts[path: "data", "ctxs", 0, "markPx"] == "50000.0")
            try await socket.subscribe(["type": "allDexsAssetCtxs"])
            let all = try await socket.json(channel: "allDexsAssetCtxs")
            #expect(all[path: "data", "ctxs", 0, 0] == "" && all[path: "data", "ctxs", 0, 1].count == 2)
            let unknown = #"{"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"7m"}}"#
            try await socket.send(text: unknown)
            #expect(try await socket.json(channel: "error")["data"] == .string("Error parsing JSON into valid websocket request: " + unknown))
        }
    }
}
