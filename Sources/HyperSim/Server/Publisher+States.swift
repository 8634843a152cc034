import CopyTrading
import JSON

/// Channels of states: every message is the whole state, to a new subscriber at once and then by the clock.
extension Publisher {
    /// - Returns: `nil` for a channel of events, and while there is nothing to tell.
    func state(_ subscription: Subscription, now: Int64) -> [UInt8]? {
        let channel = subscription.channel.rawValue
        if let user = subscription.user { return accountState(subscription, user, now: now) }
        if let market = subscription.coin.flatMap(engine.universe.market(coin:)) { return marketState(subscription, market, now: now) }
        let universe = engine.universe
        switch subscription.channel {
        case .allMids:
            let name = subscription.dex ?? ""
            return SocketMessage.data(channel, capacity: 1024) { writer in
                writer.raw("{")
                if !name.isEmpty {
                    writer.raw(#""dex":"#)
                    writer.string(name)
                    writer.raw(",")
                }
                writer.raw(#""mids":"#)
                universe.writeMids(dex: universe.index(ofDex: name) ?? 0, to: &writer)
                writer.raw("}")
            }
        case .assetCtxs:
            let name = subscription.dex ?? ""
            return SocketMessage.data(channel, capacity: 4096) { writer in
                writer.raw(#"{"dex":"#)
                writer.string(name)
                writer.raw(#","ctxs":"#)
                universe.writeContexts(dex: universe.index(ofDex: name) ?? 0, now: now, to: &writer)
                writer.raw("}")
            }
        case .allDexsAssetCtxs:
            return SocketMessage.data(channel, capacity: 4096) { writer in
                writer.raw(#"{"ctxs":"#)
                writer.array(universe.dexes.indices) { writer, dex in
                    writer.raw("[")
                    writer.string(universe.dexes[dex])
                    writer.raw(",")
                    universe.writeContexts(dex: dex, now: now, to: &writer)
                    writer.raw("]")
                }
                writer.raw("}")
            }
        default: return nil
        }
    }

    private func marketState(_ subscription: Subscription, _ market: Market, now: Int64) -> [UInt8]? {
        let channel = subscription.channel.rawValue
        switch subscription.channel {
        case .bbo: return SocketMessage.data(channel) { writer in market.writeBestOffers(now: now, to: &writer) }
        case .l2Book:
            guard let aggregation = subscription.aggregation else { return nil }
            return SocketMessage.data(channel, capacity: 2048) { writer in
                market.writeBook(aggregation, fast: subscription.isFast, now: now, to: &writer)
            }
        case .candle:
            guard let interval = subscription.interval, let candle = market.candles.current(interval, now: now) else { return nil }
            return SocketMessage.data(channel) { writer in candle.write(market.coin, interval, to: &writer) }
        case .activeAssetCtx:
            return SocketMessage.data(channel) { writer in
                writer.raw(#"{"coin":"#)
                writer.plain(market.coin)
                writer.raw(#","ctx":"#)
                market.writeContext(now: now, to: &writer)
                writer.raw("}")
            }
        default: return nil
        }
    }

    private func accountState(_ subscription: Subscription, _ user: String, now: Int64) -> [UInt8]? {
        let channel = subscription.channel.rawValue
        let account = engine.account(user)
        let dex = subscription.dex.flatMap(engine.universe.index(ofDex:)) ?? 0
        switch subscription.channel {
        case .clearinghouseState:
            return Self.ofDex(subscription, user, "clearinghouseState") { engine.writeState(of: account, dex: dex, now: now, to: &$0) }
        case .openOrders:
            return Self.ofDex(subscription, user, "orders") { writer in writeOrders(of: account, dex: dex, to: &writer) }
        case .twapStates: return Self.ofDex(subscription, user, "states") { $0.json(account?.twaps.states(onDex: dex) ?? []) }
        case .allDexsClearinghouseState:
            return SocketMessage.data(channel, capacity: 2048) { writer in
                writer.raw(#"{"user":"#)
                writer.plain(user)
                writer.raw(#","clearinghouseStates":"#)
                engine.writeStates(of: account, now: now, to: &writer)
                writer.raw("}")
            }
        case .spotState:
            return SocketMessage.data(channel) { $0.json(["user": .string(user), "spotState": account.spotState(engine.universe)]) }
        case .activeAssetData:
            guard let market = subscription.coin.flatMap(engine.universe.market(coin:)) else { return nil }
            return SocketMessage.data(channel) { engine.writeActiveAssetData(user, market, now: now, to: &$0) }
        case .webData2: return webData2(user, account, now: now)
        case .webData3: return webData3(user, account, now: now)
        default: return nil
        }
    }

    private func writeOrders(of account: Account?, dex: Int, to writer: inout WireWriter) {
        writer.array(engine.openOrders(of: account, dex: dex)) { writer, order in order.writeDetailed(remaining: order.remaining, to: &writer) }
    }

    /// `{"dex":…,"user":…,name:…}`
    private static func ofDex(
        _ subscription: Subscription, _ user: String, _ name: StaticString, _ write: (inout WireWriter) -> Void
    ) -> [UInt8] {
        SocketMessage.data(subscription.channel.rawValue, capacity: 1024) { writer in
            writer.raw(#"{"dex":"#)
            writer.string(subscription.dex ?? "")
            writer.raw(#","user":"#)
            writer.plain(user)
            writer.raw(#",""#)
            writer.raw(name)
            writer.raw(#"":"#)
            write(&writer)
            writer.raw("}")
        }
    }

    /// The old page's data, as far as clients still read it: state, orders, markets.
    private func webData2(_ user: String, _ account: Account?, now: Int64) -> [UInt8] {
        SocketMessage.data("webData2", capacity: 4096) { writer in
            writer.raw(#"{"clearinghouseState":"#)
            engine.writeState(of: account, dex: 0, now: now, to: &writer)
            writer.raw(#","leadingVaults":[],"totalVaultEquity":"0.0","openOrders":"#)
            writeOrders(of: account, dex: 0, to: &writer)
            writer.raw(#","agentAddress":"#)
            writer.string(orNull: account?.unnamedAgent?.address)
            writer.raw(#","agentValidUntil":null,"cumLedger":"#)
            writer.json(.decimal(account?.netDeposits ?? .zero))
            writer.raw(#","meta":"#)
            engine.universe.writeMeta(dex: 0, to: &writer)
            writer.raw(#","assetCtxs":"#)
            engine.universe.writeContexts(dex: 0, now: now, to: &writer)
            writer.raw(#","serverTime":"#)
            writer.integer(now)
            writer.raw(#","isVault":false,"user":"#)
            writer.plain(user)
            writer.raw(#","twapStates":"#)
            writer.json(account?.twaps.states(onDex: 0) ?? [])
            writer.raw(#","spotState":"#)
            writer.json(account.spotState(engine.universe))
            writer.raw("}")
        }
    }

    private func webData3(_ user: String, _ account: Account?, now: Int64) -> [UInt8] {
        var state: [JSON.Member] = [
            .init("agentAddress", .string(orNull: account?.unnamedAgent?.address)), .init("agentValidUntil", account?.unnamedAgent.flatMap(\.expiry) ?? .null),
            .init("cumLedger", .decimal(account?.netDeposits ?? .zero)), .init("serverTime", .integer(now)), .init("isVault", false),
            .init("user", .string(user)),
        ]
        if let mode = account?.mode, mode != .standard { state.append(.init("abstraction", .string(mode.rawValue))) }
        let dexes = engine.universe.dexes.indices.map { dex -> JSON in
            let capped = engine.universe.markets(onDex: dex).filter(\.isAtOpenInterestCap).map { JSON.string($0.coin) }
            return ["totalVaultEquity": "0.0", "perpsAtOpenInterestCap": .array(capped)]
        }
        return SocketMessage.data("webData3") { $0.json(["userState": .object(state), "perpDexStates": .array(dexes)]) }
    }
}

extension Account {
    /// The agent that was approved without a name.
    fileprivate var unnamedAgent: Agent? { agents.first { $0.name.isEmpty } }
}

extension Agent {
    /// `nil` for one that does not expire.
    fileprivate var expiry: JSON? { validUntil == .max ? nil : .integer(validUntil) }
}
