/// Sends over one transport, and what certainly did not leave it over another.
///
/// An action whose outcome is unknown is not repeated: whoever asked settles it.
public struct FallbackTransport: ExchangeTransport {
    private let first: any ExchangeTransport
    private let second: any ExchangeTransport

    public init(_ first: any ExchangeTransport, else second: any ExchangeTransport) {
        self.first = first
        self.second = second
    }

    /// One whose deadline has passed meanwhile is withheld by the second as well.
    public func submit(
        _ action: SignedAction, priority: RequestPriority, notAfter: ContinuousClock.Instant?
    ) async throws(ExchangeError) -> ExchangeAnswer {
        do throws(ExchangeError) { return try await first.submit(action, priority: priority, notAfter: notAfter) } catch {
            guard case .notSent = error else { throw error }
            return try await second.submit(action, priority: priority, notAfter: notAfter)
        }
    }
}
