/// Accounts that may have something to send: those with an exit first, and then as they came. Each is in it once.
struct Attention {
    typealias AccountKey = WorkStage.AccountKey

    /// Who is in it, and whether urgent.
    private var urgency: [AccountKey: Bool] = [:]
    private var urgent = Line()
    private var ordinary = Line()

    var isEmpty: Bool { urgency.isEmpty }
    var count: Int { urgency.count }

    /// One that is urgent stays so until it is taken.
    mutating func insert(_ key: AccountKey, isUrgent: Bool) {
        guard let known = urgency[key] else {
            urgency[key] = isUrgent
            if isUrgent { urgent.append(key) } else { ordinary.append(key) }
            return
        }
        guard isUrgent, !known else { return }
        // its place among the others is passed over when its turn comes there
        urgency[key] = true
        urgent.append(key)
    }

    /// - Parameter urgentOnly: the others stay.
    mutating func next(urgentOnly: Bool) -> AccountKey? {
        guard let key = take(from: \.urgent, true) ?? (urgentOnly ? nil : take(from: \.ordinary, false)) else { return nil }
        urgency[key] = nil
        return key
    }

    private mutating func take(from line: WritableKeyPath<Attention, Line>, _ isUrgent: Bool) -> AccountKey? {
        while let key = self[keyPath: line].popFirst() {
            if urgency[key] == isUrgent { return key }
        }
        return nil
    }

    mutating func removeAll(of partition: Int) { urgency = urgency.filter { $0.key.partition != partition } }

    /// First in, first out.
    private struct Line {
        private var keys: [AccountKey] = []
        private var first = 0

        mutating func append(_ key: AccountKey) { keys.append(key) }

        mutating func popFirst() -> AccountKey? {
            guard first < keys.count else { return nil }
            defer {
                first += 1
                if first == keys.count || first >= 1_024 {
                    keys.removeFirst(first)
                    first = 0
                }
            }
            return keys[first]
        }
    }
}
