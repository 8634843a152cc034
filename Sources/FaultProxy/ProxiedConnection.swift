import Glibc
import NIOCore
import NIOPosix

/// A client's connection and its own connection to the server, both on one event loop, which alone touches this.
final class ProxiedConnection {
    /// Bytes of one way that wait in here, delayed or because their receiver does not read: above, nothing more is read. A read is at
    /// most as much again.
    private static let waitingLimit = 256 << 10

    private enum Item {
        case bytes(ByteBuffer)
        /// The sender sends no more.
        case end
        /// The sender is gone.
        case close
    }

    /// What is on one way.
    private final class Pipe {
        var waiting = CircularBuffer<(due: NIODeadline, item: Item)>()
        var waitingBytes = 0
        var lastDue = NIODeadline.now()
        var hasEnded = false
        var isPumping = false
        var timer: Scheduled<Void>?
    }

    private let client: any Channel
    private var server: (any Channel)?
    private let state: ProxyState
    private let pipes: [Way: Pipe] = [.toServer: Pipe(), .toClient: Pipe()]
    /// Once it is known to the proxy.
    private var whenClosed: EventLoopPromise<Void>?
    private var openEnds = 1
    private var isCut = false
    /// Not served yet.
    private var isWaiting = true
    /// Bytes were swallowed.
    private var hasHole = false
    private var round = 0
    private var passed = 0
    private var requested = 0

    init(client: any Channel, state: ProxyState) {
        self.client = client
        self.state = state
    }

    // MARK: - Opening and closing

    /// The client is there.
    func accepted() {
        if state.faults.refusal == .closing {
            state.count(.refuse)
            return cut()
        }
        let whenClosed = client.eventLoop.makePromise(of: Void.self)
        self.whenClosed = whenClosed
        client.closeFuture.assumeIsolated().whenComplete { _ in self.closed(.toServer) }
        let bound = BoundConnection(self, on: client.eventLoop, closed: whenClosed.futureResult)
        guard state.add(bound, ObjectIdentifier(self)) else { return cut() }
        // asked once it is known to the proxy: either it sees that all is healed, or healing sees it
        guard state.faults.refusal == .notAccepting else { return connect() }
        state.count(.refuse)
    }

    private func connect() {
        isWaiting = false
        let own = NIOLoopBound(self, eventLoop: client.eventLoop)
        let bootstrap = ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ProxyEnd(own.value, .toClient)) }
            }
        let connecting =
            switch state.target {
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            }
        openEnds += 1
        connecting.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                self.server = channel
                channel.closeFuture.assumeIsolated().whenComplete { _ in self.closed(.toClient) }
                if self.isCut { channel.close(promise: nil) }
                for way in Way.allCases { self.pump(way) }
            case .failure:
                self.endClosed()
                self.cut()
            }
        }
    }

    func cut() {
        isCut = true
        client.close(promise: nil)
        server?.close(promise: nil)
    }

    private func reset() {
        isCut = true
        for case let channel? in [client, server] {
            // with a linger time of zero, closing a TCP connection is a reset
            guard channel.remoteAddress?.ipAddress != nil, let socket = channel as? any SocketOptionProvider else {
                channel.close(promise: nil)
                continue
            }
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    func heal() {
        if isWaiting, !isCut, client.isActive { connect() }
        if hasHole { cut() }
    }

    /// The end that sends this way is closed, both ways.
    private func closed(_ way: Way) {
        add(.close, way)
        endClosed()
    }

    private func endClosed() {
        openEnds -= 1
        guard openEnds == 0 else { return }
        for pipe in pipes.values { pipe.timer?.cancel() }
        state.remove(ObjectIdentifier(self))
        whenClosed?.succeed()
    }

    // MARK: - Passing on

    func received(_ bytes: ByteBuffer, _ way: Way) { add(.bytes(bytes), way) }

    func ended(_ way: Way) { add(.end, way) }

    private func add(_ item: Item, _ way: Way) {
        guard let pipe = pipes[way], !isCut else { return }
        var due = NIODeadline.now()
        if case .bytes(let bytes) = item { pipe.waitingBytes += bytes.readableBytes } else { pipe.hasEnded = true }
        if let delay = state.faults.delay(way) {
            due = due + TimeAmount(delay)
            state.count(.delay)
        }
        pipe.lastDue = max(due, pipe.lastDue)
        pipe.waiting.append((pipe.lastDue, item))
        pump(way)
    }

    /// Passes on what is due, and reads on when there is room.
    func pump(_ way: Way) {
        // a write may bring us back here before it returns
        guard let pipe = pipes[way], !pipe.isPumping, !isCut, let server else { return }
        let (source, sink) = way == .toServer ? (client, server) : (server, client)
        pipe.isPumping = true
        while !isCut, let (due, item) = pipe.waiting.first, due <= .now() {
            if case .bytes(let bytes) = item {
                guard sink.isWritable || !sink.isActive else { break }
                pipe.waitingBytes -= bytes.readableBytes
            }
            pipe.waiting.removeFirst()
            deliver(item, way, sink)
        }
        pipe.isPumping = false
        guard !isCut else { return }
        if let due = pipe.waiting.first?.due, due > .now(), pipe.timer == nil {
            let own = NIOLoopBound(self, eventLoop: client.eventLoop)
            pipe.timer = client.eventLoop.scheduleTask(deadline: due) {
                own.value.pipes[way]?.timer = nil
                own.value.pump(way)
            }
        }
        if !pipe.hasEnded, pipe.waitingBytes < Self.waitingLimit, sink.isWritable { source.read() }
    }

    private func deliver(_ item: Item, _ way: Way, _ sink: any Channel) {
        let faults = state.faults
        if faults.swallowed.contains(way) {
            hasHole = true
            return state.count(.halfOpen)
        }
        switch item {
        case .bytes(let bytes): deliver(bytes, way, sink, faults)
        // Behind what is still to be written: closing the second half would drop it.
        case .end: sink.writeAndFlush(ByteBuffer()).whenComplete { _ in sink.close(mode: .output, promise: nil) }
        case .close: sink.writeAndFlush(ByteBuffer()).whenComplete { _ in sink.close(promise: nil) }
        }
    }

    private func deliver(_ bytes: ByteBuffer, _ way: Way, _ sink: any Channel, _ faults: Faults) {
        if round != faults.round { (round, passed, requested) = (faults.round, 0, 0) }
        if way == .toClient, let limit = faults.dropReplyAfter, requested >= limit {
            state.count(.dropReply)
            return cut()
        }
        var bytes = bytes
        let room = faults.resetAfter.map { $0 - passed } ?? .max
        let resets = bytes.readableBytes >= room
        if resets { bytes = bytes.getSlice(at: bytes.readerIndex, length: max(0, room)) ?? ByteBuffer() }
        passed += bytes.readableBytes
        if way == .toServer { requested += bytes.readableBytes }
        if let length = faults.slice, bytes.readableBytes > length {
            state.count(.slice)
            while bytes.readableBytes > length, let piece = bytes.readSlice(length: length) { sink.writeAndFlush(piece, promise: nil) }
        }
        sink.writeAndFlush(bytes, promise: nil)
        if resets {
            state.count(.resetAfter)
            reset()
        }
    }
}
