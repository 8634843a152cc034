import Failpoints
import NIOPosix
import Synchronization

/// Whether bytes were handed over to be written, decided once.
///
/// Who writes asks ``take()`` right before the first byte goes out; who waits asks ``withhold()`` to be sure that none ever will.
/// Whatever error ends the wait, the answer says whether the request may have been sent. No list of error codes could tell this as surely.
public final class WriteGate: Sendable {
    public enum State: Int, Sendable {
        case untouched, withheld, taken
    }

    private let record = Atomic<Int>(State.untouched.rawValue)
    private let notAfter: ContinuousClock.Instant?

    /// - Parameter notAfter: bytes asked for later than this are withheld.
    public init(notAfter: ContinuousClock.Instant?) { self.notAfter = notAfter }

    public var state: State { State(rawValue: record.load(ordering: .acquiring))! }

    /// Whether the bytes may go out; once withheld they stay withheld.
    public func take() -> Bool {
        guard state == .untouched else { return state == .taken }
        let allowed = notAfter.map { ContinuousClock.now <= $0 } ?? true
        guard settle(allowed ? .taken : .withheld) == .taken else { return false }
        if Failpoint.isArmed, notAfter != nil { passAfterWrite() }
        return true
    }

    /// Only what must not be sent twice has a deadline. The loop that asks writes and flushes before it does anything else.
    private func passAfterWrite() {
        MultiThreadedEventLoopGroup.currentEventLoop?.execute { Failpoint.reached(.workAfterWrite) }
    }

    /// Makes sure that nothing is written from now on; false when something may have been.
    public func withhold() -> Bool { settle(.withheld) == .withheld }

    private func settle(_ wanted: State) -> State {
        let (_, before) = record.compareExchange(
            expected: State.untouched.rawValue, desired: wanted.rawValue, ordering: .acquiringAndReleasing)
        return before == State.untouched.rawValue ? wanted : State(rawValue: before)!
    }
}
