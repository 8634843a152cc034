import CopyTrading
import Cryptography
import Foundation
import HyperSim
import Hyperliquid
import JSON
import Logging
import Testing

/// Published clients, unchanged, against the simulator: every call and every subscription of the exchange's own Python SDK, and what ccxt does
/// for its users.
@Suite struct PublishedClientTests {
    static let owner = try! SigningKey(bytes: [UInt8](repeating: 0x31, count: 32))
    static let maker = try! SigningKey(bytes: [UInt8](repeating: 0x32, count: 32))
    static let builder = "0x" + String(repeating: "b", count: 40)
    static let vault = "0x" + String(repeating: "d", count: 40)

    @Test("the published Python SDK works against the simulator as against the exchange")
    func sdk() async throws {
        let keys = [String(repeating: "31", count: 32), String(repeating: "32", count: 32)]
        try await Self.run("run.py", keys + [Self.builder, Self.vault], steps: 42)
    }

    @Test("so does ccxt, a published client of many exchanges")
    func unified() async throws {
        try await Self.run("unified.py", [String(repeating: "31", count: 32)], steps: 8)
    }

    /// - Parameter steps: with fewer, some were lost.
    private static func run(_ script: String, _ arguments: [String], steps: Int) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("conformance-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = HyperSimServer(configuration: try configuration(directory), logger: Logger(label: "conformance"))
        let port = try await server.start()
        let result: PythonScript.Result
        do { result = try await PythonScript.run(script, ["http://127.0.0.1:\(port)"] + arguments) } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        let failures = result.lines.filter { $0.hasPrefix("FAIL") }
        for failure in failures { Issue.record("\(failure)") }
        let passed = result.lines.filter { $0.hasPrefix("ok ") }.count
        #expect(passed + failures.count >= steps)
        #expect(result.status == 0 && result.lines.last?.hasSuffix("steps, 0 failed") == true, "\(result.lines.suffix(20).joined(separator: "\n"))")
    }

    private static func configuration(_ directory: String) throws -> HyperSimConfiguration {
        let accounts: JSON = [
            "accounts": [
                ["account": .string(owner.address), "balance": "5000000"], ["account": .string(maker.address), "balance": "100000"],
                ["account": .string(builder), "balance": "1000"], ["account": .string(vault), "master": .string(owner.address), "balance": "10000"],
            ]
        ]
        let path = directory + "/accounts.json"
        try accounts.text().write(toFile: path, atomically: true, encoding: .utf8)
        var configuration = HyperSimConfiguration(ledgerDirectory: directory + "/ledger")
        configuration.accountsFile = path
        configuration.syntheticCoins = [
            SyntheticCoin(name: "BTC", price: Price(50_000), sizeDecimals: 5), SyntheticCoin(name: "ETH", price: Price(2_000), sizeDecimals: 4),
            SyntheticCoin(name: "xyz:GOLD", price: Price(2_500), sizeDecimals: 2),
        ]
        configuration.levelDepth = Notional(1_000_000)
        return configuration
    }
}
