/// Merges the events of several coins into one list: by exchange time, then by coin, each coin's events in their own order. Coins
/// are independent, so this only makes the list the same however the fills were delivered.
struct Timeline {
    private struct Entry {
        var time: Int64
        var coin: Coin
        var index: Int
        var event: SignalEvent
    }

    private var entries: [Entry] = []
    private var newest: [Coin: Int64] = [:]

    mutating func add(_ events: [SignalEvent], of coin: Coin) {
        for event in events {
            var time = newest[coin] ?? .min
            if case .signal(let signal) = event { time = max(time, signal.lastFillTime) }
            newest[coin] = time
            entries.append(Entry(time: time, coin: coin, index: entries.count, event: event))
        }
    }

    var events: [SignalEvent] {
        entries.count < 2
            ? entries.map(\.event)
            : entries.sorted { ($0.time, $0.coin, $0.index) < ($1.time, $1.coin, $1.index) }.map(\.event)
    }
}
