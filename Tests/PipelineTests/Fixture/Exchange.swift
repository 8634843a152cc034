import AsyncHTTPClient
import CopyTrading
import Foundation
import HyperSim
import JSON
import NIOCore

/// The simulated exchange of one test, over its real socket.
struct Exchange: Sendable {
    /// `http://127.0.0.1:<port>`.
    let url: String
    let port: Int
    private let server: HyperSimServer
    private let folder: String
    private let leaders: [String: String]

    static let prices = ["BTC": "50000", "ETH": "2000", "SOL": "100"]

    static func start(_ cast: Cast, log: FleetLog, _ change: (inout HyperSimConfiguration) -> Void) async throws -> Exchange {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vibe-pipeline-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try cast.accounts.text().write(toFile: folder + "/accounts.json", atomically: true, encoding: .utf8)
        var configuration = HyperSimConfiguration(ledgerDirectory: folder)
        configuration.accountsFile = folder + "/accounts.json"
        configuration.syntheticCoins = [
            SyntheticCoin(name: "BTC", price: Price(50_000), sizeDecimals: 5), SyntheticCoin(name: "ETH", price: Price(2_000), sizeDecimals: 4),
            SyntheticCoin(name: "SOL", price: Price(100), sizeDecimals: 2),
        ]
        configuration.syntheticLeaders = Array(cast.leaders.values)
        configuration.levelDepth = Notional(10_000_000)
        configuration.bookRefillMilliseconds = 0
        configuration.limits.users = 1_000
        change(&configuration)
        let server = HyperSimServer(configuration: configuration, logger: log.logger("exchange"))
        let port = try await server.start()
        return Exchange(url: "http://127.0.0.1:\(port)", port: port, server: server, folder: folder, leaders: cast.leaders)
    }

    func stop() async {
        await server.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The leader trades, at the coin's price, as a taker; the exchange knows the position it had.
    func trade(_ leader: String = "leader", _ coin: String = "BTC", _ side: Side, _ size: String) async throws {
        try await fill(leader, coin, side, size, [])
    }

    /// The exchange closes a part of the leader's position, or all of it.
    func liquidate(_ leader: String = "leader", _ coin: String = "BTC", _ side: Side, _ size: String) async throws {
        let price = JSON.string(Self.prices[coin]!)
        let liquidation: JSON = ["liquidatedUser": .string(leaders[leader]!), "markPx": price, "method": "market"]
        try await fill(leader, coin, side, size, [.init("liquidation", liquidation)])
    }

    private func fill(_ leader: String, _ coin: String, _ side: Side, _ size: String, _ extras: [JSON.Member]) async throws {
        let fill = JSON.object(
            [
                .init("coin", .string(coin)), .init("px", .string(Self.prices[coin]!)), .init("sz", .string(size)),
                .init("side", .string(side.letter)), .init("crossed", true),
            ] + extras)
        let body: JSON = ["user": .string(leaders[leader]!), "fills": [fill]]
        try await control("fills", body)
    }

    /// An account that acts by itself and whose equity is what it makes of it, as a leader's is on the exchange.
    func open(_ address: String, balance: String) async throws {
        try await control("accounts", ["accounts": [["account": .string(address), "balance": .string(balance)]]])
    }

    /// A named agent, or another end of one.
    func approve(_ agent: String, of account: String, name: String, validUntil: Int64) async throws {
        let entry: JSON = [
            "account": .string(account), "agent": .string(agent), "balance": "0", "agentName": .string(name), "agentValidUntil": .integer(validUntil),
        ]
        try await control("accounts", ["accounts": [entry]])
    }

    func setPrice(_ coin: String, _ price: String) async throws {
        try await control("prices", ["coin": .string(coin), "mid": .string(price)])
    }

    /// What goes wrong from now on, as `POST /control/faults` takes it.
    func fault(_ faults: JSON...) async throws { try await control("faults", ["faults": .array(faults)]) }

    private func control(_ path: String, _ body: JSON) async throws {
        var request = HTTPClientRequest(url: url + "/control/" + path)
        request.method = .POST
        request.body = .bytes(ByteBuffer(bytes: body.bytes()))
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let text = String(buffer: try await answer.body.collect(upTo: 1 << 20))
        guard answer.status == .ok else { throw NotReached(description: "\(path) was refused: \(text)") }
    }

    /// Every line written so far.
    func ledger() throws -> [LedgerLine] { try ledgerLines().map(LedgerLine.init(json:)) }

    func ledgerLines() throws -> [JSON] {
        let lineFeed = UInt8(ascii: "\n")
        // what follows the last line feed is being written
        guard let data = FileManager.default.contents(atPath: folder + "/ledger.jsonl"), let end = data.lastIndex(of: lineFeed) else { return [] }
        return try data[..<end].split(separator: lineFeed).map { try JSON.parse(Array($0)) }
    }
}

/// One line of the ledger, as far as tests ask.
struct LedgerLine: Sendable {
    var action: String
    var account: String
    var nonce: Int64
    var status: String
    var cloid: String?
    var coin: String?
    var side: String?
    var size: String?
    var reduceOnly: Bool
    /// What was filled, and the position then.
    var filled: Size
    var positionAfter: Size

    init(json: JSON) throws {
        action = try json.string("action")
        account = try json["account"].map { try $0.asString() } ?? ""
        nonce = try json.maybe("nonce") { value throws(JSONError) in try value.asInteger() } ?? 0
        status = try json.maybe("status") { value throws(JSONError) in try value.asString() } ?? ""
        func text(_ name: String) throws -> String? { try json.maybe(name) { value throws(JSONError) in try value.asString() } }
        cloid = try text("cloid")
        coin = try text("coin")
        side = try text("side")
        size = try text("sz")
        reduceOnly = json["reduceOnly"] == true
        filled = try json.maybeDecimal("totalSz") ?? .zero
        positionAfter = try json.maybeDecimal("positionAfter") ?? .zero
    }

    /// Sent by us, or an order of ours that waited or rested and that the exchange carried out; not while it does, nor a trigger whose price
    /// was passed before it could.
    var isOrder: Bool {
        ["order", "trigger", "fill"].contains(action) && !["waitingForTrigger", "resting", "badTriggerPxRejected"].contains(status)
    }
}
