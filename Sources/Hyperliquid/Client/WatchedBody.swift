import WebSocket

/// A request body that knows whether it was ever taken for writing.
///
/// The HTTP client asks for the bytes only once it holds a connection and is about to write them. Until then the request has
/// certainly not been sent, whatever error ends it; afterwards nothing is certain.
struct WatchedBody: RandomAccessCollection, Sendable {
    private let bytes: [UInt8]
    private let gate: WriteGate

    /// - Parameter notAfter: bytes asked for later than this are withheld; the body is then empty, does not fit its announced
    ///   length, and the client drops the request.
    init(_ bytes: [UInt8], notAfter: ContinuousClock.Instant?) {
        self.bytes = bytes
        gate = WriteGate(notAfter: notAfter)
    }

    var state: WriteGate.State { gate.state }

    var startIndex: Int { 0 }
    var endIndex: Int { bytes.count }

    subscript(position: Int) -> UInt8 {
        _ = gate.take()
        return bytes[position]
    }

    func makeIterator() -> IndexingIterator<[UInt8]> { (gate.take() ? bytes : []).makeIterator() }

    func withContiguousStorageIfAvailable<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result? {
        try (gate.take() ? bytes : []).withContiguousStorageIfAvailable(body)
    }
}
