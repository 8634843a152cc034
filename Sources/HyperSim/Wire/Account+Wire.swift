import CopyTrading
import JSON

extension Engine {
    /// clearinghouseState; zeroed for an address without an account.
    func writeState(of account: Account?, dex: Int, now: Int64, to writer: inout WireWriter) {
        (account?.state(onDex: dex, universe: universe) ?? AccountState()).write(now: now, to: &writer)
    }

    /// `[["",{…}],["xyz",{…}]]`
    func writeStates(of account: Account?, now: Int64, to writer: inout WireWriter) {
        writer.array(universe.dexes.indices) { writer, dex in
            writer.raw("[")
            writer.string(universe.dexes[dex])
            writer.raw(",")
            writeState(of: account, dex: dex, now: now, to: &writer)
            writer.raw("]")
        }
    }

    /// activeAssetData: leverage, and what could be traded at once; pairs are [buy, sell].
    func writeActiveAssetData(_ user: String, _ market: Market, now: Int64, to writer: inout WireWriter) {
        let account = account(user)
        let leverage = account?.leverage(in: market) ?? .untouched(market)
        var setting: [JSON.Member] = [.init("type", leverage.isCross ? "cross" : "isolated"), .init("value", .integer(leverage.value))]
        if !leverage.isCross {
            setting.append(.init("rawUsd", .decimal(account?.position(in: market).isolatedCash ?? .zero)))
        }
        let available = [Side.buy, .sell].map { account?.availableMargin($0, in: market, universe) ?? .zero }
        let sizes = [Side.buy, .sell].map { account?.maximumTradeSize($0, in: market, universe) ?? .zero }
        writer.json([
            "user": .string(user), "coin": .string(market.coin), "leverage": .object(setting), "maxTradeSzs": .array(sizes.map { .decimal($0) }),
            "availableToTrade": .array(available.map { .decimal($0) }), "markPx": .decimal(market.mark),
        ])
    }
}

extension Account? {
    /// `{"balances":[…]}`: USDC, when there is any. What is held backs the perpetuals of an account whose mode says so.
    func spotState(_ universe: Universe) -> JSON {
        guard let account = self, !account.spot.isZero else { return ["balances": []] }
        return [
            "balances": [
                [
                    "coin": "USDC", "token": 0, "total": .decimal(account.spot), "hold": .decimal(account.spot - account.movableSpot(universe)),
                    "entryNtl": "0.0",
                ]
            ]
        ]
    }
}
