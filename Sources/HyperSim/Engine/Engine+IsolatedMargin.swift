import CopyTrading

/// updateIsolatedMargin and topUpIsolatedOnlyMargin. Each returns the exchange's text when it refuses.
extension Engine {
    /// - Parameter amount: added to the position's collateral; negative takes away.
    func updateIsolatedMargin(asset: Int, by amount: Notional, _ context: ActionContext) -> String? {
        guard let market = universe.market(asset: asset) else { return Self.text(.unknownAsset, asset: asset) }
        let account = context.account
        let position = account.position(in: market)
        guard !amount.isZero else { return "Update to isolated margin cannot be zero." }
        guard !position.size.isZero else { return "Cannot update margin for empty position." }
        guard let held = position.isolatedCash else { return "Position does not use isolated margin." }
        let purse = Purse(account: account, kind: .isolated(coin: market.coin))
        if amount.e8 > 0 {
            guard account.movableCash(universe) >= amount else { return "Account does not have sufficient margin available for increase." }
            move(amount, .updateIsolatedMargin, from: .perpetuals(account), to: purse, now: context.now, context: context)
            return nil
        }
        guard market.marginMode != .strictIsolated else {
            return "Cannot remove isolated margin for this asset. To remove margin, reduce the position."
        }
        let value = position.value(mark: market.mark)
        let needed = max(Margin.initial(position.size, market: market, leverage: account.leverage(in: market).value), Notional(e8: value.e8 / 10))
        guard held + position.signedValue(mark: market.mark) + amount >= needed else { return "Position does not have sufficient margin for reduction." }
        move(amount.magnitude, .updateIsolatedMargin, from: purse, to: .perpetuals(account), now: context.now, context: context)
        return nil
    }

    /// Adds what brings the position to `leverage`, in units of 1e-8.
    func topUpIsolatedMargin(asset: Int, leverageE8: Int64, _ context: ActionContext) -> String? {
        guard let market = universe.market(asset: asset) else { return Self.text(.unknownAsset, asset: asset) }
        guard market.marginMode == .strictIsolated else { return "Asset not strict isolated" }
        let position = context.account.position(in: market)
        guard let held = position.isolatedCash else { return "Cannot update margin for empty position." }
        let value = Int128(position.value(mark: market.mark).e8)
        let target = Notional(e8: Int64(clamping: value * Int128(Notional.scale) / Int128(leverageE8)))
        let missing = (target - held - position.signedValue(mark: market.mark)).truncated(decimals: 6)
        return updateIsolatedMargin(asset: asset, by: max(.zero, missing), context)
    }
}
