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
            // A table id below 50 is a single tier with that leverage.
            writer.raw(#","marginTableId":"#)
            writer.integer(min(market.maximumLeverage, 49))
            writer.raw("}")
        }
        writer.raw(#","marginTables":[],"collateralToken":0}"#)
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
    /// - Parameter openInterest: coins, one side counted.
    func writeContext(openInterest: Size, now: Int64, to writer: inout WireWriter) {
        writer.raw(#"{"funding":"0.0","openInterest":"#)
        writer.decimal(openInterest)
        writer.raw(#","prevDayPx":"#)
        writer.decimal(initialPrice)
        writer.raw(#","dayNtlVlm":"#)
        writer.decimal(volume)
        writer.raw(#","premium":"0.0","oraclePx":"#)
        writer.decimal(oracle)
        writer.raw(#","markPx":"#)
        writer.decimal(mark)
        writer.raw(#","midPx":"#)
        writer.decimal(mid)
        writer.raw(#","impactPxs":["#)
        writer.decimal(bestBid(now: now)?.price ?? mid)
        writer.raw(",")
        writer.decimal(bestAsk(now: now)?.price ?? mid)
        writer.raw(#"],"dayBaseVlm":"#)
        writer.decimal(baseVolume)
        writer.raw("}")
    }

    /// `{"coin","time","levels":[bids,asks]}`.
    /// - Parameter fast: 5 levels a side and the mark `"fast":true`.
    func writeBook(_ aggregation: BookAggregation, fast: Bool = false, now: Int64, to writer: inout WireWriter) {
        let book = depth(now: now)
        let levels = fast ? 5 : 20
        writer.raw(#"{"coin":"#)
        writer.plain(coin)
        writer.raw(#","time":"#)
        writer.integer(now)
        writer.raw(#","levels":["#)
        writer.array(aggregation.merge(book.bids, .buy).prefix(levels)) { writer, level in level.write(to: &writer) }
        writer.raw(",")
        writer.array(aggregation.merge(book.asks, .sell).prefix(levels)) { writer, level in level.write(to: &writer) }
        writer.raw("]")
        if fast { writer.raw(#","fast":true"#) }
        if aggregation.figures != nil, let bid = book.bids.first, let ask = book.asks.first {
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
