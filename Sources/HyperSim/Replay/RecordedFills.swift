import CopyTrading
import JSON

/// The recorded fills of several leaders: what is replayed, and all that is known of the coins they traded.
///
/// File: `{"leaders":[{"leader":"leader-10","fills":[userFill, …]}, …]}`, each leader's fills in the order of execution.
struct RecordedFills {
    struct Leader: Equatable {
        var name: String
        var address: String
    }

    /// Fills of one leader that share one recorded millisecond: published in one message.
    struct Group {
        /// Index in ``leaders``.
        var leader: Int
        /// Milliseconds since 1970, when it was recorded.
        var recordedAt: Int64
        var fills: [JSON]
    }

    let leaders: [Leader]
    /// Merged over the leaders by recorded time, equal times in the file's order.
    let groups: [Group]
    let listings: [Listing]
    let fillCount: Int

    static let builderDexLeverage = 10
    static let mainDexLeverage = 20

    init(path: String) throws(HyperSimError) { self = try JSONFile.read(path, Self.init(json:)) }

    init(json: JSON) throws(JSONError) {
        var leaders: [Leader] = []
        var groups: [Group] = []
        var count = 0
        for entry in try json.array("leaders") {
            let name = try entry.string("leader")
            for fill in try entry.array("fills") {
                let time = try fill.integer("time")
                count += 1
                if groups.last?.leader == leaders.count, groups.last?.recordedAt == time {
                    groups[groups.count - 1].fills.append(fill)
                } else {
                    groups.append(Group(leader: leaders.count, recordedAt: time, fills: [fill]))
                }
            }
            leaders.append(Leader(name: name, address: LeaderAddress.of(name)))
        }
        self.leaders = leaders
        self.groups = groups.enumerated()
            .sorted { ($0.element.recordedAt, $0.offset) < ($1.element.recordedAt, $1.offset) }
            .map(\.element)
        fillCount = count
        listings = try Self.listings(of: self.groups)
    }

    /// The position each leader held in each coin before its first recorded fill there.
    func startPositions() throws(JSONError) -> [(leader: Int, coin: String, size: Size)] {
        var seen: Set<String> = []
        var result: [(leader: Int, coin: String, size: Size)] = []
        for group in groups {
            for fill in group.fills {
                let coin = try fill.string("coin")
                guard seen.insert("\(group.leader) \(coin)").inserted else { continue }
                result.append((group.leader, coin, try fill.decimal("startPosition")))
            }
        }
        return result
    }

    /// No metadata was recorded: the price is the first one traded at, the size decimals are the most seen.
    private static func listings(of groups: [Group]) throws(JSONError) -> [Listing] {
        var found: [String: Listing] = [:]
        for fill in groups.flatMap(\.fills) {
            let coin = try fill.string("coin")
            let decimals = try decimalCount(of: fill.string("sz"))
            guard decimals <= PriceGrid.maximumDecimals else {
                throw JSONError(problem: "\(coin): a size with \(decimals) decimals, a perpetual has at most \(PriceGrid.maximumDecimals)")
            }
            if found[coin] == nil {
                let leverage = Universe.dexName(of: coin).isEmpty ? mainDexLeverage : builderDexLeverage
                found[coin] = Listing(coin: coin, price: try fill.decimal("px"), sizeDecimals: 0, maximumLeverage: leverage)
            }
            found[coin]!.sizeDecimals = max(found[coin]!.sizeDecimals, decimals)
        }
        return found.values.sorted { $0.coin < $1.coin }
    }

    /// Decimals of a size without its trailing zeros.
    private static func decimalCount(of text: String) -> Int {
        guard let point = text.utf8.firstIndex(of: UInt8(ascii: ".")) else { return 0 }
        var decimals = text.utf8[text.utf8.index(after: point)...]
        while decimals.last == UInt8(ascii: "0") { decimals = decimals.dropLast() }
        return decimals.count
    }
}
