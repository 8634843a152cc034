import Foundation

/// Finds the name someone meant to type.
enum NearestName {
    /// The known name within a third of `name`'s length in edits; for `PREFIX__id` the prefix is compared and the id kept.
    static func of(_ name: String, among known: Set<String>, prefixes: [String]) -> String? {
        var candidates = known.sorted().map { ($0, $0) }
        if let separator = name.range(of: "__") {
            let id = name[separator.upperBound...]
            candidates += prefixes.sorted().map { ($0 + id, $0 + id) }
        }
        let ranked = candidates.map { (distance: edits(from: Array(name.utf8), to: Array($0.0.utf8)), name: $0.1) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance * 3 <= name.utf8.count else { return nil }
        return best.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
    static func edits(from a: [UInt8], to b: [UInt8]) -> Int {
        var rows = [Array(0...b.count)]
        for i in 1..<(a.count + 1) {
            var row = [i]
            for j in 1..<(b.count + 1) {
                var cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, rows[i - 2][j - 2] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
