import FaultProxy
import Foundation
import TestServers
import Testing

@Suite("The proxy that spoils")
struct FaultProxyTests {
    enum Transport: String, CaseIterable, CustomTestStringConvertible {
        case unix, tcp

        var testDescription: String { rawValue }
        var fresh: FaultProxy.Address { self == .unix ? .unix(socketPath()) : .tcp("127.0.0.1", 0) }
    }

    /// A proxy before an echo; both end with the body.
    private func withProxy(
        _ transport: Transport = .tcp, reads: Bool = true, _ body: (FaultProxy, EchoServer) async throws -> Void
    ) async throws {
        let echo = try await EchoServer(on: transport.fresh, reads: reads)
        let proxy = FaultProxy(listen: transport.fresh, to: echo.address)
        try await proxy.start()
        do { try await body(proxy, echo) } catch {
            await proxy.stop()
            await echo.stop()
            throw error
        }
        await proxy.stop()
        await echo.stop()
        #expect(proxy.openConnections == 0)
    }

    /// A new connection passes everything.
    private func expectHealthy(_ proxy: FaultProxy, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let peer = try await Peer.connect(to: proxy.address)
        peer.send("well")
        try await eventually("an echo", sourceLocation: sourceLocation) { peer.text == "well" }
        await peer.close()
    }

    /// A connection that is through to the server.
    private func connected(_ proxy: FaultProxy) async throws -> Peer {
        let peer = try await Peer.connect(to: proxy.address)
        peer.send("hello")
        try await eventually("an echo") { peer.text == "hello" }
        return peer
    }

    @Test("bytes pass both ways, a half-close passes, and so does what the server still has to say", arguments: Transport.allCases)
    func passes(transport: Transport) async throws {
        try await withProxy(transport) { proxy, echo in
            let peer = try await connected(proxy)
            let much = [UInt8](repeating: 7, count: 4 << 20)
            peer.send(much)
            try await peer.closeOutput()
            try await eventually("all that the server has to say, and its close") { !peer.isOpen }
            #expect(peer.received == Array("hello".utf8) + much + Array("end".utf8))
            try await eventually("both ends are closed") { proxy.openConnections == 0 && echo.openConnections == 0 }
            #expect(proxy.fired.isEmpty)
        }
    }

    @Test("a delay holds back what passes, in order whatever the jitter, also on a connection that was there before")
    func delay() async throws {
        try await withProxy { proxy, _ in
            let peer = try await connected(proxy)
            proxy.inject(.delay(.milliseconds(60), jitter: .milliseconds(20)))
            let start = ContinuousClock.now
            peer.send(".")
            try await eventually("a late echo") { peer.text == "hello." }
            #expect(ContinuousClock.now - start >= .milliseconds(120))
            let numbers = (0..<40).map { "\($0);" }
            for number in numbers {
                peer.send(number)
                try await Task.sleep(for: .milliseconds(1))
            }
            try await eventually("all of it") { peer.received.count == 6 + numbers.joined().count }
            #expect(peer.text == "hello." + numbers.joined())
            #expect(proxy.fired[.delay, default: 0] > 2)
            proxy.heal()
            let fired = proxy.fired[.delay]
            try await expectHealthy(proxy)
            #expect(proxy.fired[.delay] == fired)
            // what is still waiting is not lost with its sender
            proxy.inject(.delay(.milliseconds(50), [.toServer]))
            peer.send("last")
            try await peer.closeOutput()
            try await eventually("the end comes behind the delayed bytes") { peer.text.hasSuffix("lastend") }
        }
    }

    @Test("a cut closes every connection that is open and no later one", arguments: Transport.allCases)
    func cut(transport: Transport) async throws {
        try await withProxy(transport) { proxy, echo in
            let peers = [try await connected(proxy), try await connected(proxy)]
            proxy.inject(.cut)
            try await eventually("both are closed at both sides") { peers.allSatisfy { !$0.isOpen } && echo.openConnections == 0 }
            #expect(proxy.fired == [.cut: 2])
            try await expectHealthy(proxy)
        }
    }

