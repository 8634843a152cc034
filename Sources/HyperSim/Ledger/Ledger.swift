import CopyTrading
import Foundation
import JSON

/// What the simulator keeps on disk. `inputs.jsonl` has everything that ever changed the engine (``EngineInput``): a restarted simulator
/// carries it out again and is where it was. `ledger.jsonl` tells what became of it (``LedgerEntry``), for people and verifiers; it follows
/// from the inputs, so what a crash left out of it is written on the next start.
final class Ledger {
    let entries: JournalFile
    private let inputs: JournalFile
    private let sync: Bool
    /// Something that concerns an account was appended since the last flush.
    private var concernsAccounts = false

    /// - Parameters:
    ///   - directory: made when missing.
    ///   - sync: whether inputs reach the disk, not only the system, before anything is answered. What only moves the markets waits for the
    ///     next input or consequence that concerns an account: a mirrored exchange sends hundreds a second.
    init(directory: String, sync: Bool) throws(HyperSimError) {
        do { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch {
            throw .ledger("\(directory): cannot be made: \(error.localizedDescription)")
        }
        inputs = try JournalFile(path: directory + "/inputs.jsonl")
        entries = try JournalFile(path: directory + "/ledger.jsonl")
        self.sync = sync
    }

    func append(_ entry: LedgerEntry) {
        concernsAccounts = true
        entries.append { entry.write(to: &$0) }
    }

    func append(_ input: EngineInput, at now: Int64) {
        if !input.isMarketData { concernsAccounts = true }
        inputs.append { input.write(at: now, to: &$0) }
    }

    /// Writes everything appended so far; call before any answer leaves.
    func flush() throws(HyperSimError) {
        try inputs.flush(sync: sync && concernsAccounts)
        concernsAccounts = false
        try entries.flush(sync: false)
    }

    /// Carries out every input of earlier runs on an engine that has the same markets, and brings the ledger up to them.
    /// - Throws: when a line is damaged, or the ledger is not what the inputs lead to.
    func restore(_ engine: Engine) throws(HyperSimError) {
        var written = entries.lines
        var checked = 0
        try inputs.forEachLine { number, line throws(HyperSimError) in
            let (input, time) = try decode(line, number, engine)
            // What was refused then is refused now.
            do throws(HyperSimError) { try engine.apply(input, at: time) } catch {}
            for entry in engine.takeEffects().ledger {
                var writer = WireWriter(capacity: 512)
                entry.write(to: &writer)
                guard let line = try written.next() else {
                    entries.append { $0.raw(writer.bytes) }
                    continue
                }
                checked += 1
                guard line.elementsEqual(writer.bytes.dropLast()) else {
                    throw .ledger("\(entries.path) line \(checked): is not what inputs.jsonl line \(number) leads to")
                }
            }
        }
        guard try written.next() == nil else {
            throw .ledger("\(entries.path) line \(checked + 1): no line of inputs.jsonl leads to it")
        }
    }

    /// Carries out on another engine with the same markets everything that was appended so far.
    func repeatInputs(on engine: Engine) throws(HyperSimError) {
        try flush()
        try inputs.forEachLine { number, line throws(HyperSimError) in
            let (input, time) = try decode(line, number, engine)
            do throws(HyperSimError) { try engine.apply(input, at: time) } catch {}  // as it was refused then
            _ = engine.takeEffects()
        }
    }

    private func decode(_ line: [UInt8], _ number: Int, _ engine: Engine) throws(HyperSimError) -> (EngineInput, Int64) {
        do { return try EngineInput.read(try JSON.parse(line), universe: engine.universe) } catch {
            throw .ledger("\(inputs.path) line \(number): \(error)")
        }
    }
}
