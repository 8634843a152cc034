import CopyTrading
import Foundation
import JSON
import Testing

@testable import HyperSim

/// The simulator answers as the exchange was recorded to answer. Recorded was asset 3, here it is asset 0.
@Suite struct RecordedBehaviourTests {
    private static func recorded(_ file: String) throws -> JSON {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/recorded/\(file)")
        let text = try String(contentsOf: url, encoding: .utf8).replacingOccurrences(of: "asset=3", with: "asset=0")
        return try JSON.parse(text)
    }

    /// The answer to the step of the behaviour log that begins with `name`.
    private static func answer(_ name: String) throws -> JSON {
        let steps = try recorded("testnet_behaviour_2026-09-07.json").array("steps")
        let step = try #require(steps.first { (try? $0.string("do").hasPrefix(name)) == true }, "no step \(name)")
        return try step.field("res")
    }

    private static func stop(_ size: String) -> JSON {
        ["a": 0, "b": false, "p": "45000", "s": .string(size), "r": true, "t": ["trigger": ["isMarket": true, "triggerPx": "48000", "tpsl": "sl"]]]
    }

    @Test("orders, triggers, modifications, cancels and TWAP orders are answered as recorded")
    func answers() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            func send(_ action: JSON) async throws -> JSON { try await connection.request("POST", "/exchange", try signing.sign(action)).json }
            func reduce(_ price: String, _ size: String) -> JSON { Signing.order(0, buy: false, price, size, "Gtc", reduceOnly: true) }

            let flat = try Self.answer("reduce-only order on a flat position")
            #expect(try await send(Signing.action(reduce("55000", "0.01"))) == flat)
            let twap: JSON = ["type": "twapOrder", "twap": ["a": 0, "b": false, "s": "1", "r": true, "m": 5, "t": false]]
            #expect(try await send(twap) == Self.answer("reduce-only twapOrder without a position"))

            _ = try await send(Signing.action(Signing.order(0, buy: true, "50100", "0.01")))
            let trigger: JSON = ["type": "order", "orders": [Self.stop("0.01")], "grouping": "positionTpsl"]
            #expect(try await send(trigger) == Self.answer("positionTpsl stop-loss market trigger"))

            // Of two that together exceed the position the newer stays.
            let first = try await send(Signing.action(reduce("60000", "0.01")))
            let second = try await send(Signing.action(reduce("61000", "0.01")))
            let user = JSON.string(SimulatorFixture.owner.address)
            let open = try await connection.post("/info", ["type": "openOrders", "user": user]).asArray()
            let oids = open.filter { $0["limitPx"] != "45000.0" }.map { $0[path: "oid"] }
            let newest = second[path: "response", "data", "statuses", 0, "resting", "oid"]
            #expect(oids == [newest])
            let modify: JSON = [
                "type": "modify", "oid": first[path: "response", "data", "statuses", 0, "resting", "oid"], "order": reduce("62000", "0.01"),
            ]
            #expect(try await send(modify) == Self.answer("modify an order that is no longer open"))
            #expect(try await send(["type": "cancel", "cancels": [["a": 0, "o": newest]]]) == Self.answer("cancel by oid"))

            let scheduled = try Self.answer("scheduleCancel").string("response")
            let wording = try #require(scheduled.range(of: "Traded: $")).upperBound
            #expect(try await send(["type": "scheduleCancel"]).string("response").hasPrefix(scheduled[..<wording]))
        }
    }

    @Test("a parent that fills at once is answered as recorded, its triggers without an oid")
    func family() async throws {
        let answers = try Self.recorded("mixed_real.json").asArray()
        let recorded = try #require(answers.first { (try? $0.string("note").contains("normalTpsl")) == true })[path: "res", "response", "data", "statuses"]
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var signing = Signing()
            let orders: JSON = .array([Signing.order(0, buy: true, "50100", "0.01"), Self.stop("0.01"), Self.stop("0.01")])
            let action: JSON = ["type": "order", "orders": orders, "grouping": "normalTpsl"]
            let statuses = try await connection.request("POST", "/exchange", try signing.sign(action)).json[path: "response", "data", "statuses"]
            #expect(try statuses.asArray().dropFirst() == recorded.asArray().dropFirst())
            #expect(try members(statuses[path: 0, "filled"]) == members(recorded[path: 0, "filled"]))
        }
    }

    private func members(_ json: JSON) throws -> [String] {
        guard case .object(let members) = json else { throw JSONError(problem: "expected an object, found \(json.kind)") }
        return members.map(\.name)
    }
}
