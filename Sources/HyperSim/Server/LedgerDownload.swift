import NIOCore

/// GET /control/ledger: the file as it was when asked for, sent in pieces so that nothing else waits.
final class LedgerDownload {
    static let pieceBytes = 128 << 10

    private let file: JournalFile
    private let end: Int
    private var offset = 0
    private var hasHead = false
    private var isStopped = false
    private let onFault: (HyperSimError) -> Void

    /// - Parameter onFault: the file cannot be read; the answer stays short and the connection must be cut.
    init(_ file: JournalFile, onFault: @escaping (HyperSimError) -> Void) {
        self.file = file
        self.onFault = onFault
        end = file.size
    }

    func stop() { isStopped = true }

    /// Writes the next piece, before the first one the head.
    /// - Returns: whether that was the last.
    func write(to buffer: inout ByteBuffer, closes: Bool, withoutBody: Bool) -> Bool {
        if !hasHead {
            hasHead = true
            HTTPResponse.writeHead(.ok, "application/x-ndjson", length: end, closes: closes, to: &buffer)
        }
        guard !withoutBody, offset < end, !isStopped else { return true }
        do throws(HyperSimError) {
            let piece = try file.read(at: offset, count: min(Self.pieceBytes, end - offset))
            buffer.writeBytes(piece)
            offset += piece.count
            guard !piece.isEmpty else { throw .ledger("\(file.path): shorter than it was") }
        } catch {
            isStopped = true
            onFault(error)
        }
        return offset >= end || isStopped
    }
}
