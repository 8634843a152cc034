import CopyTrading
import JSON

/// The perpetual markets of one dex, delisted ones included.
public struct PerpetualMarkets: Sendable, Equatable {
    public var instruments: [Instrument]
    /// By a market's ``marginTableIDs``; a table that is not here has the single tier of that leverage.
    public var marginTables: [Int: MarginTable]
    public var marginTableIDs: [Coin: Int]
    /// The spot token in which margin is held; 0 is USDC.
    public var collateralToken: Int

    /// Highest leverage by the position's value.
    public struct MarginTable: Sendable, Equatable {
        public var description: String
        /// From the lowest bound.
        public var tiers: [Tier]

        public struct Tier: Sendable, Equatable {
            /// USDC.
            public var lowerBound: Notional
            public var maximumLeverage: Int
        }
    }

    /// The answer of `meta`. The asset id counts positions in the array, delisted markets included.
    /// - Parameter dex: `nil` is the exchange's own, whose asset ids start at 0.
    init(json: JSON, dex: PerpetualDex?) throws(JSONError) {
        let universe = try json.list("universe") { asset throws(JSONError) in try Asset(asset) }
        instruments = universe.enumerated().map { index, asset in
            let prefix = dex.map { $0.name + ":" } ?? ""
            return Instrument(
                coin: Coin(asset.name.hasPrefix(prefix) ? asset.name : prefix + asset.name),
                asset: dex.map { $0.firstAsset + index } ?? index, sizeDecimals: asset.sizeDecimals,
                maximumLeverage: asset.maximumLeverage, onlyIsolated: asset.onlyIsolated, isDelisted: asset.isDelisted)
        }
        marginTableIDs = [:]
        for (instrument, asset) in zip(instruments, universe) { marginTableIDs[instrument.coin] = asset.marginTable }
        let tables =
            try json.maybe("marginTables") { tables throws(JSONError) in
                try tables.map { entry throws(JSONError) in
                    try entry.pair({ id throws(JSONError) in Int(try id.asInteger()) }, MarginTable.init(json:))
                }
            } ?? []
        marginTables = Dictionary(tables) { first, _ in first }
        collateralToken = Int(try json.integer(ifPresent: "collateralToken") ?? 0)
    }

    private struct Asset {
        let name: String
        let sizeDecimals: Int
        let maximumLeverage: Int
        let marginTable: Int?
        let onlyIsolated: Bool
        let isDelisted: Bool

        init(_ json: JSON) throws(JSONError) {
            name = try json.string("name")
            sizeDecimals = Int(try json.integer("szDecimals"))
            guard (0...8).contains(sizeDecimals) else { throw JSONError(path: "szDecimals", problem: "expected 0 to 8, found \(sizeDecimals)") }
            maximumLeverage = Int(try json.integer("maxLeverage"))
            marginTable = try json.integer(ifPresent: "marginTableId").map { Int($0) }
            // The newer form: `strictIsolated` or `noCross`.
            onlyIsolated = try json.flag("onlyIsolated") || json["marginMode"] != nil
            isDelisted = try json.flag("isDelisted")
        }
    }
}

extension PerpetualMarkets.MarginTable {
    /// `{"description","marginTiers":[{"lowerBound":"0.0","maxLeverage":40},…]}`
    init(json: JSON) throws(JSONError) {
        description = try json.string("description")
        tiers = try json.list("marginTiers") { tier throws(JSONError) in
            Tier(lowerBound: try tier.denoisedDecimal("lowerBound"), maximumLeverage: Int(try tier.integer("maxLeverage")))
        }
    }
}

extension InfoRequest where Answer == PerpetualMarkets {
    /// - Parameter dex: a builder dex; `nil` is the exchange's own.
    public static func meta(dex: PerpetualDex? = nil) -> Self {
        Self("meta", [("dex", .string(orNone: dex?.name))]) { answer throws(JSONError) in try PerpetualMarkets(json: answer, dex: dex) }
    }
}

extension InfoRequest where Answer == [Coin] {
    /// Markets whose open interest has reached its cap: positions there can only be reduced.
    public static func perpsAtOpenInterestCap(dex: String? = nil) -> Self {
        Self("perpsAtOpenInterestCap", [("dex", .string(orNone: dex))]) { answer throws(JSONError) in
            try answer.map { coin throws(JSONError) in Coin(try coin.asString()) }
        }
    }
}

extension ExchangeClient {
    /// Every perpetual market: of the exchange's own dex, then of the builder dexs in their order. Two requests, and one per dex.
    /// - Parameter age: answers so old will do, where answers are shared.
    public func instruments(atMostOld age: Duration = .zero) async throws(InfoError) -> [Instrument] {
        var instruments = try await read(.meta(), atMostOld: age).instruments
        for dex in try await read(.perpDexs(), atMostOld: age) { instruments += try await read(.meta(dex: dex), atMostOld: age).instruments }
        return instruments
    }
}
