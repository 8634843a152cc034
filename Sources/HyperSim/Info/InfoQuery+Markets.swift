import CopyTrading
import JSON

/// What there is to trade, and its prices.
extension InfoQuery {
    func meta(to writer: inout WireWriter) throws(JSONError) { universe.writeMeta(dex: try dex(), to: &writer) }

    func metaAndAssetContexts(to writer: inout WireWriter) throws(JSONError) {
        let dex = try dex()
        writer.raw("[")
        universe.writeMeta(dex: dex, to: &writer)
        writer.raw(",")
        universe.writeContexts(dex: dex, now: now, to: &writer)
        writer.raw("]")
    }

    func allMetas(to writer: inout WireWriter) throws(JSONError) {
        writer.array(universe.dexes.indices) { writer, dex in universe.writeMeta(dex: dex, to: &writer) }
    }

    func allMids(to writer: inout WireWriter) throws(JSONError) { universe.writeMids(dex: try dex(), to: &writer) }

    func dexes(to writer: inout WireWriter) throws(JSONError) { universe.writeDexes(to: &writer) }

    func marginTable(to writer: inout WireWriter) throws(JSONError) {
        let id = try json.integer("id")
        guard let table = universe.marginTable(id: Int(id)) else { throw JSONError(path: "id", problem: "\(id) is unknown") }
        writer.json(table.json)
    }

    func spotMeta(to writer: inout WireWriter) throws(JSONError) { writer.raw(Universe.spotMeta) }

    func spotMetaAndAssetContexts(to writer: inout WireWriter) throws(JSONError) {
        writer.raw("[")
        writer.raw(Universe.spotMeta)
        writer.raw(",[]]")
    }

    func marketsAtOpenInterestCap(to writer: inout WireWriter) throws(JSONError) {
        writer.array(universe.markets(onDex: try dex()).filter(\.isAtOpenInterestCap)) { writer, market in writer.plain(market.coin) }
    }

    func exchangeStatus(to writer: inout WireWriter) throws(JSONError) {
        writer.json(["time": .integer(now), "specialStatuses": nil])
    }

    /// By maximum leverage, the largest market order in USDC.
    func maximumMarketOrders(to writer: inout WireWriter) throws(JSONError) {
        writer.json([[25, "30000000.0"], [20, "5000000.0"], [10, "2000000.0"], [1, "500000.0"]])
    }

    func deployAuction(to writer: inout WireWriter) throws(JSONError) {
        writer.json(["startTimeSeconds": 0, "durationSeconds": 0, "startGas": "0.0", "currentGas": nil, "endGas": nil])
    }

    func spotDeployState(to writer: inout WireWriter) throws(JSONError) {
        _ = try user()
        writer.json([
            "states": [],
            "gasAuction": ["startTimeSeconds": 0, "durationSeconds": 0, "startGas": "0.0", "currentGas": nil, "endGas": nil],
        ])
    }
}

/// Books, trades, candles and funding rates of one market.
extension InfoQuery {
    static let fundingRatesPerPage = 500

    func book(to writer: inout WireWriter) throws(JSONError) {
        let aggregation = try BookAggregation(json: json)
        guard let market = try market() else { return writer.raw("null") }
        market.writeBook(aggregation, now: now, to: &writer)
    }

    func recentTrades(to writer: inout WireWriter) throws(JSONError) -> Int {
        guard let market = try market() else { return none(&writer) }
        return writer.array(market.recentTrades.kept.reversed()) { writer, trade in market.write(trade, to: &writer) }
    }

    func candles(to writer: inout WireWriter) throws(JSONError) -> Int {
        let request = try json.field("req")
        let interval = try request.at("interval", CandleInterval.init(json:))
        let period = try period(request)
        guard let market = universe.market(coin: try request.string("coin")) else { return none(&writer) }
        let candles = market.candles.candles(interval, from: period.lowerBound, to: period.upperBound, now: now)
        return writer.array(candles) { writer, candle in candle.write(market.coin, interval, to: &writer) }
    }

    func fundingHistory(to writer: inout WireWriter) throws(JSONError) -> Int {
        let period = try period()
        guard let market = try market() else { return none(&writer) }
        let rates = market.funding.history.kept.filter { period.contains($0.time) }.prefix(Self.fundingRatesPerPage)
        return writer.array(rates) { writer, rate in
            writer.json([
                "coin": .string(market.coin), "fundingRate": .decimal(rate.rate), "premium": .decimal(rate.premium),
                "time": .integer(rate.time),
            ])
        }
    }

    /// Of this exchange alone: what is known of no other is left out.
    func predictedFundings(to writer: inout WireWriter) throws(JSONError) {
        writer.array(universe.markets(onDex: 0).filter { !$0.isDelisted }) { writer, market in
            let next = CandleInterval.hour.start(of: now)
            let prediction: JSON = [
                "fundingRate": .decimal(market.funding.running(now: now).rate), "nextFundingTime": .integer(next), "fundingIntervalHours": 1,
            ]
            writer.json([.string(market.coin), [["HlPerp", prediction]]])
        }
    }

    /// An answer without items, for what does not exist.
    func none(_ writer: inout WireWriter) -> Int {
        writer.raw("[]")
        return 0
    }
}
