import CopyTrading

/// updateLeverage.
extension Engine {
    /// - Returns: the exchange's text when it refuses the whole action.
    func updateLeverage(asset: Int, isCross: Bool, leverage: Int, _ context: ActionContext) -> String? {
        let account = context.account
        guard let market = universe.market(asset: asset) else { return Self.text(.unknownAsset, asset: asset) }
        guard !isCross || market.marginMode == .any else { return "Cross margin is not allowed for this asset." }
        let value = account.position(in: market).value(mark: market.mark)
        guard (1...market.marginTable.tier(at: value).maximumLeverage).contains(leverage) else { return "Invalid leverage value" }
        let old = account.leverage(in: market)
        let position = account.position(in: market)
        guard position.size.isZero || isCross == old.isCross else { return "Cannot switch leverage type with open position." }
        let new = Leverage(value: leverage, isCross: isCross)
        account.set(new, in: market)
        if leverage < old.value, let refusal = shortage(account, market, position, new) {
            account.set(old, in: market)
            return refusal
        }
        let line = LedgerEntry.LeverageChange(coin: market.coin, isCross: isCross, leverage: leverage)
        effects.ledger.append(LedgerEntry(context, .updateLeverage(line)))
        return nil
    }

    private func shortage(_ account: Account, _ market: Market, _ position: Position, _ new: Leverage) -> String? {
        if let held = position.isolatedCash {
            guard held + position.signedValue(mark: market.mark) < Margin.initial(position.size, market: market, leverage: new.value) else { return nil }
            return "Isolated position does not have sufficient margin available to decrease leverage. "
                + "To decrease leverage, add margin to the position."
        }
        guard account.requiredMargin(universe) > account.collateral(universe) else { return nil }
        return "Cross position does not have sufficient margin available to decrease leverage. "
            + "To decrease leverage, deposit more collateral."
    }
}
