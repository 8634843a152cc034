/// Once a partition's successor has traded, nothing that its predecessor sends takes effect.
///
/// Strictly so for each account, whose open attempts the successor settles before it sends anything new. What the predecessor had on its
/// way for other accounts may still arrive, for as long as a message may be under way: the successor finds it when it settles them.
/// What the exchange refused is no effect. Orders that rest for a sleeve name no job, so their epoch is not known; they are counted.
struct EpochCheck {
    private let sent: SentOrders
    /// Milliseconds.
    private let transit: Int64
    /// Stream → each higher epoch with the time of its first effect, in their order.
    private var rises: [String: [(epoch: Int64, at: Int64)]] = [:]
    private var highest: [String: Int64] = [:]
    private(set) var unattributed = 0

    init(_ sent: SentOrders, transit: Duration) {
        self.sent = sent
        self.transit = transit.milliseconds
    }

    mutating func add(_ event: LedgerEvent, _ verdict: inout InvariantVerdict) {
        guard event.isAcceptedOrder, let cloid = event.cloids.first else { return }
        guard let attempt = sent.attempts[cloid], attempt.epoch > 0 else {
            unattributed += 1
            return
        }
        verdict.look()
        let known = rises[attempt.stream] ?? []
        if let successor = known.first(where: { $0.epoch > attempt.epoch }) {
            let late = event.time - successor.at
            if let epoch = highest[event.account], epoch > attempt.epoch {
                verdict.find("order \(cloid) of \(event.account) took effect under epoch \(attempt.epoch), after epoch \(epoch) had traded the account")
            } else if late > transit {
                verdict.find(
                    "order \(cloid) of \(event.account) took effect under epoch \(attempt.epoch) \(late) ms after epoch \(successor.epoch) "
                        + "had traded in \(attempt.stream)")
            }
        }
        if known.last.map({ attempt.epoch > $0.epoch }) ?? true { rises[attempt.stream, default: []].append((attempt.epoch, event.time)) }
        highest[event.account] = max(highest[event.account] ?? 0, attempt.epoch)
    }
}
