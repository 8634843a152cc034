/// A bell with memory of one ring: signals that come while nobody waits are kept as one.
public final class Wake: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    public init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    public func signal() { continuation.yield() }

    /// Ends every wait, now and later.
    public func finish() { continuation.finish() }

    /// One waiter at a time.
    public func rings() -> AsyncStream<Void>.Iterator { stream.makeAsyncIterator() }
}
