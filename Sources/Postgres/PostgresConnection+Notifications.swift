import Glibc

/// A message sent with `NOTIFY`.
public struct PostgresNotification: Sendable, Equatable {
    public var channel: String
    public var payload: String
}

/// How a wait for a notification ended.
public enum PostgresWait: Sendable, Equatable {
    /// Listening began just now, on this call: whatever was sent before is lost, so look at the state itself.
    case startedListening
    case notified(payload: String)
    case timedOut
    /// ``PostgresConnection/interruptWait()`` was called.
    case interrupted
}

extension PostgresConnection {
    /// Waits for a notification on `channel`, listening first if this connection does not yet (or no longer, after it broke).
    ///
    /// Other calls queue behind the wait: use a connection of its own for it.
    /// - Parameter channel: lower-case letters, digits and underscores.
    /// - Throws: `.unavailable` when the connection breaks; the next call connects and answers `.startedListening`.
    public func waitForNotification(on channel: String, timeout: Duration) throws(PostgresError) -> PostgresWait {
        precondition(channel.wholeMatch(of: /[a-z_][a-z0-9_]*/) != nil, "\(channel) needs quoting")
        let wakeUp = wakeUp
        return try onSession { session throws(PostgresError) in
            guard session.listening.contains(channel) else {
                try session.run(script: "LISTEN \(channel)", timeout: .seconds(10))
                session.listening.insert(channel)
                return .startedListening
            }
            let deadline = ContinuousClock.now + timeout
            while let notification = try session.waitForNotification(or: wakeUp.descriptor, until: deadline) {
                guard notification.channel == channel else { continue }
                // Several are as good as one; the newest says it all.
                var payload = notification.payload
                while let next = session.nextNotification() {
                    if next.channel == channel { payload = next.payload }
                }
                return .notified(payload: payload)
            }
            return wakeUp.take() ? .interrupted : .timedOut
        }
    }

    /// Ends a wait (for a notification, or the pause before connecting again) early: the one going on, or else the next.
    public nonisolated func interruptWait() { wakeUp.ring() }
}

/// An event that wakes the connection's thread from poll(2): a byte in a pipe.
final class WakeUp: Sendable {
    /// Readable once it was rung.
    let descriptor: Int32
    private let bell: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "cannot make a pipe: \(String(cString: strerror(errno)))")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        bell = ends[1]
    }

    deinit {
        close(descriptor)
        close(bell)
    }

    /// A full pipe has been rung already.
    func ring() { _ = write(bell, "!", 1) }

    /// True when it was rung since the last time.
    func take() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64)
        var rung = false
        while read(descriptor, &buffer, buffer.count) > 0 { rung = true }
        return rung
    }

    /// Pauses, unless it was rung or is rung meanwhile.
    func wait(milliseconds: Int32) {
        var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        _ = poll(&descriptors, 1, milliseconds)
        _ = take()
    }
}
