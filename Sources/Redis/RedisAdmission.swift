import Synchronization

/// Which start of the server this process works with.
///
/// A server that was started again, or another one at the same address, may have lost what was acknowledged before. Connections that share an
/// admission refuse to run anything on it until someone has looked: nothing of what this process remembers reaches a server it does not fit.
public final class RedisAdmission: Sendable {
    private let admitted = Mutex<String?>(nil)

    public init() {}

    /// `run_id` of the server that is admitted; `nil` for none.
    public var server: String? { admitted.withLock { $0 } }

    /// From now on this start of the server is worked with, and no other.
    public func admit(_ server: String?) { admitted.withLock { $0 = server } }
}
