import CopyTrading
import JSON

extension BookChange {
    /// `{"coin","levels":[[{"px","sz","n"?},…],[…]]}` as in the exchange's l2Book, other members being ignored; `levels` null or absent lets the
    /// house quote.
    init(json: JSON) throws(JSONError) {
        coin = try json.string("coin")
        levels = try json.maybe("levels", Levels.init(json:))
    }

    var json: JSON { levels.map { ["coin": .string(coin), "levels": $0.json] } ?? ["coin": .string(coin)] }
}

extension BookChange.Levels {
    /// More than the exchange shows; a bound on what is kept.
    static let maximumLevels = 1_000

    init(json: JSON) throws(JSONError) {
        let sides = try json.asArray()
        guard sides.count == 2 else { throw JSONError(problem: "expected bids and asks, found \(sides.count) sides") }
        bids = try Self.side(sides[0], "bids") { $0 > $1 }
        asks = try Self.side(sides[1], "asks") { $0 < $1 }
        if let bid = bids.first, let ask = asks.first, bid.price >= ask.price {
            throw JSONError(problem: "the bid \(bid.price) is not below the ask \(ask.price)")
        }
    }

    var json: JSON { .array([bids, asks].map { .array($0.map(\.json)) }) }

    private static func side(_ json: JSON, _ name: String, isBefore: (Price, Price) -> Bool) throws(JSONError) -> [BookLevel] {
        let levels = try json.map(BookLevel.init(json:))
        guard levels.count <= maximumLevels else { throw JSONError(path: name, problem: "\(levels.count) levels, expected at most \(maximumLevels)") }
        for (level, next) in zip(levels, levels.dropFirst()) where !isBefore(level.price, next.price) {
            throw JSONError(path: name, problem: "\(next.price) after \(level.price): expected the best first")
        }
        return levels
    }
}

extension BookLevel {
    fileprivate init(json: JSON) throws(JSONError) {
        price = try json.decimal("px")
        size = try json.decimal("sz")
        orders = Int(try json.maybe("n") { value throws(JSONError) in try value.asInteger() } ?? 1)
        guard price.e8 > 0 else { throw JSONError(path: "px", problem: "expected a positive price, found \(price)") }
        guard size.e8 > 0 else { throw JSONError(path: "sz", problem: "expected a positive size, found \(size)") }
    }

    fileprivate var json: JSON { ["px": .string(price.description), "sz": .string(size.description), "n": .integer(orders)] }
}

extension PublicTrade {
    /// `{"coin","side","px","sz","hash"?,"tid"?,"users"?:[buyer,seller]}` as in the exchange's trades; its `time` is not read: it happens now.
    init(json: JSON) throws(JSONError) {
        coin = try json.string("coin")
        side = try json.at("side", Side.init(letter:))
        price = try json.decimal("px")
        size = try json.decimal("sz")
        guard price.e8 > 0 else { throw JSONError(path: "px", problem: "expected a positive price, found \(price)") }
        guard size.e8 > 0 else { throw JSONError(path: "sz", problem: "expected a positive size, found \(size)") }
        hash = try json.maybe("hash") { value throws(JSONError) in try value.asString() }
        tid = try json.maybe("tid") { value throws(JSONError) in try value.asInteger() }
        let users = try json.maybe("users") { value throws(JSONError) in try value.map(Address.init(json:)).map(\.text) } ?? []
        guard users.isEmpty || users.count == 2 else { throw JSONError(path: "users", problem: "expected buyer and seller, found \(users.count)") }
        buyer = users.first
        seller = users.last
    }

    var json: JSON {
        var members: [JSON.Member] = [
            .init("coin", .string(coin)), .init("side", .string(side.letter)), .init("px", .string(price.description)),
            .init("sz", .string(size.description)),
        ]
        if let hash { members.append(.init("hash", .string(hash))) }
        if let tid { members.append(.init("tid", .integer(tid))) }
        if let buyer, let seller { members.append(.init("users", [.string(buyer), .string(seller)])) }
        return .object(members)
    }
}
