/// Who would copy one another round in a circle: a trade would never end there.
struct CopyCircles {
    /// Addresses with one number reach each other from leader to follower (strongly connected components, by Kosaraju's algorithm).
    private let circle: [String: Int]

    /// - Parameter copies: whose trades go to whose account.
    init(_ copies: [(leader: String, account: String)]) {
        let followers = Dictionary(grouping: copies, by: \.leader).mapValues { $0.map(\.account) }
        let leaders = Dictionary(grouping: copies, by: \.account).mapValues { $0.map(\.leader) }
        var seen: Set<String> = []
        var order: [String] = []
        for start in followers.keys { order += Self.reached(from: start, followers, &seen) }
        seen = []
        var circle: [String: Int] = [:]
        for (number, start) in order.reversed().enumerated() {
            for address in Self.reached(from: start, leaders, &seen) { circle[address] = number }
        }
        self.circle = circle
    }

    func contain(_ leader: String, _ account: String) -> Bool { leader != account && circle[leader] == circle[account] }

    /// What was not seen before, each after all that it leads to.
    private static func reached(from start: String, _ edges: [String: [String]], _ seen: inout Set<String>) -> [String] {
        guard seen.insert(start).inserted else { return [] }
        var done: [String] = []
        var path = [(address: start, left: edges[start] ?? [])]
        while let last = path.indices.last {
            if let next = path[last].left.popLast() {
                if seen.insert(next).inserted { path.append((next, edges[next] ?? [])) }
            } else {
                done.append(path.removeLast().address)
            }
        }
        return done
    }
}
