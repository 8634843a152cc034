import CopyTrading
import JSON

/// POST /info: reads of the engine's state, keyed by account, never by agent.
struct InfoService {
    let engine: Engine

    static let fillsPerPage = 2_000

    /// - Parameter now: milliseconds since 1970.
    func answer(_ json: JSON, now: Int64) -> Reply {
        let request: InfoRequest
        do { request = try InfoRequest(json: json) } catch { return .undecodable }
        var writer = WireWriter(capacity: 1024)
        let known =
            switch request {
            case .meta, .metaAndAssetContexts, .perpDexs, .spotMeta, .allMids, .book, .recentTrades, .exchangeStatus:
                writeMarketData(request, now: now, to: &writer)
            default:
                writeUserData(request, now: now, to: &writer)
            }
        return known ? .json(writer.bytes) : .undecodable
    }

    /// - Returns: false for a dex that does not exist.
    private func writeMarketData(_ request: InfoRequest, now: Int64, to writer: inout WireWriter) -> Bool {
        let universe = engine.universe
        switch request {
        case .meta(let name):
            guard let dex = universe.index(ofDex: name) else { return false }
            universe.writeMeta(dex: dex, to: &writer)
        case .metaAndAssetContexts(let name):
            guard let dex = universe.index(ofDex: name) else { return false }
            writer.raw("[")
            universe.writeMeta(dex: dex, to: &writer)
            writer.raw(",")
            writer.array(universe.markets(onDex: dex)) { writer, market in
                market.writeContext(openInterest: market.openInterest, now: now, to: &writer)
            }
            writer.raw("]")
        case .allMids(let name):
            guard let dex = universe.index(ofDex: name) else { return false }
            universe.writeMids(dex: dex, to: &writer)
        case .perpDexs: universe.writeDexes(to: &writer)
        case .spotMeta: writer.raw(Universe.spotMeta)
        case .book(let coin, let aggregation):
            guard let market = universe.market(coin: coin) else { writer.raw("null"); break }
            market.writeBook(aggregation, now: now, to: &writer)
        case .recentTrades(let coin):
            guard let market = universe.market(coin: coin) else { writer.raw("null"); break }
            writer.array(market.recentTrades.kept.reversed()) { writer, trade in market.write(trade, to: &writer) }
        case .exchangeStatus:
            writer.raw(#"{"time":"#)
            writer.integer(now)
            writer.raw(#","specialStatuses":null}"#)
        default: preconditionFailure("not about markets")
        }
        return true
    }

    /// An unknown account is an empty one, as on the exchange.
    private func writeUserData(_ request: InfoRequest, now: Int64, to writer: inout WireWriter) -> Bool {
        switch request {
        case .clearinghouseState(let user, let name):
            guard let dex = engine.universe.index(ofDex: name) else { return false }
            (engine.account(user)?.state(onDex: dex, universe: engine.universe) ?? AccountState()).write(now: now, to: &writer)
        case .spotClearinghouseState: writer.raw(#"{"balances":[]}"#)
        case .userFills(let user, let aggregated):
            writer.array(newestFills(of: user, aggregated: aggregated)) { writer, fill in fill.write(to: &writer) }
        case .userFillsByTime(let user, let from, let to, let aggregated, let reversed):
            let fills = fills(of: user, from: from, to: to ?? now, aggregated: aggregated, reversed: reversed)
            writer.array(fills) { writer, fill in fill.write(to: &writer) }
        case .orderStatus(let user, let reference):
            guard let order = order(of: user, reference) else { writer.raw(#"{"status":"unknownOid"}"#); break }
            order.writeStatus(to: &writer)
        case .openOrders(let user, let name, let detailed):
            guard let dex = engine.universe.index(ofDex: name) else { return false }
            let orders = engine.account(user)?.openOrders.reversed().filter { $0.market.dex == dex } ?? []
            writer.array(orders) { writer, order in
                detailed ? order.writeDetailed(remaining: order.remaining, to: &writer) : order.write(remaining: order.remaining, to: &writer)
            }
        case .userRole(let user): writeRole(of: user, to: &writer)
        case .userRateLimit(let user): writeRateLimit(of: user, to: &writer)
        case .userAbstraction: writer.raw(#""default""#)
        case .extraAgents: writer.raw("[]")
        default: preconditionFailure("not about a user")
        }
        return true
    }

    /// Newest first, fills of one millisecond in order of execution, at most 2,000.
    func newestFills(of user: String, aggregated: Bool) -> [Fill] {
        guard let account = engine.account(user) else { return [] }
        let kept = aggregated ? Fill.aggregated(account.fills.kept) : Array(account.fills.kept)
        return Self.newestFirst(kept.suffix(Self.fillsPerPage))
    }

    private func fills(of user: String, from: Int64, to: Int64, aggregated: Bool, reversed: Bool) -> [Fill] {
        guard let account = engine.account(user) else { return [] }
        let kept = account.fills.kept
        let start = Self.firstIndex(in: kept) { $0.time >= from }
        let end = max(start, Self.firstIndex(in: kept) { $0.time > to })
        let chosen = aggregated ? Fill.aggregated(kept[start..<end]) : Array(kept[start..<end])
        return reversed ? Array(Self.newestFirst(chosen).prefix(Self.fillsPerPage)) : Array(chosen.prefix(Self.fillsPerPage))
    }

    /// Fills are stored in time order.
    private static func firstIndex(in fills: ArraySlice<Fill>, where isAfter: (Fill) -> Bool) -> Int {
        var low = fills.startIndex
        var high = fills.endIndex
        while low < high {
            let middle = (low + high) / 2
            if isAfter(fills[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func newestFirst(_ fills: some BidirectionalCollection<Fill>) -> [Fill] {
        var result: [Fill] = []
        result.reserveCapacity(fills.count)
        var end = fills.endIndex
        while end > fills.startIndex {
            var start = fills.index(before: end)
            while start > fills.startIndex, fills[fills.index(before: start)].time == fills[start].time { start = fills.index(before: start) }
            result.append(contentsOf: fills[start..<end])
            end = start
        }
        return result
    }

    private func order(of user: String, _ reference: InfoRequest.OrderReference) -> PlacedOrder? {
        switch reference {
        case .oid(let oid): engine.account(user)?.order(oid: oid)
        case .cloid(let cloid): engine.account(user)?.order(cloid: cloid)
        }
    }

    private func writeRole(of user: String, to writer: inout WireWriter) {
        if let account = engine.account(user) {
            guard let master = account.master else { return writer.raw(#"{"role":"user"}"#) }
            writer.raw(#"{"role":"subAccount","data":{"master":"#)
            writer.plain(master)
            writer.raw("}}")
        } else if let signer = engine.signer(user) {
            writer.raw(#"{"role":"agent","data":{"user":"#)
            writer.plain(signer.account.address)
            writer.raw("}}")
        } else {
            writer.raw(#"{"role":"missing"}"#)
        }
    }

    private func writeRateLimit(of user: String, to writer: inout WireWriter) {
        let account = engine.account(user)
        let volume = account?.tradedVolume ?? .zero
        writer.raw(#"{"cumVlm":"#)
        writer.decimal(volume.truncated(decimals: 2))
        writer.raw(#","nRequestsUsed":"#)
        writer.integer(account?.requestsUsed ?? 0)
        writer.raw(#","nRequestsCap":"#)
        writer.integer(10_000 + volume.e8 / Notional.scale)
        writer.raw(#","nRequestsSurplus":0}"#)
    }
}
