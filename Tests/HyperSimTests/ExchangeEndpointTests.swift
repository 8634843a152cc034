import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Testing

@testable import HyperSim

@Suite struct ExchangeEndpointTests {
    @Test("a signed order fills, and every view of the account tells the same")
    func fill() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            let action = Signing.action(Signing.order(0, buy: true, "50100", "0.01", cloid: Signing.cloid(1)))
            let answer = try await connection.request("POST", "/exchange", try signing.sign(action)).json
            let filled = answer[path: "response", "data", "statuses", 0, "filled"]
            #expect(answer["status"] == "ok" && answer[path: "response", "type"] == "order")
            #expect(filled["totalSz"] == "0.01" && filled["avgPx"] == "50010.0" && filled["cloid"] == .string(Signing.cloid(1)))

            let user = JSON.string(SimulatorFixture.owner.address)
            let state = try await connection.post("/info", ["type": "clearinghouseState", "user": user])
            #expect(state[path: "assetPositions", 0, "position", "szi"] == "0.01")
            #expect(state[path: "assetPositions", 0, "position", "entryPx"] == "50010.0")
            // 500.1 × 4.5 bp = 0.225045; the mark is 10 below the entry.
            #expect(state[path: "marginSummary", "accountValue"] == "9999.674955")
            #expect(state[path: "assetPositions", 0, "position", "unrealizedPnl"] == "-0.1")
            #expect(state[path: "assetPositions", 0, "position", "marginUsed"] == "25.0")

            let fills = try await connection.post("/info", ["type": "userFills", "user": user])
            #expect(fills.count == 1 && fills[path: 0, "fee"] == "0.225045" && fills[path: 0, "dir"] == "Open Long")
            #expect(fills[path: 0, "oid"] == filled["oid"] && fills[path: 0, "startPosition"] == "0.0")
            let status = try await connection.post("/info", ["type": "orderStatus", "user": user, "oid": .string(Signing.cloid(1))])
            #expect(status[path: "order", "status"] == "filled" && status[path: "order", "order", "oid"] == filled["oid"]!)

