import ConfigStore
import CopyTrading
import Foundation
import Hyperliquid
import JSON

/// What a simulation runs on: recorded leaders, a configuration, and what is known of the markets.
struct SimulationInput: Sendable {
    struct Leader: Sendable {
        let influencer: InfluencerID
        let fills: [LeaderFill]
        /// For sizing by equity, USDC.
        let equity: Notional
    }

    struct Market: Sendable {
        var instrument: Instrument
        var facts = PlanningFacts.Market()
    }

    let leaders: [Leader]
    let config: ConfigSnapshot
    let markets: [Coin: Market]

    static let largestFile = 512 << 20
    /// Of a market the book file does not describe.
    static let assumedLeverage = 50

    /// - Parameters:
    ///   - fills: file of `{"leaders": [{"leader": id or address, "fills": [as from userFills]}]}`.
    ///   - book: file of `{coin: {szDecimals, maxLeverage, bid, ask, mark, listedMs}}`, each member optional.
    ///   - equities: influencer → USDC.
    static func read(fills: String, config: String, book: String?, equities: [String: Notional]) throws -> SimulationInput {
        let file: ConfigFile
        do { file = try ConfigFile.read(path: config, environment: [:], readsKeys: false) } catch {
            let count = error.faults.count
            throw Failure(.data, "\(count) fault\(count == 1 ? "" : "s")\n\(error)", nextStep: "correct them; `vibe config reference` has all settings")
        }
        let recordings = try parse(fills) { json throws(JSONError) in try json.list("leaders", recording) }
        let books = try book.map { try parse($0) { json throws(JSONError) in try Self.books(json) } } ?? [:]
        return SimulationInput(file, recordings, books, equities)
    }

    init(_ file: ConfigFile, _ recordings: [Recording], _ books: [Coin: Book], _ equities: [String: Notional]) {
        // Agents do not matter here: nothing is signed.
        let subscribers = file.subscribers.map {
            Subscriber(id: $0.id, account: $0.account, vaultAddress: $0.vaultAddress, agentAddress: "", settings: $0.settings)
        }
        config = ConfigSnapshot(
            version: 1, influencers: file.influencers, subscribers: subscribers, subscriptions: file.subscriptions, scopes: file.scopes)
        leaders = file.influencers.compactMap { influencer in
            guard influencer.isActive,
                let recording = recordings.first(where: { $0.leader == influencer.id.text || $0.leader.lowercased() == influencer.address })
            else { return nil }
            let fills = recording.fills.map { $0.leaderFill(of: influencer.address) }
            return Leader(
                influencer: influencer.id, fills: fills, equity: equities[influencer.id.text] ?? Self.largestGross(fills))
        }
        markets = Self.markets(leaders.flatMap(\.fills), books)
    }

    init(leaders: [Leader], config: ConfigSnapshot, markets: [Coin: Market]) {
        self.leaders = leaders
        self.config = config
        self.markets = markets
    }

    struct Recording: Sendable {
        let leader: String
        let fills: [UserFill]
    }

    struct Book: Sendable {
        var sizeDecimals: Int?
        var maximumLeverage: Int?
        var facts = PlanningFacts.Market()
    }

    private static func parse<Value>(_ path: String, _ decode: (JSON) throws(JSONError) -> Value) throws -> Value {
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: largestFile + 1) else {
            throw Failure(.data, "cannot read \(path)")
        }
        guard data.count <= largestFile else { throw Failure(.data, "\(path) is larger than \(largestFile) bytes") }
        do throws(JSONError) { return try decode(try JSON.parse([UInt8](data))) } catch { throw Failure(.data, "\(path): \(error)") }
    }

    private static func recording(_ json: JSON) throws(JSONError) -> Recording {
        Recording(leader: try json.string("leader"), fills: try json.list("fills", UserFill.init(json:)))
    }

    private static func books(_ json: JSON) throws(JSONError) -> [Coin: Book] {
        guard case .object(let members) = json else { throw JSONError(problem: "expected an object of coins, found \(json.kind)") }
        var books: [Coin: Book] = [:]
        for member in members {
            books[Coin(member.name)] = try json.at(member.name) { json throws(JSONError) in try Self.book(json) }
        }
        return books
    }

    private static func book(_ json: JSON) throws(JSONError) -> Book {
        func count(_ name: String, _ range: ClosedRange<Int64>) throws(JSONError) -> Int? {
            guard let value = try json.maybe(name, { value throws(JSONError) in try value.asInteger() }) else { return nil }
            guard range.contains(value) else { throw JSONError(path: name, problem: "\(value) is not within \(range)") }
            return Int(value)
        }
        func price(_ name: String) throws(JSONError) -> Price? {
            guard let price: Price = try json.maybeDecimal(name) else { return nil }
            guard price > .zero else { throw JSONError(path: name, problem: "\(price) is not positive") }
            return price
        }
        var book = Book(sizeDecimals: try count("szDecimals", 0...8), maximumLeverage: try count("maxLeverage", 1...100))
        book.facts.quote = Quote(bestBid: try price("bid"), bestAsk: try price("ask"))
        book.facts.mark = try price("mark")
        book.facts.listedAt = try json.maybe("listedMs") { value throws(JSONError) in try value.asInteger() }
        return book
    }

    /// What the recording shows of a market, unless the book says it: the finest size traded is its lot.
    private static func markets(_ fills: [LeaderFill], _ books: [Coin: Book]) -> [Coin: Market] {
        var markets: [Coin: Market] = [:]
        for (index, coin) in Set(fills.map(\.coin)).sorted().enumerated() {
            let book = books[coin]
            let decimals = fills.lazy.filter { $0.coin == coin }.map { fill in
                (0...8).first { fill.size.truncated(decimals: $0) == fill.size } ?? 8
            }.max() ?? 0
            markets[coin] = Market(
                instrument: Instrument(
                    coin: coin, asset: index, sizeDecimals: book?.sizeDecimals ?? decimals,
                    maximumLeverage: book?.maximumLeverage ?? assumedLeverage),
                facts: book?.facts ?? PlanningFacts.Market())
        }
        return markets
    }

    /// The most that all positions of a leader were worth together, at the prices of its own fills.
    private static func largestGross(_ fills: [LeaderFill]) -> Notional {
        var worth: [Coin: Notional] = [:]
        var gross = Notional.zero
        var largest = Notional.zero
        for fill in fills.sorted(by: { ($0.time, $0.tid) < ($1.time, $1.tid) }) {
            guard let now = try? fill.price * fill.end else { continue }
            gross += now - (worth[fill.coin] ?? .zero)
            worth[fill.coin] = now
            largest = max(largest, gross)
        }
        return largest
    }
}

extension UserFill {
    fileprivate func leaderFill(of address: String) -> LeaderFill {
        LeaderFill(
            coin: coin, price: price, size: size, side: side, time: time, startPosition: startPosition, dir: dir, oid: oid, crossed: crossed,
            tid: tid, twapID: twapID, isLiquidationOfLeader: liquidation?.liquidatedUser.lowercased() == address)
    }
}
