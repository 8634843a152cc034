import CopyTrading
import JSON
import Testing

@testable import HyperSim

/// An engine that is driven by its inputs alone, with the journal and the ledger it would leave on disk.
///
/// BTC stands at 50000 with tiers of 40x and, from $1M, 20x; SOL at 100 is strictly isolated; xyz:CL at 80 belongs to a builder dex.
final class Rig {
    private(set) var engine: Engine
    private let depth: Notional
    private(set) var journal: [[UInt8]] = []
    private(set) var ledger: [JSON] = []
    private(set) var ledgerText: [String] = []
    /// What the last input caused.
    private(set) var effects = Effects()
    /// A quarter past an hour.
    var now: Int64 = 1_800_000_900_000
    private var nonce: UInt64 = 1_800_000_000_000

    static let owner = "0x" + String(repeating: "a", count: 40)
    static let agent = "0x" + String(repeating: "b", count: 40)
    static let other = "0x" + String(repeating: "c", count: 40)
    static let third = "0x" + String(repeating: "d", count: 40)
    static let leader = "0x" + String(repeating: "1", count: 40)
    static let btc = 0
    static let sol = 1
    static let oil = 110_000

    init(balance: Notional = Notional(10_000), depth: Notional = Notional(1_000_000), _ change: (inout EngineParameters) -> Void = { _ in }) throws {
        var parameters = EngineParameters(
            takerFeeMillionths: 450, makerFeeMillionths: 150, followerHistoryLimit: 100, leaderHistoryLimit: 100, seed: 7)
        change(&parameters)
        self.depth = depth
        engine = try Self.engine(parameters, depth: depth)
        try apply(.leaders([Self.leader]))
        for (account, agent) in [(Self.owner, Self.agent), (Self.other, nil), (Self.third, nil)] as [(String, String?)] {
            try apply(.accounts([AccountEntry(account: account, agent: agent, master: nil, balance: balance, spotBalance: .zero, mode: nil)]))
        }
    }

    private static func engine(_ parameters: EngineParameters, depth: Notional) throws -> Engine {
        let shape = BookShape(
            halfSpreadBasisPoints: 2, levelSpacingBasisPoints: 2, levelCount: 5, levelDepth: depth, refillMilliseconds: 0, seed: 7)
        let tiers = try MarginTable(tiers: [(.zero, 40), (Notional(1_000_000), 20)])
        let listings = [
            Listing(coin: "BTC", price: Price(50_000), sizeDecimals: 5, maximumLeverage: 40, marginTable: tiers),
            Listing(coin: "SOL", price: Price(100), sizeDecimals: 2, maximumLeverage: 20, marginMode: .strictIsolated),
            Listing(coin: "xyz:CL", price: Price(80), sizeDecimals: 3, maximumLeverage: 10),
        ]
        return Engine(universe: try Universe(listings: listings, book: shape), parameters: parameters)
    }

    @discardableResult
    func apply(_ input: EngineInput) throws -> Engine.Outcome {
        var writer = WireWriter()
        input.write(at: now, to: &writer)
        journal.append(writer.bytes)
        let outcome = try engine.apply(input, at: now)
        effects = engine.takeEffects()
        try keep(effects.ledger)
        return outcome
    }

    private func keep(_ entries: [LedgerEntry]) throws {
        for entry in entries {
            var writer = WireWriter()
            entry.write(to: &writer)
            ledgerText.append(String(decoding: writer.bytes, as: UTF8.self))
            ledger.append(try JSON.parse(writer.bytes))
        }
    }

    /// The ledger another engine writes for the same journal.
    func replayedLedger() throws -> [String] {
        let fresh = try Self.engine(engine.parameters, depth: depth)
        var lines: [String] = []
        for line in journal {
            let (input, time) = try EngineInput.read(try JSON.parse(line), universe: fresh.universe)
            try fresh.apply(input, at: time)
            for entry in fresh.takeEffects().ledger {
                var writer = WireWriter()
                entry.write(to: &writer)
                lines.append(String(decoding: writer.bytes, as: UTF8.self))
            }
        }
        return lines
    }

    /// Carries out an action as decoded from its JSON; members `nonce` and `time` are added where they are missing.
    @discardableResult
    func act(_ action: JSON, as signer: String = Rig.agent, vault: String? = nil, expiresAfter: UInt64? = nil) throws -> ActionResult {
        nonce = max(nonce + 1, UInt64(now))
        guard case .object(let members) = action else { throw JSONError(problem: "no action") }
        let signed = JSON.object(members + [.init("nonce", .integer(nonce)), .init("time", .integer(nonce))])
        let input = SignedInput(
            signer: signer, vaultAddress: vault, nonce: nonce, expiresAfter: expiresAfter, hash: TradeHash.of(Array("\(nonce)".utf8)),
            operation: try Operations.decode(signed))
        guard case .action(let result) = try apply(.action(input)) else { throw JSONError(problem: "no result") }
        return result
    }

    @discardableResult
    func order(
        _ asset: Int, _ side: Side, _ size: String, at price: String, _ tif: String = "Ioc", as signer: String = Rig.agent, builder: JSON? = nil
    ) throws -> ActionResult {
        var action: [JSON.Member] = [
            .init("type", "order"), .init("orders", [Signing.order(asset, buy: side == .buy, price, size, tif)]), .init("grouping", "na"),
        ]
        if let builder { action.append(.init("builder", builder)) }
        return try act(.object(action), as: signer)
    }

    func price(_ coin: String, mid: String? = nil, mark: String? = nil, oracle: String? = nil, funding: String? = nil) throws {
        var members = [JSON.Member("coin", .string(coin))]
        for (name, value) in [("mid", mid), ("mark", mark), ("oracle", oracle), ("funding", funding)] {
            if let value { members.append(.init(name, .string(value))) }
        }
        try apply(.prices(try PriceChange(json: .object(members))))
    }

    func wait(_ milliseconds: Int64) throws {
        now += milliseconds
        try apply(.time)
    }

    func account(_ address: String = Rig.owner) -> Account { engine.account(address)! }
    func market(_ coin: String) -> Market { engine.universe.market(coin: coin)! }
    func size(_ coin: String, _ address: String = Rig.owner) -> Size { account(address).position(in: market(coin)).size }
}

extension ActionResult {
    var refusal: String? {
        guard case .refused(let text) = self else { return nil }
        return text
    }

    var errors: [String] {
        guard case .orders(let answers) = self else { return [] }
        return answers.compactMap(\.errorText)
    }

    var isFilled: Bool {
        guard case .orders(let answers) = self else { return false }
        return answers.allSatisfy { $0.filledSize != nil }
    }
}
