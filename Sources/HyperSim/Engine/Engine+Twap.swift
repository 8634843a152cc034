import CopyTrading

/// twapOrder and twapCancel.
extension Engine {
    struct TwapRefusal: Error, Equatable {
        var text: String
    }

    static let noSuchTwap = "TWAP was never placed, already canceled, or filled."

    func begin(_ ticket: TwapTicket, _ context: ActionContext) -> Result<Int64, TwapRefusal> {
        let market = universe.market(asset: ticket.asset)
        do throws(TwapRefusal) {
            let (market, size) = try check(ticket, market, context)
            twapCount += 1
            let twap = Twap(id: twapCount, ticket, size: size, account: context.account, market: market, now: context.now)
            change(twap, to: .activated, now: context.now)
            setTimer(.twap(account: context.account.address, id: twap.id), at: twap.nextSliceAt)
            return .success(twap.id)
        } catch {
            let line = LedgerEntry.Twap(
                id: nil, coin: market?.coin, side: ticket.side, size: ticket.sizeText, executed: nil, status: "rejected", error: error.text)
            effects.ledger.append(LedgerEntry(context, .twap(line)))
            return .failure(error)
        }
    }

    private func check(_ ticket: TwapTicket, _ market: Market?, _ context: ActionContext) throws(TwapRefusal) -> (Market, Size) {
        guard let market, !market.isDelisted else { throw TwapRefusal(text: Self.text(market == nil ? .unknownAsset : .delisted, asset: ticket.asset)) }
        guard let size = ticket.size, size.e8 > 0, market.grid.isLot(size) else {
            throw TwapRefusal(text: Self.text(.invalidSize, asset: ticket.asset))
        }
        guard Twap.minuteRange.contains(ticket.minutes) else { throw TwapRefusal(text: "Invalid TWAP duration: \(ticket.minutes) min(s)") }
        let value = Money.product(market.mid, size)
        let least = max(Twap.minimumValue, Notional(Twap.minimumValuePerMinute * ticket.minutes))
        guard value >= least else { throw TwapRefusal(text: "TWAP order value too small. Min is $\(least)") }
        let most = Notional(e8: market.maximumMarketOrder.e8 * Int64(Twap.maximumMarketOrders))
        guard value <= most else { throw TwapRefusal(text: "TWAP order value too large. Max is $\(most)") }
        guard context.account.twaps.active.count < Twap.maximumActive else {
            throw TwapRefusal(text: "Exceeded max number of active TWAP orders.")
        }
        guard !ticket.reduceOnly || ticket.side.reduces(context.account.position(in: market).size) else {
            throw TwapRefusal(text: "Reduce-only TWAP order would increase position.")
        }
        return (market, size)
    }

    /// - Returns: the text with which it is refused.
    func cancelTwap(_ id: Int64, asset: Int, _ context: ActionContext) -> String? {
        guard let twap = context.account.twaps.active[id], twap.market.asset == asset else { return Self.noSuchTwap }
        cancelTimers(.twap(account: context.account.address, id: id))
        change(twap, to: .terminated, now: context.now)
        return nil
    }

    func fireTwap(_ id: Int64, of address: String, now: Int64) {
        guard let twap = account(address)?.twaps.active[id] else { return }
        let position = twap.account.position(in: twap.market).size
        guard !twap.market.isDelisted, !twap.reduceOnly || twap.side.reduces(position) else { return change(twap, to: .terminated, now: now) }
        let noise = Mixer.hash(parameters.seed, UInt64(bitPattern: id), UInt64(twap.slices), 0)
        var size = twap.nextSlice(noise: noise)
        if twap.reduceOnly { size = min(size, position.magnitude) }
        twap.slices += 1
        if !size.isZero { send(slice: size, of: twap, now: now) }
        guard !twap.isDone else { return change(twap, to: .finished, now: now) }
        setTimer(.twap(account: address, id: id), at: twap.nextSliceAt)
    }

    private func send(slice size: Size, of twap: Twap, now: Int64) {
        let market = twap.market
        let limit = Market.share(100 + Int(twap.side.sign) * Twap.slippagePercent, of: market.mid)
        let ticket = OrderTicket(
            asset: market.asset, side: twap.side, price: limit, size: size, priceText: limit.description, sizeText: size.description,
            reduceOnly: twap.reduceOnly, lifetime: .immediateOrCancel)
        let order = PlacedOrder(oid: nextOid(), ticket: ticket, price: limit, size: size, account: twap.account, market: market, now: now)
        order.twapID = twap.id
        twap.account.record(order)
        refreshHouse(in: market, now: now)
        let isCarried = twap.reduceOnly || hasMargin(for: order)
        let fills = isCarried ? take(order, limit: limit, hash: Fill.zeroHash, now: now) : []
        if fills.isEmpty {
            order.become(isCarried ? .iocCancelRejected : .perpMarginRejected, at: now)
            effects.orderUpdates.append((order.account, order.update))
        } else {
            conclude(order, now: now)
        }
        for fill in fills {
            twap.executed += fill.size
            twap.executedValue = Money.clamped(twap.executedValue, adding: Money.product(fill.price, fill.size))
        }
        let status = fills.isEmpty ? order.status.rawValue : "filled"
        let line = LedgerEntry.Order(
            order: order, status: status, hash: Fill.zeroHash, fills: fills, positionAfter: order.account.position(in: market).size)
        effects.ledger.append(LedgerEntry(time: now, account: order.account.address, .twapSlice(line)))
        settleAfter(order, traded: !fills.isEmpty, now: now)
    }

    private func change(_ twap: Twap, to status: TwapHistory.Status, now: Int64) {
        effects.twaps.append((twap.account, twap.account.twaps.note(twap, status, at: now)))
        let line = LedgerEntry.Twap(
            id: twap.id, coin: twap.market.coin, side: twap.side, size: twap.size.description, executed: twap.executed, status: status.rawValue,
            error: nil)
        effects.ledger.append(LedgerEntry(time: now, account: twap.account.address, .twap(line)))
    }
}
