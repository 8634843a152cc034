import Synchronization

/// A request body that knows whether it was ever taken for writing.
///
/// The HTTP client asks for the bytes only once it holds a connection and is about to write them. Until then the request has
/// certainly not been sent, whatever error ends it; afterwards nothing is certain. No list of error codes could tell this as surely.
struct WatchedBody: RandomAccessCollection, Sendable {
    private let bytes: [UInt8]
    private let record: Record

    /// - Parameter notAfter: bytes asked for later than this are withheld; the body is then empty, does not fit its announced
    ///   length, and the client drops the request.
    init(_ bytes: [UInt8], notAfter: ContinuousClock.Instant?) {
        self.bytes = bytes
        record = Record(notAfter: notAfter)
    }

    var state: State { State(rawValue: record.state.load(ordering: .acquiring))! }

    enum State: Int {
        case untouched, withheld, taken
    }

    var startIndex: Int { 0 }
    var endIndex: Int { bytes.count }

    subscript(position: Int) -> UInt8 {
        _ = record.take()
        return bytes[position]
    }

    func makeIterator() -> IndexingIterator<[UInt8]> { (record.take() ? bytes : []).makeIterator() }

    func withContiguousStorageIfAvailable<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result? {
        try (record.take() ? bytes : []).withContiguousStorageIfAvailable(body)
    }

    private final class Record: Sendable {
        let state = Atomic<Int>(State.untouched.rawValue)
        let notAfter: ContinuousClock.Instant?

        init(notAfter: ContinuousClock.Instant?) { self.notAfter = notAfter }

        /// Whether the bytes may go out; once withheld they stay withheld.
        func take() -> Bool {
            switch State(rawValue: state.load(ordering: .acquiring))! {
            case .taken: return true
            case .withheld: return false
            case .untouched:
                let allowed = notAfter.map { ContinuousClock.now <= $0 } ?? true
                state.store(allowed ? State.taken.rawValue : State.withheld.rawValue, ordering: .releasing)
                return allowed
            }
        }
    }
}
