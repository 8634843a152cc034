import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A TLS connection to a server, offered as one end of a socket pair, for C clients that speak no TLS.
///
/// What it owes others: bytes pass in order and unchanged; what one side does not read is not read from the other, so nothing piles up
/// here; when one side ends the other is closed. The server's certificate is verified (chain, dates, name) before the caller gets the
/// descriptor, so nothing, and no password, was sent to anyone else.
public final class TLSTunnel: Sendable {
    /// The caller's end, a blocking stream socket. The caller closes it, which ends the tunnel.
    public let descriptor: Int32
    private let reason: Reason

    /// Why the tunnel ended, where that is known. Set before the caller's end shows the end of the stream.
    public var failure: String? { reason.text.withLock { $0 } }

    /// Connects and shakes hands. Blocks; not to be called on an event loop.
    /// - Parameters:
    ///   - host: a name, which the certificate must be for, or an address, which must be in it.
    ///   - timeout: for everything, name resolution included.
    public init(host: String, port: Int, trust: TLSTrust, timeout: Duration) throws(TLSTunnelError) {
        let context = try trust.context()
        let (ours, theirs) = try Self.pair()
        let reason = Reason()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let ready = loop.makePromise(of: Void.self)
        loop.execute {
            Self.join(theirs, host: host, port: port, context: context, loop: loop, limit: TimeAmount(timeout), ready: ready, reason: reason)
        }
        do { try ready.futureResult.wait() } catch {
            close(ours)
            throw TLSTunnelError(reason.text.withLock { $0 } ?? TLSFailure.text(error, host: host, rejected: nil))
        }
        descriptor = ours
        self.reason = reason
    }

    /// On the loop: `near` is the socket pair's other end, `far` the server.
    private static func join(
        _ descriptor: Int32, host: String, port: Int, context: NIOSSLContext, loop: any EventLoop, limit: TimeAmount,
        ready: EventLoopPromise<Void>, reason: Reason
    ) {
        let far = TunnelEnd(ready: ready) { error, rejected in reason.note(TLSFailure.text(error, host: host, rejected: rejected)) }
        let near = TunnelEnd()
        far.partner = near
        near.partner = far
        let ends = NIOLoopBound((near: near, far: far), eventLoop: loop)
        let expiry = loop.scheduleTask(in: limit) {
            reason.note("no TLS connection within \(limit.nanoseconds / 1_000_000) ms")
            ready.fail(ChannelError.connectTimeout(limit))
        }
        ready.futureResult.whenComplete { result in
            expiry.cancel()
            if case .failure = result { ends.value.near.close() }
        }
        ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ends.value.near) }
            }
            .withConnectedSocket(descriptor)
            .flatMap { _ in
                ClientBootstrap(group: loop)
                    .connectTimeout(limit + .seconds(1))  // the expiry above comes first and says more
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .channelOption(.socketOption(.so_keepalive), value: 1)
                    .connect(host: host, port: port)
            }
            // only now: while it connects, several addresses may be tried at a time, each with a channel
            .flatMapThrowing { channel in
                let far = ends.value.far
                guard !far.isClosed else { return channel.close(promise: nil) }
                // before the handler that starts the handshake, so that it hears of it
                try channel.pipeline.syncOperations.addHandler(far)
                let handler = try TLSTrust.handler(context, host: host) { far.rejected = $0 }
                try channel.pipeline.syncOperations.addHandler(handler, position: .first)
            }
            .whenFailure { error in
                reason.note(TLSFailure.text(error, host: host, rejected: nil))
                ready.fail(error)
            }
    }

    private static func pair() throws(TLSTunnelError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw TLSTunnelError("no socket pair: \(String(cString: strerror(errno)))") }
        return (ends[0], ends[1])
    }
}

/// Why there is no tunnel, for people; without secrets.
public struct TLSTunnelError: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// The first reason counts: what follows is its consequence.
final class Reason: Sendable {
    let text = Mutex<String?>(nil)

    func note(_ reason: String?) {
        guard let reason else { return }
        text.withLock { $0 = $0 ?? reason }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        self = .nanoseconds(duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
}
