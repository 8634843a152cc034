import CopyTrading
import Foundation

/// What the simulator keeps on disk, so that a restarted one continues and a verifier can check it:
/// `ledger.jsonl` (orders, cancels, noops: ``LedgerEntry``), `accounts.jsonl` (who was opened, in the accounts file's members) and
/// `leaders.jsonl` (what leaders' fills were published, with the times they got).
final class Ledger {
    let entries: JournalFile
    private let accounts: JournalFile
    private let leaders: JournalFile
    private let sync: Bool

    /// - Parameter directory: made when missing.
    init(directory: String, sync: Bool) throws(HyperSimError) {
        do { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch {
            throw .ledger("\(directory): cannot be made: \(error.localizedDescription)")
        }
        entries = try JournalFile(path: directory + "/ledger.jsonl")
        accounts = try JournalFile(path: directory + "/accounts.jsonl")
        leaders = try JournalFile(path: directory + "/leaders.jsonl")
        self.sync = sync
    }

    func append(_ entry: LedgerEntry) { entries.append { entry.write(to: &$0) } }

    func append(_ account: AccountEntry) {
        accounts.append { writer in
            writer.json(account.json)
            writer.raw("\n")
        }
    }

    /// - Parameters:
    ///   - replayed: groups of the recorded file published so far, these included.
    ///   - madeUp: trade ids the simulator gave out for these fills.
    func append(fills: [Fill], of leader: Account, now: Int64, replayed: Int, madeUp: Int) {
        leaders.append { writer in
            writer.raw(#"{"timeMs":"#)
            writer.integer(now)
            writer.raw(#","user":"#)
            writer.plain(leader.address)
            writer.raw(#","replayed":"#)
            writer.integer(replayed)
            writer.raw(#","madeUp":"#)
            writer.integer(madeUp)
            writer.raw(#","fills":"#)
            writer.array(fills) { writer, fill in fill.write(to: &writer) }
            writer.raw("}\n")
        }
    }

    /// Writes everything appended so far; call before any answer leaves.
    func flush() throws(HyperSimError) {
        try accounts.flush(sync: sync)
        try leaders.flush(sync: sync)
        try entries.flush(sync: sync)
    }

    func forEachAccount(_ body: (Int, [UInt8]) throws(HyperSimError) -> Void) throws(HyperSimError) { try accounts.forEachLine(body) }
    func forEachLeaderLine(_ body: (Int, [UInt8]) throws(HyperSimError) -> Void) throws(HyperSimError) { try leaders.forEachLine(body) }
}