            let line = try #require(try fixture.ledger.first)
            #expect(line["action"] == "order" && line["status"] == "filled" && line["totalSz"] == "0.01" && line["positionAfter"] == "0.01")
            #expect(line["account"] == user && line["signer"] == .string(SimulatorFixture.agent.address) && line["nonce"] == .integer(signing.nonce))
            #expect(line["coin"] == "BTC" && line["side"] == "B" && line["sz"] == "0.01" && line["limitPx"] == "50100" && line["tif"] == "Ioc")
        }
    }

    @Test("one answer per order of a batch, in its order, refusals among them")
    func batch() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            let action = Signing.action(
                Signing.order(0, buy: true, "50100", "0.01"), Signing.order(1, buy: true, "2001.55", "0.1"),
                Signing.order(1, buy: true, "1900", "0.1", "Gtc"), Signing.order(1, buy: false, "1990", "0.1", reduceOnly: true))
            let statuses = try await connection.request("POST", "/exchange", try signing.sign(action)).json[path: "response", "data", "statuses"]
            #expect(statuses.count == 4)
            #expect(statuses[path: 0, "filled", "totalSz"] == "0.01")
            #expect(statuses[path: 1, "error"] == "Price must be divisible by tick size. asset=1")
            #expect(statuses[path: 2, "resting", "oid"] != .null)
            #expect(statuses[path: 3, "error"] == "Reduce only order would increase position. asset=1")

            let user = JSON.string(SimulatorFixture.owner.address)
            let open = try await connection.post("/info", ["type": "openOrders", "user": user])
            #expect(open.count == 1 && open[path: 0, "limitPx"] == "1900.0")
            let cancel: JSON = ["type": "cancel", "cancels": [["a": 1, "o": open[path: 0, "oid"]], ["a": 1, "o": 5]]]
            let cancelled = try await connection.request("POST", "/exchange", try signing.sign(cancel)).json[path: "response", "data", "statuses"]
            #expect(cancelled[path: 0] == "success")
            #expect(cancelled[path: 1, "error"] == "Order was never placed, already canceled, or filled. asset=1")
        }
    }

    @Test("a signature of a stranger, of another network or over another text is a stranger's")
    func strangers() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            let action = Signing.action(Signing.order(0, buy: true, "50100", "0.01"))
            var stranger = Signing(key: SimulatorFixture.stranger)
            let answer = try await connection.request("POST", "/exchange", try stranger.sign(action)).json
            #expect(answer == ["status": "err", "response": .string("User or API Wallet \(SimulatorFixture.stranger.address) does not exist.")])
            var mainnet = Signing(network: .mainnet)
            let other = try await connection.request("POST", "/exchange", try mainnet.sign(action)).json
            #expect(try other.string("response").hasPrefix("User or API Wallet 0x") && other != answer)
            // The exchange hashes canonical decimals, so a trailing zero recovers somebody else.
            var padded = Signing()
            let trailingZero = Signing.action(Signing.order(0, buy: true, "50100", "0.010"))
            let third = try await connection.request("POST", "/exchange", try padded.sign(trailingZero)).json
            #expect(try third.string("response").hasSuffix("does not exist."))
            var broken = Signing()
            let text = try broken.sign(action).replacingOccurrences(of: "\"v\":2", with: "\"v\":3")
            #expect(try await connection.request("POST", "/exchange", text).json["response"] == "Unable to recover signer.")
            #expect(try fixture.ledger.isEmpty)
        }
    }

    @Test("a nonce counts once, also for a noop, and an expired action does not burn it")
    func nonces() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            let order = Signing.action(Signing.order(0, buy: true, "50100", "0.01"))
            let now = UInt64(Date().timeIntervalSince1970 * 1_000)
            let expired = try await connection.request("POST", "/exchange", try signing.sign(order, expiresAfter: now - 1_000)).json
            #expect(expired["response"] == "Action already expired")
            let noop = try await connection.request("POST", "/exchange", try signing.repeated(["type": "noop"])).json
            #expect(noop == ["status": "ok", "response": ["type": "default"]])
            let late = try await connection.request("POST", "/exchange", try signing.repeated(order)).json
            #expect(late["response"] == .string("Invalid nonce: duplicate nonce \(signing.nonce)"))
            let alive = try await connection.request("POST", "/exchange", try signing.sign(order, expiresAfter: now + 60_000)).json
            #expect(alive["status"] == "ok")
            #expect(try fixture.ledger.map { $0["action"] } == ["refused", "noop", "refused", "order"])
        }
    }

    @Test("more than 200 items, a builder's fee and an unknown vault are refused; an own vault trades for itself")
    func limitsAndVaults() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            let order = Signing.order(1, buy: true, "2002", "0.01")
            let many: JSON = ["type": "order", "orders": .array(Array(repeating: order, count: 201)), "grouping": "na"]
            let tooMany = try await connection.request("POST", "/exchange", try signing.sign(many)).json
            #expect(tooMany["response"] == "Signed action over weight limit of 200.")
            let fee: JSON = ["b": .string(SimulatorFixture.vault), "f": 10]
            let builder: JSON = ["type": "order", "orders": [order], "grouping": "na", "builder": fee]
            let unapproved = try await connection.request("POST", "/exchange", try signing.sign(builder)).json
            #expect(unapproved["response"] == "Builder fee has not been approved")
            let unknown = SimulatorFixture.leader
            let refused = try await connection.request("POST", "/exchange", try signing.sign(Signing.action(order), vault: unknown)).json
            #expect(refused["response"] == .string("Vault not registered: \(unknown)"))
            let forVault = try signing.sign(Signing.action(order), vault: SimulatorFixture.vault)
            let filled = try await connection.request("POST", "/exchange", forVault).json
            #expect(filled[path: "response", "data", "statuses", 0, "filled", "totalSz"] == "0.01")
            let state = try await connection.post("/info", ["type": "clearinghouseState", "user": .string(SimulatorFixture.vault)])
            #expect(state[path: "assetPositions", 0, "position", "szi"] == "0.01")
        }
    }

    @Test("what does not decode is 422, a wrong method 405, an unknown path 404, a huge body 413")
    func badInput() async throws {
        try await SimulatorFixture.run({ $0.maximumBodyBytes = 4_096 }) { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            let badLifetime = try signing.sign(Signing.action(Signing.order(0, buy: true, "50100", "0.01", "Fok")))
            let undecodable = [
                ("/info", "{"), ("/info", #"{"type":"weather"}"#), ("/info", #"{"type":"userFills"}"#), ("/exchange", badLifetime),
                ("/exchange", "{}"),
            ]
            for (path, body) in undecodable {
                let response = try await connection.request("POST", path, body)
                #expect(response.status == 422 && response.body == "Failed to deserialize the JSON body into the target type")
            }
            #expect(try await connection.get("/info").status == 405)
            #expect(try await connection.get("/nothing").status == 404)
            #expect(try await connection.get("/ws").status == 400)
            let other = try await fixture.connect()
            #expect(try await other.upgrade("/other") == 404)
            #expect(try await connection.request("POST", "/info", String(repeating: " ", count: 5_000)).status == 413)
            #expect(try await connection.post("/info", ["type": "allMids"])["BTC"] == "50000.0")
        }
    }

    @Test("pipelined requests are answered in their order although each answer is held back differently")
    func pipelining() async throws {
        try await SimulatorFixture.run({
            $0.latencyMilliseconds = 1
            $0.latencyJitterMilliseconds = 20
        }) { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            for number in 0..<30 {
                let order = Signing.order(1, buy: number % 2 == 0, number % 2 == 0 ? "2010" : "1990", "0.01", cloid: Signing.cloid(number))
                try await connection.send("POST", "/exchange", try signing.sign(Signing.action(order)))
            }
            try await connection.send("POST", "/info", #"{"type":"allMids"}"#)
            for number in 0..<30 {
                let answer = try await connection.response().json
                #expect(answer[path: "response", "data", "statuses", 0, "filled", "cloid"] == .string(Signing.cloid(number)))
            }
            #expect(try await connection.response().json["ETH"] == "2000.0")
        }
    }

    @Test("the acknowledgement delay holds back the answer, not the execution and not other connections")
    func latency() async throws {
        try await SimulatorFixture.run({ $0.latencyMilliseconds = 1_000 }) { fixture in
            let slow = try await fixture.connect()
            let quick = try await fixture.connect()
            var signing = Signing()
            let clock = ContinuousClock()
            let start = clock.now
            try await slow.send("POST", "/exchange", try signing.sign(Signing.action(Signing.order(0, buy: true, "50100", "0.01"))))
            var fills: JSON = []
            while fills.count == 0, clock.now - start < .seconds(5) {
                fills = try await quick.post("/info", ["type": "userFills", "user": .string(SimulatorFixture.owner.address)])
            }
            #expect(fills.count == 1 && clock.now - start < .milliseconds(900))
            _ = try await slow.response()
            #expect(clock.now - start >= .milliseconds(1_000))
        }
    }

    @Test("a real request to the testnet is recovered as the signer the exchange saw")
    func realRequest() throws {
        // BTC is asset 3 there; the action of the first record, as it was sent.
        let body = """
            {"action":{"type":"order","orders":[{"a":3,"b":false,"p":"78651","s":"0.00015","r":true,"t":{"limit":{"tif":"Ioc"}}}],
            "grouping":"na"},"nonce":1788779861589,
            "signature":{"r":"0x330b2b2016cb6654ce7c5a8c84fe10ad72f57ceb8a42d6ee32bc7888cb326c9d",
            "s":"0x0beb09ff54b7479025d4f91b123c7630b6fbca07960b464b6cbbc1c41d27f759","v":27}}
            """
        let request = try ExchangeRequest(json: try JSON.parse(body))
        #expect(request.recover(network: .testnet)?.signer == "0xc6e7df1339786bf130d2e5ad9dbba05c408d8efb")
    }
}
