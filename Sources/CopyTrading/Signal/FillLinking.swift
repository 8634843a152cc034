/// Orders the fills of one coin in one millisecond by linking each one's `end` to the next one's `start`. Neither the order of
/// arrival nor that of trade ids is relied upon, so the result is the same however the fills were shuffled.
///
/// Positions are nodes and fills are edges: the order is a trail that uses every edge once (Hierholzer's algorithm). Where several
/// trails exist, because the position returned to a value within the millisecond, the smaller trade id goes first.
struct FillLinking {
    /// In order of execution, beginning at the given start.
    private(set) var linked: [LeaderFill] = []
    /// Those that no trail from the start reaches, by trade id.
    private(set) var rest: [LeaderFill] = []

    init(_ fills: [LeaderFill], from start: Size) {
        if fills.count == 1 {
            if fills[0].startPosition == start { linked = fills } else { rest = fills }
            return
        }
        let fills = fills.sorted { $0.tid < $1.tid }
        let leaving = Dictionary(grouping: fills.indices) { fills[$0].startPosition }
        var order = Self.trail(fills, leaving, from: start)
        if !Self.isContiguous(order.map { fills[$0] }, from: start) { order = Self.walk(fills, leaving, from: start) }
        let used = Set(order)
        linked = order.map { fills[$0] }
        rest = fills.indices.filter { !used.contains($0) }.map { fills[$0] }
    }

    /// Where a trail over the fills begins when the position before them is not known: the value that is left once more often than
    /// it is reached; for a closed trail, the start of the smallest trade id.
    static func start(of fills: [LeaderFill]) -> Size {
        precondition(!fills.isEmpty, "an empty group has no start")
        var surplus: [Size: Int] = [:]
        for fill in fills {
            surplus[fill.startPosition, default: 0] += 1
            surplus[fill.end, default: 0] -= 1
        }
        let sorted = fills.sorted { $0.tid < $1.tid }
        return (sorted.first { surplus[$0.startPosition, default: 0] > 0 } ?? sorted[0]).startPosition
    }

    private static func trail(_ fills: [LeaderFill], _ leaving: [Size: [Int]], from start: Size) -> [Int] {
        var next: [Size: Int] = [:]
        var stack: [(node: Size, edge: Int?)] = [(start, nil)]
        var order: [Int] = []
        while let top = stack.last {
            let taken = next[top.node, default: 0]
            if let edges = leaving[top.node], taken < edges.count {
                next[top.node] = taken + 1
                stack.append((fills[edges[taken]].end, edges[taken]))
            } else {
                stack.removeLast()
                if let edge = top.edge { order.append(edge) }
            }
        }
        return order.reversed()
    }

    /// For fills that no single trail covers: as far as the smallest trade ids lead.
    private static func walk(_ fills: [LeaderFill], _ leaving: [Size: [Int]], from start: Size) -> [Int] {
        var next: [Size: Int] = [:]
        var position = start
        var order: [Int] = []
        while let edges = leaving[position], next[position, default: 0] < edges.count {
            let edge = edges[next[position, default: 0]]
            next[position, default: 0] += 1
            order.append(edge)
            position = fills[edge].end
        }
        return order
    }

    private static func isContiguous(_ fills: [LeaderFill], from start: Size) -> Bool {
        var position = start
        for fill in fills {
            guard fill.startPosition == position else { return false }
            position = fill.end
        }
        return true
    }
}
