import CopyTrading
import JSON

extension Universe {
    /// `meta` of one dex.
    func writeMeta(dex: Int, to writer: inout WireWriter) {
        writer.raw(#"{"universe":"#)
        writer.array(markets(onDex: dex)) { writer, market in
            writer.raw(#"{"szDecimals":"#)
            writer.integer(market.grid.sizeDecimals)
            writer.raw(#","name":"#)
            writer.plain(market.coin)
            writer.raw(#","maxLeverage":"#)
            writer.integer(market.maximumLeverage)
            writer.raw(#","marginTableId":"#)
            writer.integer(market.marginTable.isSingle ? market.maximumLeverage : marginTableID(market))
            if market.marginMode != .any {
                writer.raw(#","onlyIsolated":true,"marginMode":"#)
                writer.plain(market.marginMode.rawValue)
            }
            if market.isDelisted { writer.raw(#","isDelisted":true"#) }
            writer.raw("}")
        }
        writer.raw(#","marginTables":"#)
        writer.array(tieredMarkets.filter { $0.dex == dex }) { writer, market in
            writer.json([.integer(marginTableID(market)), market.marginTable.json])
        }
        writer.raw(#","collateralToken":0}"#)
    }

    /// A table id below 50 is a single tier with that leverage; the others are numbered from 50 on, one for each market that has tiers.
    private static let firstTableID = 50

    private var tieredMarkets: [Market] { markets.filter { !$0.marginTable.isSingle } }

    private func marginTableID(_ market: Market) -> Int {
        Self.firstTableID + (tieredMarkets.firstIndex { $0 === market } ?? 0)
    }

    /// By the id that `meta` names; `nil` for one it does not.
    func marginTable(id: Int) -> MarginTable? {
        guard id >= Self.firstTableID else { return (1..<Self.firstTableID).contains(id) ? MarginTable(maximumLeverage: id) : nil }
        let tables = tieredMarkets.map(\.marginTable)
        return tables.indices.contains(id - Self.firstTableID) ? tables[id - Self.firstTableID] : nil
    }

    /// The context array of `metaAndAssetCtxs`, positional with the universe of the same dex.
    func writeContexts(dex: Int, now: Int64, to writer: inout WireWriter) {
        writer.array(markets(onDex: dex)) { writer, market in market.writeContext(now: now, to: &writer) }
    }

    /// `perpDexs`: null for the main dex, then the builders' ones.
    func writeDexes(to writer: inout WireWriter) {
        writer.array(dexes) { writer, name in
            guard !name.isEmpty else { return writer.raw("null") }
            writer.raw(#"{"name":"#)
            writer.string(name)
            writer.raw(#","fullName":"#)
            writer.string(name)
            writer.raw(#","deployer":"#)
            writer.plain(LeaderAddress.book)
            writer.raw(#","oracleUpdater":null,"feeRecipient":null,"assetToStreamingOiCap":[],"subDeployers":[],"deployerFeeScale":"1.0","#)
            writer.raw(#""assetToFundingMultiplier":[],"assetToFundingInterestRate":[]}"#)
        }
    }

    /// Coins and their mids, without the braces' surroundings: `{"BTC":"85801.5",…}`.
    func writeMids(dex: Int, to writer: inout WireWriter) {
        writer.raw("{")
        for (index, market) in markets(onDex: dex).enumerated() {
            if index > 0 { writer.raw(",") }
            writer.plain(market.coin)
            writer.raw(":")
            writer.decimal(market.mid)
        }
        writer.raw("}")
    }

    /// The exchange's smallest token list a client's start-up accepts: USDC and no spot pair.
    static let spotMeta = Array(
        (#"{"universe":[],"tokens":[{"name":"USDC","szDecimals":8,"weiDecimals":8,"index":0,"#
            + #""tokenId":"0x6d1e7cde53ba9467b783cb7c530ce054","isCanonical":true,"evmContract":null,"fullName":null}]}"#).utf8)
}

extension Market {
    /// One element of the context array of `metaAndAssetCtxs`.
    func writeContext(now: Int64, to writer: inout WireWriter) {
        let day = candles.lastDay(now: now)
        let (bid, ask) = (bestBid(now: now), bestAsk(now: now))
        writer.raw(#"{"funding":"#)
        writer.json(.decimal(funding.running(now: now).rate))
        writer.raw(#","openInterest":"#)
        writer.decimal(openInterest)
        writer.raw(#","prevDayPx":"#)
        writer.decimal(day.previousClose ?? initialPrice)
        writer.raw(#","dayNtlVlm":"#)
        writer.decimal(day.value)
        writer.raw(#","premium":"#)
        if bid == nil || ask == nil { writer.raw("null") } else { writer.json(.decimal(premium)) }
        writer.raw(#","oraclePx":"#)
        writer.decimal(oracle)
        writer.raw(#","markPx":"#)
        writer.decimal(mark)
        writer.raw(#","midPx":"#)
        if bid == nil || ask == nil { writer.raw("null") } else { writer.decimal(mid) }
        writer.raw(#","impactPxs":"#)
        if let bid, let ask {
            writer.array([bid.price, ask.price]) { writer, price in writer.decimal(price) }
        } else {
            writer.raw("null")
        }
        writer.raw(#","dayBaseVlm":"#)
        writer.decimal(day.volume)
        writer.raw("}")
    }

    /// Levels a side that l2Book shows; the fast channel shows fewer.
    static let levels = 20
    static let fastLevels = 5

    /// `{"coin","time","levels":[bids,asks]}`.
    /// - Parameter fast: 5 levels a side and the mark `"fast":true`.
    func writeBook(_ aggregation: BookAggregation, fast: Bool = false, now: Int64, to writer: inout WireWriter) {
        let (bids, asks) = depth(now: now)
        let levels = fast ? Self.fastLevels : Self.levels
        writer.raw(#"{"coin":"#)
        writer.plain(coin)
        writer.raw(#","time":"#)
        writer.integer(now)
        writer.raw(#","levels":["#)
        writer.array(aggregation.merge(bids, .buy).prefix(levels)) { writer, level in level.write(to: &writer) }
        writer.raw(",")
        writer.array(aggregation.merge(asks, .sell).prefix(levels)) { writer, level in level.write(to: &writer) }
        writer.raw("]")
        if fast { writer.raw(#","fast":true"#) }
        if aggregation.figures != nil, let bid = bids.first, let ask = asks.first {
            writer.raw(#","spread":"#)
            writer.decimal(ask.price - bid.price)
        }
        writer.raw("}")
    }

    /// `{"coin","time","bbo":[bid|null,ask|null]}`.
    func writeBestOffers(now: Int64, to writer: inout WireWriter) {
        writer.raw(#"{"coin":"#)
        writer.plain(coin)
        writer.raw(#","time":"#)
        writer.integer(now)
        writer.raw(#","bbo":"#)
        writer.array([bestBid(now: now), bestAsk(now: now)]) { writer, level in
            if let level { level.write(to: &writer) } else { writer.raw("null") }
        }
        writer.raw("}")
    }

    func write(_ trade: Trade, to writer: inout WireWriter) {
        writer.raw(#"{"coin":"#)
        writer.plain(coin)
        writer.raw(#","side":"#)
        writer.plain(trade.side.letter)
        writer.raw(#","px":"#)
        writer.decimal(trade.price)
        writer.raw(#","sz":"#)
        writer.decimal(trade.size)
        writer.raw(#","time":"#)
        writer.integer(trade.time)
        writer.raw(#","hash":"#)
        writer.plain(trade.hash)
        writer.raw(#","tid":"#)
        writer.integer(trade.tid)
        writer.raw(#","users":["#)
        writer.plain(trade.buyer)
        writer.raw(",")
        writer.plain(trade.seller)
        writer.raw("]}")
    }
}

extension MarginTable {
    fileprivate var isSingle: Bool { tiers.count == 1 && maximumLeverage < 50 }

    /// `{"description","marginTiers":[{"lowerBound","maxLeverage"}]}`
    var json: JSON {
        [
            "description": .string(tiers.count == 1 ? "" : "tiered \(maximumLeverage)x"),
            "marginTiers": .array(tiers.map { ["lowerBound": .decimal($0.lowerBound), "maxLeverage": .integer($0.maximumLeverage)] }),
        ]
    }
}

extension BookLevel {
    func write(to writer: inout WireWriter) {
        writer.raw(#"{"px":"#)
        writer.decimal(price)
        writer.raw(#","sz":"#)
        writer.decimal(size)
        writer.raw(#","n":"#)
        writer.integer(orders)
        writer.raw("}")
    }
}
