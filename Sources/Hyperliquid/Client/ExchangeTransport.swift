/// Carries signed actions to the exchange: over REST (``ExchangeClient``) or as WebSocket posts (``PostSocket``).
///
/// What it owes: an answer, or an ``ExchangeError`` that never calls a request unsent that may have been sent. It repeats nothing.
public protocol ExchangeTransport: Sendable {
    /// Sends one signed action, once.
    /// - Parameters:
    ///   - priority: who goes first when not all can go at once.
    ///   - notAfter: when no byte of the action has been written by then, it is not sent any more. Checked at the last moment, right
    ///     before the write.
    func submit(
        _ action: SignedAction, priority: RequestPriority, notAfter: ContinuousClock.Instant?
    ) async throws(ExchangeError) -> ExchangeAnswer
}

/// Which request is sent first when the exchange's limits make some wait: what reduces risk goes before what adds to it.
public enum RequestPriority: Int, Sendable, CaseIterable, Comparable {
    case exit, cancel, entry, info

    public static func < (a: RequestPriority, b: RequestPriority) -> Bool { a.rawValue < b.rawValue }
}

extension ExchangeClient: ExchangeTransport {
    /// The pool's connections are taken in the order of asking, whatever the priority.
    public func submit(
        _ action: SignedAction, priority: RequestPriority, notAfter: ContinuousClock.Instant?
    ) async throws(ExchangeError) -> ExchangeAnswer {
        try await submit(action, notAfter: notAfter)
    }
}