    @Test("a new connection is closed at once, an older one goes on", arguments: Transport.allCases)
    func refused(transport: Transport) async throws {
        try await withProxy(transport) { proxy, echo in
            let old = try await connected(proxy)
            proxy.inject(.refuse(.closing))
            let new = try await Peer.connect(to: proxy.address)
            try await eventually("the new one is closed") { !new.isOpen }
            old.send("!")
            try await eventually("the old one goes on") { old.text == "hello!" }
            #expect(proxy.fired == [.refuse: 1])
            #expect(echo.openConnections == 1)
            proxy.heal()
            try await expectHealthy(proxy)
        }
    }

    @Test("a connection that is not accepted waits, and is served once healed")
    func notAccepted() async throws {
        try await withProxy { proxy, echo in
            let old = try await connected(proxy)
            proxy.inject(.refuse(.notAccepting))
            old.send("!")
            try await eventually("the old one goes on") { old.text == "hello!" }
            let new = try await Peer.connect(to: proxy.address)
            new.send("wait")
            try await Task.sleep(for: .milliseconds(100))
            #expect(new.isOpen && new.received.isEmpty)
            #expect(echo.openConnections == 1 && proxy.fired == [.refuse: 1])
            proxy.heal()
            try await eventually("an echo") { new.text == "wait" }
        }
    }

    @Test("half open: bytes of the ways that are swallowed arrive nowhere, nobody is told, and healing cuts what has a hole")
    func halfOpen() async throws {
        try await withProxy { proxy, echo in
            let peer = try await connected(proxy)
            proxy.inject(.halfOpen([.toClient]))
            peer.send("asked")
            try await eventually("the server has the request") { echo.bytes == 10 }
            try await eventually("the reply is swallowed") { proxy.fired[.halfOpen] == 1 }
            #expect(peer.isOpen && peer.text == "hello")

            let untouched = try await Peer.connect(to: proxy.address)
            try await eventually("it is through") { echo.openConnections == 2 }
            proxy.inject(.halfOpen())
            peer.send("again")
            try await eventually("the request is swallowed") { proxy.fired[.halfOpen] == 2 }
            #expect(echo.bytes == 10 && peer.isOpen)
            await peer.close()
            try await eventually("its close is swallowed as well") { proxy.fired[.halfOpen] == 3 }
            #expect(echo.openConnections == 2)

            proxy.heal()
            try await eventually("the server is told") { echo.openConnections == 1 }
            untouched.send("whole")
            try await eventually("a connection without a hole goes on") { untouched.text == "whole" }
            try await expectHealthy(proxy)
        }
    }

    @Test("a connection is reset after so many bytes, of which the server gets no more than that")
    func reset() async throws {
        try await withProxy { proxy, echo in
            guard case .tcp(_, let port) = proxy.address else { return }
            let socket = try BlockingSocket(port: port)
            try socket.write("hello")
            #expect(socket.read() == .bytes(5))
            proxy.inject(.resetAfter(bytes: 8))
            try socket.write("12345678")
            #expect(socket.readToEnd() == .reset)
            #expect(echo.bytes <= 13)
            #expect(proxy.fired == [.resetAfter: 1])
            try await eventually("the server's end is closed") { echo.openConnections == 0 }
            proxy.heal()
            try await expectHealthy(proxy)
        }
    }

    @Test("bytes are counted from the moment on that the fault was set; fewer do not reset", arguments: Transport.allCases)
    func notYetReset(transport: Transport) async throws {
        try await withProxy(transport) { proxy, _ in
            let peer = try await connected(proxy)
            proxy.inject(.resetAfter(bytes: 10))
            peer.send("1234")
            try await eventually("an echo") { peer.text == "hello1234" }
            #expect(peer.isOpen)
            peer.send("56")
            try await eventually("it is reset") { !peer.isOpen }
            #expect(proxy.fired == [.resetAfter: 1])
        }
    }

