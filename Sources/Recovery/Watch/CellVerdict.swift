import RedisStreams

/// What a cell's Redis says of itself, compared with what Postgres knows of the cell.
enum CellVerdict: Equatable, Sendable {
    case fit(incarnation: String)
    /// Nothing was ever done in it.
    case new
    /// Somebody halted it before.
    case halted(reason: String)
    /// This Redis does not hold what the cell's Redis held.
    case lost(reason: String)

    /// A row of `cells`.
    struct Row: Equatable, Sendable {
        enum State: String, Sendable { case new, running, halted }
        var incarnation: String
        var state: State
        var reason: String?
    }

    /// - Parameters:
    ///   - row: `nil`: Postgres does not know the cell.
    ///   - recorded: stream (`execution_jobs:03`) → its last number on record.
    init(_ sight: CellSight, row: Row?, recorded: [String: Int64]) {
        let ahead = recorded.filter { $0.value > sight.numbers[$0.key] ?? 0 }.sorted { $0.key < $1.key }
        self =
            if let row, row.state == .halted {
                .halted(reason: row.reason ?? "no reason was given")
            } else if let worst = ahead.first {
                .lost(
                    reason: "\(worst.value) entries of \(worst.key) are on record and Redis counts \(sight.numbers[worst.key] ?? 0)"
                        + (ahead.count > 1 ? ", and so in \(ahead.count - 1) more streams" : ""))
            } else if sight.isHalted {
                .lost(reason: sight.reason ?? "Redis says that the cell is halted")
            } else {
                switch (row, sight.incarnation) {
                case (nil, nil): .new
                case (nil, let found?): .lost(reason: "Redis holds the cell's incarnation \(found), which Postgres does not know")
                case (let row?, let found?) where found == row.incarnation: .fit(incarnation: found)
                case (let row?, nil) where row.state == .new: .new
                case (let row?, let found): .lost(reason: "Redis holds \(found.map { "the cell's incarnation \($0)" } ?? "nothing of the cell"), not \(row.incarnation)")
                }
            }
    }
}
