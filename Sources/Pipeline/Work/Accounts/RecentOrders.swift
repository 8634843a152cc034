import CopyTrading

/// The orders sent since the partition was taken over, newest last: a fill of one of them is ours.
struct RecentOrders: Sendable {
    /// More are forgotten, oldest first: fills are looked through back to the last reading that agreed only.
    static let most = 20_000

    private var known: Set<ClientOrderID> = []
    private var order: [ClientOrderID] = []
    private var first = 0

    mutating func insert(_ cloid: ClientOrderID) {
        guard known.insert(cloid).inserted else { return }
        order.append(cloid)
        guard known.count > Self.most else { return }
        known.remove(order[first])
        first += 1
        if first > Self.most {
            order.removeFirst(first)
            first = 0
        }
    }

    func contains(_ cloid: String) -> Bool { known.contains(ClientOrderID(cloid)) }
}