    @Test("reply lost after execution: the server has the whole request, of its reply not a byte arrives", arguments: Transport.allCases)
    func replyDropped(transport: Transport) async throws {
        try await withProxy(transport) { proxy, echo in
            let peer = try await connected(proxy)
            proxy.inject(.dropReply(afterRequestBytes: 8))
            peer.send("1234")
            try await eventually("a reply before that comes") { peer.text == "hello1234" }
            peer.send("5678")
            try await eventually("the connection is cut") { !peer.isOpen }
            #expect(peer.text == "hello1234")
            #expect(echo.bytes == 13)
            #expect(proxy.fired == [.dropReply: 1])
            proxy.heal()
            try await expectHealthy(proxy)
        }
    }

    @Test("20 MB arrive whole when cut into small pieces", arguments: Transport.allCases)
    func sliced(transport: Transport) async throws {
        try await withProxy(transport) { proxy, _ in
            let peer = try await Peer.connect(to: proxy.address)
            proxy.inject(.slice(bytes: 1_000))
            let pattern = (0..<1_048_573).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            for _ in 0..<20 { peer.send(pattern) }
            try await eventually("all of it", within: .seconds(120)) { peer.receivedCount == 20 * pattern.count }
            let whole = peer.received
            #expect((0..<20).allSatisfy { Array(whole[$0 * pattern.count..<($0 + 1) * pattern.count]) == pattern })
            #expect(proxy.fired[.slice, default: 0] > 0)
            await peer.close()
        }
    }

    @Test("who does not read makes the sender wait; nothing piles up, also behind a delay", arguments: [false, true])
    func backpressure(delayed: Bool) async throws {
        try await withProxy(.unix, reads: false) { proxy, echo in
            if delayed { proxy.inject(.delay(.milliseconds(5))) }
            let peer = try await Peer.connect(to: proxy.address)
            let chunk = [UInt8](repeating: 7, count: 65_536)
            for _ in 0..<512 { peer.send(chunk) }
            var before = -1
            try await eventually("the sender stands still") {
                defer { before = peer.written }
                try await Task.sleep(for: .milliseconds(300))
                return before == peer.written
            }
            #expect(peer.written < 8 << 20)
            try await echo.startReading()
            try await eventually("then all of it arrives", within: .seconds(120)) { echo.bytes == 512 * chunk.count }
        }
    }

    @Test("two hundred connections leave no socket behind, however they end")
    func descriptors() async throws {
        try await withProxy(.unix) { proxy, echo in
            var peers: [Peer] = []
            for _ in 0..<200 { peers.append(try await connected(proxy)) }
            #expect(proxy.openConnections == 200)
            for peer in peers[..<100] { await peer.close() }
            try await eventually("half of them have gone") { proxy.openConnections == 100 }
            for peer in peers[100..<150] { try await peer.closeOutput() }
            try await eventually("and a quarter") { proxy.openConnections == 50 }
            proxy.inject(.cut)
            try await eventually("all have gone") { proxy.openConnections == 0 && echo.openConnections == 0 }
            // accepted sockets bear the name of their listener, which alone is left
            for address in [proxy.address, echo.address] { try await eventually("one socket of \(address)") { try sockets(address) == 1 } }
        }
    }

    private func sockets(_ address: FaultProxy.Address) throws -> Int {
        guard case .unix(let path) = address else { return 0 }
        return String(decoding: try KernelFile.read("/proc/net/unix"), as: UTF8.self).split(separator: "\n").count { $0.hasSuffix(" " + path) }
    }

    @Test("a server that is not there closes the connection; a stopped proxy closes all, and its socket file is gone")
    func ends() async throws {
        let nowhere = FaultProxy(listen: .unix(socketPath()), to: .unix(socketPath()))
        try await nowhere.start()
        let lost = try await Peer.connect(to: nowhere.address)
        try await eventually("closed") { !lost.isOpen && nowhere.openConnections == 0 }
        await nowhere.stop()

        let echo = try await EchoServer(on: Transport.unix.fresh)
        let proxy = FaultProxy(listen: Transport.unix.fresh, to: echo.address)
        try await proxy.start()
        let peer = try await connected(proxy)
        await proxy.stop()
        #expect(proxy.openConnections == 0)
        try await eventually("closed at both sides") { !peer.isOpen && echo.openConnections == 0 }
        if case .unix(let path) = proxy.address { #expect(!FileManager.default.fileExists(atPath: path)) }
        await echo.stop()
    }
}
