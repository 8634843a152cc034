/// What is due at a later time. Timers fire in the order of their times, equal times in the order in which they were set, before whatever
/// else happens at that time.
extension Engine {
    struct Timer: Equatable {
        enum Kind: Equatable {
            /// Looks at the orders of a market again.
            case market(index: Int)
            /// Sends the next slice of a TWAP order.
            case twap(account: String, id: Int64)
            /// Fires an account's scheduled cancel.
            case scheduledCancel(account: String)
            /// Settles funding for the hour that ends.
            case funding
            /// Goes on liquidating an account after the pause.
            case liquidation(account: String)
        }

        var at: Int64
        var number: Int
        var kind: Kind
    }

    var nextTimer: Int64? { timers.first?.at }

    func setTimer(_ kind: Timer.Kind, at time: Int64) {
        timerCount += 1
        let timer = Timer(at: time, number: timerCount, kind: kind)
        let place = timers.firstIndex { ($0.at, $0.number) > (timer.at, timer.number) } ?? timers.count
        timers.insert(timer, at: place)
    }

    func cancelTimers(_ kind: Timer.Kind) { timers.removeAll { $0.kind == kind } }

    func fireTimers(until now: Int64) {
        while let timer = timers.first, timer.at <= now {
            timers.removeFirst()
            fire(timer)
        }
    }

    private func fire(_ timer: Timer) {
        switch timer.kind {
        case .market(let index): look(atMarket: index, now: timer.at)
        case .twap(let address, let id): fireTwap(id, of: address, now: timer.at)
        case .scheduledCancel(let address): fireScheduledCancel(of: address, now: timer.at)
        case .funding: settleFunding(at: timer.at)
        case .liquidation(let address): continueLiquidation(of: address, now: timer.at)
        }
    }
}
