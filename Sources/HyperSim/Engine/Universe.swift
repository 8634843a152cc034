import CopyTrading

/// Every market, by dex. Asset ids are the exchange's: the index in the main dex's universe; for the builder dex at index d of
/// perpDexs, 100000 + 10000 × d + the index in that dex's universe.
struct Universe {
    /// "" is the main dex, at index 0.
    let dexes: [String]
    let markets: [Market]
    private let byCoin: [String: Int]
    private let byAsset: [Int: Int]

    /// The coin's part before `:` names its dex; coins of the main dex have none. Each dex lists its coins in alphabetical order.
    init(listings: [Listing], book: BookShape) throws(HyperSimError) {
        let grouped = Dictionary(grouping: listings) { Self.dexName(of: $0.coin) }
        dexes = [""] + grouped.keys.filter { !$0.isEmpty }.sorted()
        var markets: [Market] = []
        var byCoin: [String: Int] = [:]
        var byAsset: [Int: Int] = [:]
        for (dex, name) in dexes.enumerated() {
            for (position, listing) in (grouped[name] ?? []).sorted(by: { $0.coin < $1.coin }).enumerated() {
                try Self.check(listing)
                let asset = dex == 0 ? position : 100_000 + 10_000 * dex + position
                let market = Market(index: markets.count, listing: listing, asset: asset, dex: dex, book: book)
                guard byCoin.updateValue(market.index, forKey: listing.coin) == nil else { throw .configuration("\(listing.coin) is listed twice") }
                byAsset[asset] = market.index
                markets.append(market)
            }
        }
        self.markets = markets
        self.byCoin = byCoin
        self.byAsset = byAsset
    }

    func market(coin: String) -> Market? { byCoin[coin].map { markets[$0] } }
    func market(asset: Int) -> Market? { byAsset[asset].map { markets[$0] } }
    func index(ofDex name: String) -> Int? { dexes.firstIndex(of: name) }
    func markets(onDex dex: Int) -> [Market] { markets.filter { $0.dex == dex } }

    static func dexName(of coin: String) -> String {
        coin.firstIndex(of: ":").map { String(coin[..<$0]) } ?? ""
    }

    private static func check(_ listing: Listing) throws(HyperSimError) {
        guard (0...PriceGrid.maximumDecimals).contains(listing.sizeDecimals) else {
            throw .configuration("\(listing.coin): \(listing.sizeDecimals) size decimals, expected 0 to \(PriceGrid.maximumDecimals)")
        }
        guard listing.price.e8 > 0 else { throw .configuration("\(listing.coin): price \(listing.price) is not positive") }
        guard (1...100).contains(listing.maximumLeverage) else {
            throw .configuration("\(listing.coin): leverage \(listing.maximumLeverage), expected 1 to 100")
        }
    }
}
