import CopyTrading
import Foundation
import JSON
import Testing

@testable import vibe

@Suite("Simulating a configuration")
struct SimulateTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures").path

    private func input(config: String = fixtures + "/simulation/subscriptions.yaml", book: String? = nil, equities: [String: Notional] = [:]) throws -> SimulationInput {
        try SimulationInput.read(fills: Self.fixtures + "/leader_fills.json", config: config, book: book, equities: equities)
    }

    @Test("ten differently set subscriptions end flat when their leaders are flat, and every pair is explained")
    func tenSubscriptions() throws {
        let report = SimulationReport.make(try input(), searches: false)
        #expect(report.subscriptions.count == 10 && report.missing.isEmpty)
        #expect(report.notFlat == [] && report.unexplained == 0)
        #expect(report.subscriptions.allSatisfy { $0.copied > 0 && $0.copied <= $0.copyable && $0.copyable <= $0.legs }, "\(report.json.pretty())")
        let outcomes = Set(report.lines.map(\.outcome))
        #expect(outcomes.isSuperset(of: [.filled, .accumulated, .snapClose, .noPosition, .uncopiedBase, .filterCoin, .filterSide, .filterNotional, .minimumNotional, .capSleeve, .capCoin]), "\(outcomes)")
        #expect(report.lines.contains { !$0.clips.isEmpty })
        // A skip gives its reason, an order its side, size and limit.
        #expect(report.lines.allSatisfy { $0.outcome.isExecuted ? $0.size > .zero && $0.limit != nil : $0.detail?.isEmpty == false })
    }

    @Test("the same input gives the same bytes")
    func deterministic() throws {
        func bytes() throws -> [UInt8] {
            let report = SimulationReport.make(try input(), searches: false)
            return report.lines.flatMap { $0.json.bytes() } + report.json.bytes()
        }
        #expect(try bytes() == bytes())
    }

    @Test("the size that copies most is enough, and a little less is not")
    func search() throws {
        try withYAML("sizing: {mode: fixed_notional, notional: 11}, below_minimum: skip") { path in
            let report = SimulationReport.make(try input(config: path))
            let found = try #require(report.subscriptions.first?.sizeForGoal)
            let notional = try #require(found.split(separator: " ").last.map(String.init))
            func reaches(_ notional: String) throws -> Bool {
                try withYAML("sizing: {mode: fixed_notional, notional: \(notional)}, below_minimum: skip") { path in
                    try #require(SimulationReport.make(try input(config: path), searches: false).subscriptions.first).reachesGoal
                }
            }
            #expect(try reaches(notional))
            let less = try Ratio(parsing: "0.9") * Notional(parsing: notional)
            #expect(try !reaches("\(less)"))
        }
    }

    @Test("what a configuration forbids cannot be bought with size")
    func unreachable() throws {
        try withYAML("sizing: {mode: fixed_notional, notional: 100}, state: paused") { path in
            let report = SimulationReport.make(try input(config: path))
            #expect(report.subscriptions.count == 1 && report.subscriptions[0].sizeForGoal == nil)
        }
    }

    @Test("a book gives lots and prices; a malformed one is named")
    func book() async throws {
        try await withScratch { folder in
            let path = folder + "/book.json"
            try FileManager.default.writeFile(path, #"{"PUMP": {"szDecimals": 0, "maxLeverage": 5, "bid": "1", "ask": "1.1"}}"#)
            let markets = try input(book: path).markets
            #expect(markets["PUMP"]?.instrument.maximumLeverage == 5)
            #expect(markets["PUMP"]?.facts.quote?.bestAsk?.description == "1.1")
            try FileManager.default.writeFile(path, #"{"PUMP": {"szDecimals": 9}}"#)
            #expect { try input(book: path) } throws: { "\($0)" == "\(path): PUMP.szDecimals: 9 is not within 0...8" }
        }
    }

    @Test("a configuration with faults is not simulated")
    func faults() throws {
        try withYAML("sizing: {mode: sideways}") { path in
            _ = #expect { try input(config: path) } throws: { ($0 as? Failure)?.kind == .data }
        }
    }

    /// One subscription to the leader with the most fills.
    private func withYAML<T>(_ settings: String, _ body: (String) throws -> T) throws -> T {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("vibe-simulate-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let yaml = """
            influencers: [{id: leader-5, address: "0x0000000000000000000000000000000000000005"}]
            subscribers: [{id: s, account: "0x000000000000000000000000000000000000000a", agent_key_env: NOT_SET}]
            subscriptions: [{subscriber: s, influencer: leader-5, \(settings)}]
            """
        try FileManager.default.writeFile(path, yaml)
        return try body(path)
    }
}
