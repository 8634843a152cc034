import CopyTrading
import JSON

/// The best levels (at most 20 a side) of one market.
public struct Book: Sendable, Equatable {
    public var coin: Coin
    /// Milliseconds since 1970.
    public var time: Int64
    /// Best first; empty when that side has no orders.
    public var bids: [Level]
    public var asks: [Level]

    public struct Level: Sendable, Equatable {
        public var price: Price
        /// Coins, all orders at this price together.
        public var size: Size

        public init(price: Price, size: Size) {
            self.price = price
            self.size = size
        }
    }

    public init(coin: Coin, time: Int64, bids: [Level], asks: [Level]) {
        self.coin = coin
        self.time = time
        self.bids = bids
        self.asks = asks
    }

    /// `{"coin","time","levels":[[{"px","sz","n"},…],[…]]}`; an unknown coin is answered with `null`.
    public init(json: JSON) throws(JSONError) {
        guard json != .null else { throw JSONError(problem: "the exchange knows no such coin") }
        let sides = try json.list("levels") { side throws(JSONError) in
            try side.map { level throws(JSONError) in Level(price: try level.decimal("px"), size: try level.decimal("sz")) }
        }
        guard sides.count == 2 else { throw JSONError(path: "levels", problem: "expected two sides, found \(sides.count)") }
        self.init(coin: Coin(try json.string("coin")), time: try json.integer("time"), bids: sides[0], asks: sides[1])
    }
}

extension ExchangeClient {
    /// Mid prices of the exchange's own dex (spot pairs too), or of a builder dex. A pair whose price cannot be read is left out if
    /// it is no perpetual.
    public func allMids(dex: String? = nil) async throws(InfoError) -> [Coin: Price] {
        let request: JSON = dex.map { ["type": "allMids", "dex": .string($0)] } ?? ["type": "allMids"]
        return try await read(request) { answer throws(JSONError) in try Mids.read(answer) }
    }

    public func book(_ coin: Coin) async throws(InfoError) -> Book {
        try await read(["type": "l2Book", "coin": .string(coin.text)]) { answer throws(JSONError) in try Book(json: answer) }
    }
}

enum Mids {
    /// `{"BTC":"85801.5","@107":"92.9315",…}`
    static func read(_ answer: JSON) throws(JSONError) -> [Coin: Price] {
        guard case .object(let members) = answer else { throw JSONError(problem: "expected an object, found \(answer.kind)") }
        var mids: [Coin: Price] = [:]
        mids.reserveCapacity(members.count)
        for member in members {
            do {
                mids[Coin(member.name)] = try WireDecimal.denoised(try member.value.asString())
            } catch {
                guard isPerpetual(member.name) else { continue }
                throw JSONError(path: member.name, problem: "\(error)")
            }
        }
        return mids
    }

    /// Spot pairs are `@107` or `PURR/USDC`, outcomes `#14880` or `+14880`.
    private static func isPerpetual(_ name: String) -> Bool {
        !name.hasPrefix("@") && !name.hasPrefix("#") && !name.hasPrefix("+") && !name.contains("/")
    }
}
