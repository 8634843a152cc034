import Redis
import RedisStreams

/// Compares a cell's Redis with what is on record: the record first, then Redis, which only ever goes on.
struct CellInspection: Sendable {
    let table: CellTable
    let register: CellRegister

    struct Finding: Sendable {
        var sight: CellSight
        var verdict: CellVerdict
        var row: CellVerdict.Row?
    }

    enum Fault: Error { case restarted }

    /// - Parameter first: what was seen before; everything since must have been seen of the same start of the server.
    func run(after first: CellSight) async throws -> Finding {
        let record = try await register.read(fencingBelow: first.fence)
        let sight = try await table.see()
        guard sight.server == first.server else { throw Fault.restarted }
        return Finding(sight: sight, verdict: CellVerdict(sight, row: record.row, recorded: record.numbers), row: record.row)
    }

    /// Halts the cell that was found lost, in Postgres and then in Redis.
    /// - Returns: false when it has become another meanwhile.
    func halt(_ finding: Finding, reason: String) async throws -> Bool {
        guard try await register.halt(reason: reason, unlessChangedFrom: finding.row) else { return false }
        try await table.halt(reason: reason)
        return true
    }
}
