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
        let available = [Side.buy, .sell].map { account?.availableToTrade(in: market, $0, universe) ?? .zero }
        let sizes = available.map { amount in
            let value = Int128(amount.e8) * Int128(leverage.value) * Int128(Size.scale) / Int128(market.mark.e8)
            return market.grid.lots(Size(e8: Int64(min(value, Int128(Size.limit)))))
        }
        writer.json([
            "user": .string(user), "coin": .string(market.coin), "leverage": .object(setting), "maxTradeSzs": .array(sizes.map { .decimal($0) }),
            "availableToTrade": .array(available.map { .decimal($0) }), "markPx": .decimal(market.mark),
        ])
    }
}

extension Account {
    /// Margin for an order of `side`: what is free, and what a position of the other side would give back and take again.
    fileprivate func availableToTrade(in market: Market, _ side: Side, _ universe: Universe) -> Notional {
        let free = max(.zero, crossValue(universe) - requiredMargin(universe))
        let position = position(in: market)
        guard position.size.sign * Int(side.sign) < 0 else { return free }
        let held = Margin.initial(position.size, market: market, leverage: leverage(in: market).value)
        return Money.clamped(free, adding: Notional(e8: 2 * held.e8))
    }

    /// A leader's name, or the address.
    var displayName: String {
        guard case .leader(let name, _) = kind else { return address }
        return name
    }
}

extension Account? {
    /// `{"balances":[…]}`: USDC, when there is any.
    var spotState: JSON {
        guard let report = self?.report, !report.spotBalance.isZero else { return ["balances": []] }
        return [
            "balances": [
                [
                    "coin": "USDC", "token": 0, "total": .decimal(report.spotBalance), "hold": .decimal(report.spotHold), "entryNtl": "0.0",
                ]
            ]
        ]
    }
}
