/// The newest ids, so many of them.
struct RecentIDs {
    private let limit: Int
    private var ids: Set<Int64> = []
    private var order: BoundedHistory<Int64>

    init(limit: Int) {
        self.limit = limit
        order = BoundedHistory(limit: limit)
    }

    func contains(_ id: Int64) -> Bool { ids.contains(id) }

    mutating func insert(_ id: Int64) {
        guard ids.insert(id).inserted else { return }
        if let oldest = order.append(id) { ids.remove(oldest) }
    }
}
