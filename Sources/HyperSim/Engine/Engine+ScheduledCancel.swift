import CopyTrading

/// scheduleCancel: the dead man's switch.
extension Engine {
    /// - Returns: the text with which the action is refused.
    func scheduleCancel(at time: Int64?, _ context: ActionContext) -> String? {
        let account = context.account
        let required = ScheduledCancels.requiredVolume
        guard account.tradedVolume >= required else {
            return "Cannot set scheduled cancel time until enough volume traded. Required: $\(required). "
                + "Traded: $\(account.tradedVolume.truncated(decimals: 2))."
        }
        if let time {
            // No recording shows how the exchange words this one.
            guard time >= context.now + ScheduledCancels.leadMilliseconds else { return "Scheduled cancel time must be at least 5 seconds in the future." }
            guard account.scheduledCancels.count(onDayOf: context.now) < ScheduledCancels.dailyLimit else {
                return "Too many scheduled cancels triggered for the day. Limit is \(ScheduledCancels.dailyLimit)"
            }
        }
        cancelTimers(.scheduledCancel(account: account.address))
        if let time { setTimer(.scheduledCancel(account: account.address), at: time) }
        effects.ledger.append(LedgerEntry(context, .scheduleCancel(time: time)))
        return nil
    }

    func fireScheduledCancel(of address: String, now: Int64) {
        guard let account = account(address) else { return }
        account.scheduledCancels.countOne(at: now)
        for order in account.liveOrders where account.liveOrder(order.oid) != nil { cancel(order, as: .scheduledCancel, now: now) }
    }
}

/// How often an account's scheduled cancel was set off on one UTC day.
struct ScheduledCancels: Equatable {
    static let requiredVolume = Notional(1_000_000)
    static let leadMilliseconds: Int64 = 5_000
    static let dailyLimit = 10
    private static let dayMilliseconds: Int64 = 86_400_000

    private var day: Int64 = 0
    private var count = 0

    func count(onDayOf now: Int64) -> Int { day == now / Self.dayMilliseconds ? count : 0 }

    mutating func countOne(at now: Int64) {
        count = count(onDayOf: now) + 1
        day = now / Self.dayMilliseconds
    }
}
