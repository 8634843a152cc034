import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Logging

@testable import HyperSim

/// A simulator on a free port with two synthetic coins, one synthetic leader and one follower with an agent; its ledger is in a directory of
/// its own.
struct SimulatorFixture {
    let server: HyperSimServer
    let port: Int
    let directory: String

    static let agent = try! SigningKey(bytes: [UInt8](repeating: 7, count: 32))
    static let owner = try! SigningKey(bytes: [UInt8](repeating: 9, count: 32))
    static let stranger = try! SigningKey(bytes: [UInt8](repeating: 11, count: 32))
    static let vault = "0x" + String(repeating: "d", count: 40)
    static let leader = "0x" + String(repeating: "1", count: 40)

    /// Runs `body` with a simulator and stops it.
    /// - Parameter directory: of the ledger; without one it gets its own, which goes with it.
    static func run<Result>(
        in given: String? = nil, _ change: (inout HyperSimConfiguration) -> Void = { _ in },
        _ body: (SimulatorFixture) async throws -> Result
    ) async throws -> Result {
        let directory = given ?? Fixture.directory()
        defer { if given == nil { Fixture.remove(directory) } }
        var configuration = HyperSimConfiguration(ledgerDirectory: directory)
        configuration.syntheticCoins = [
            SyntheticCoin(name: "BTC", price: Price(50_000), sizeDecimals: 5),
            SyntheticCoin(name: "ETH", price: Price(2_000), sizeDecimals: 4),
        ]
        configuration.syntheticLeaders = [leader]
        configuration.accountsFile = try accountsFile(directory)
        change(&configuration)
        let server = HyperSimServer(configuration: configuration, logger: Logger(label: "test"))
        let fixture = SimulatorFixture(server: server, port: try await server.start(), directory: directory)
        do {
            let result = try await body(fixture)
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    private static func accountsFile(_ directory: String) throws -> String {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let accounts: JSON = [
            "accounts": [
                ["account": .string(owner.address), "agent": .string(agent.address), "balance": "10000"],
                ["account": .string(vault), "master": .string(owner.address), "balance": "500"],
            ]
        ]
        let path = directory + "/accounts.json"
        try accounts.text().write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    func connect() async throws -> RawConnection { try await RawConnection(port: port) }

    /// An open WebSocket whose greeting was read.
    func socket() async throws -> RawConnection {
        let connection = try await connect()
        let status = try await connection.upgrade()
        guard status == 101 else { throw RawConnection.Closed() }
        _ = try await connection.message()
        return connection
    }

    /// The ledger's lines, without the deposits that opened the accounts.
    var ledger: [JSON] {
        get throws {
            // without what follows the last line feed: it is being written
            try String(contentsOfFile: directory + "/ledger.jsonl", encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
                .dropLast().map { try JSON.parse($0.description) }
                .filter { $0["type"] != "deposit" }
        }
    }
}

/// Builds and signs actions with rising nonces.
struct Signing {
    var key = SimulatorFixture.agent
    var network = Network.testnet
    var nonce = UInt64(Date().timeIntervalSince1970 * 1_000)

    mutating func sign(_ action: JSON, vault: String? = nil, expiresAfter: UInt64? = nil) throws -> String {
        nonce += 1
        return try repeated(action, vault: vault, expiresAfter: expiresAfter)
    }

    /// With the nonce of the last action.
    func repeated(_ action: JSON, vault: String? = nil, expiresAfter: UInt64? = nil) throws -> String {
        let signed = try SignedAction.sign(
            action: action, nonce: nonce, vaultAddress: vault, expiresAfter: expiresAfter, network: network, key: key)
        return String(decoding: signed.body, as: UTF8.self)
    }

    static func order(
        _ asset: Int, buy: Bool, _ price: String, _ size: String, _ tif: String = "Ioc", reduceOnly: Bool = false, cloid: String? = nil
    ) -> JSON {
        var members: [JSON.Member] = [
            .init("a", .integer(asset)), .init("b", .bool(buy)), .init("p", .string(price)), .init("s", .string(size)),
            .init("r", .bool(reduceOnly)), .init("t", ["limit": ["tif": .string(tif)]]),
        ]
        if let cloid { members.append(.init("c", .string(cloid))) }
        return .object(members)
    }

    static func action(_ orders: JSON...) -> JSON { ["type": "order", "orders": .array(orders), "grouping": "na"] }

    static func cloid(_ number: Int) -> String { "0x" + String(repeating: "0", count: 24) + String(10_000_000 + number) }
}

extension JSON {
    /// The member at a path of names and indices, or `null`.
    subscript(path path: JSONStep...) -> JSON {
        path.reduce(self) { value, step in
            switch step {
            case .name(let name): value[name] ?? .null
            case .index(let index):
                if case .array(let elements) = value, elements.indices.contains(index) { elements[index] } else { .null }
            }
        }
    }

    var count: Int {
        guard case .array(let elements) = self else { return 0 }
        return elements.count
    }
}

enum JSONStep: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case name(String)
    case index(Int)
    init(stringLiteral value: String) { self = .name(value) }
    init(integerLiteral value: Int) { self = .index(value) }
}
