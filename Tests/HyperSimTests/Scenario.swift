import CopyTrading
import Foundation
import JSON
import Testing

@testable import HyperSim

/// An engine with two main-dex coins and one of a builder dex, one funded follower, and the means to place orders without sockets.
///
/// The book stands 2 basis points around the mid: BTC at 50000 has its best bid at 49990 and its best ask at 50010.
final class Scenario {
    let engine: Engine
    let account: Account
    let leader: Account
    var now: Int64 = 1_800_000_000_000
    private var nonce: UInt64 = 1_800_000_000_000

    static let owner = "0x" + String(repeating: "a", count: 40)
    static let agent = "0x" + String(repeating: "b", count: 40)

    init(balance: Notional = Notional(10_000), depth: Notional = Notional(1_000_000), refillMilliseconds: Int64 = 0) throws {
        let shape = BookShape(
            halfSpreadBasisPoints: 2, levelSpacingBasisPoints: 2, levelCount: 5, levelDepth: depth, refillMilliseconds: refillMilliseconds,
            seed: 7)
        let listings = [
            Listing(coin: "BTC", price: Price(50_000), sizeDecimals: 5, maximumLeverage: 20),
            Listing(coin: "kBONK", price: try Price(parsing: "0.0032"), sizeDecimals: 0, maximumLeverage: 10),
            Listing(coin: "xyz:CL", price: try Price(parsing: "80"), sizeDecimals: 3, maximumLeverage: 10),
        ]
        let parameters = EngineParameters(
            takerFeeMillionths: 450, makerFeeMillionths: 150, followerHistoryLimit: 100, leaderHistoryLimit: 100, seed: 7)
        engine = Engine(universe: try Universe(listings: listings, book: shape), parameters: parameters)
        try engine.open(Self.owner, agent: Self.agent, master: nil, balance: balance)
        account = engine.account(Self.owner)!
        let leaderAddress = LeaderAddress.of("leader")
        try engine.openLeader(leaderAddress, name: "leader", equity: Notional(200_000))
        leader = engine.account(leaderAddress)!
        _ = engine.takeEffects()
    }

    var context: ActionContext { context(of: account) }

    func context(of account: Account, hash: String = Fill.zeroHash) -> ActionContext {
        nonce += 1
        return ActionContext(signer: engine.signer(account.address)!, account: account, nonce: nonce, hash: hash, now: now)
    }

    /// One more follower.
    func open(_ digit: Character, balance: Notional = Notional(10_000)) throws -> Account {
        let address = "0x" + String(repeating: digit, count: 40)
        try engine.open(address, agent: nil, master: nil, balance: balance)
        return engine.account(address)!
    }

    func market(_ coin: String) -> Market { engine.universe.market(coin: coin)! }

    func ticket(
        _ coin: String, _ side: Side, _ size: String, at price: String, reduceOnly: Bool = false, _ lifetime: OrderLifetime = .immediateOrCancel,
        cloid: String? = nil
    ) -> OrderTicket {
        OrderTicket(
            asset: market(coin).asset, side: side, price: try? Price(parsing: price), size: try? Size(parsing: size), priceText: price,
            sizeText: size, reduceOnly: reduceOnly, lifetime: lifetime, cloid: cloid)
    }

    /// A reduce-only trigger order.
    /// - Parameter limit: without one it executes at the market.
    func trigger(
        _ kind: OrderTrigger.Kind, _ coin: String, _ side: Side, _ size: String, at price: String, limit: String? = nil, reduceOnly: Bool = true,
        cloid: String? = nil
    ) -> OrderTicket {
        var ticket = ticket(
            coin, side, size, at: limit ?? price, reduceOnly: reduceOnly, limit == nil ? .immediateOrCancel : .untilCancelled, cloid: cloid)
        ticket.trigger = OrderTrigger(price: try! Price(parsing: price), isMarket: limit == nil, kind: kind)
        return ticket
    }

    @discardableResult
    func order(
        _ coin: String, _ side: Side, _ size: String, at price: String, reduceOnly: Bool = false, _ lifetime: OrderLifetime = .immediateOrCancel,
        cloid: String? = nil, by other: Account? = nil
    ) -> OrderAnswer {
        place([ticket(coin, side, size, at: price, reduceOnly: reduceOnly, lifetime, cloid: cloid)], by: other)[0]
    }

    @discardableResult
    func place(_ tickets: [OrderTicket], grouping: OrderGrouping = .none, by other: Account? = nil) -> [OrderAnswer] {
        engine.order(tickets, grouping: grouping, context(of: other ?? account))
    }

    /// The world moves a price, or time passes.
    func set(_ coin: String, mid: String? = nil, mark: String? = nil, _ change: (inout PriceChange) -> Void = { _ in }) throws {
        var prices = PriceChange(coin: coin)
        prices.mid = try mid.map { try Price(parsing: $0) }
        prices.mark = try mark.map { .fixed(try Price(parsing: $0)) }
        change(&prices)
        try engine.apply(.prices(prices), at: now)
    }

    func pass(milliseconds: Int64) throws {
        now += milliseconds
        try engine.apply(.time, at: now)
    }

    /// Moves the mid by a leader's trade.
    func trade(_ coin: String, _ side: Side, _ size: String, at price: String, start: String? = nil) throws {
        let fill = Engine.LeaderFill(
            market: market(coin), price: try Price(parsing: price), size: try Size(parsing: size), side: side,
            startPosition: try start.map { try Size(parsing: $0) }, crossed: true)
        engine.publish([fill], of: leader, now: now)
    }

    func position(_ coin: String) -> Position { account.position(in: market(coin)) }

    var lastFill: Fill? { account.fills.kept.last }
}

extension OrderAnswer {
    var filledSize: Size? {
        guard case .filled(let size, _, _, _) = self else { return nil }
        return size
    }
}

/// The real recordings, and places for files of one test.
enum Fixture {
    static let leaderFills = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/leader_fills.json").path

    static func directory() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("hypersim-\(UUID().uuidString)").path
    }

    static func remove(_ directory: String) {
        do { try FileManager.default.removeItem(atPath: directory) } catch { Issue.record("\(directory) stays behind: \(error)") }
    }
}
