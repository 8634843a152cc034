import CopyTrading
import Foundation
import JSON
import Logging
import NIOWebSocket
import Testing
import WebSocket

@testable import Hyperliquid

@Suite("The exchange's feed", .timeLimit(.minutes(1)))
struct ExchangeFeedTests {
    private static let alice = "0x" + String(repeating: "a", count: 40)
    private static let bob = "0x" + String(repeating: "b", count: 40)

    private static func acknowledgement(of request: String) throws -> String {
        #"{"channel":"subscriptionResponse","data":\#(request)}"#
    }

    private static func frame(_ user: String, _ fills: [JSON], snapshot: Bool) -> String {
        let mark = snapshot ? #""isSnapshot":true,"# : ""
        return #"{"channel":"userFills","data":{\#(mark)"user":"\#(user)","fills":\#(JSON.array(fills).text())}}"#
    }

    private static func quick() -> ExchangeFeed.Configuration {
        var configuration = ExchangeFeed.Configuration()
        configuration.pauses.first = .milliseconds(5)
        configuration.pauses.longest = .milliseconds(20)
        return configuration
    }

    /// For tests that open many connections.
    private static func roomy(users: Int = 10) -> ConnectionBudget {
        var limits = ConnectionBudget.Limits()
        limits.newConnectionsPerMinute = 100_000
        limits.users = users
        return ConnectionBudget(limits: limits)
    }

    /// Runs a server with `script` and a feed of it, and hands the feed and its events to `body`.
    private func withFeed(
        _ configuration: ExchangeFeed.Configuration = quick(), budget: ConnectionBudget? = nil,
        script: @escaping @Sendable (inout ScriptedWebSocketServer.Connection) async throws -> Void,
        _ body: (ExchangeFeed, inout AsyncStream<FeedEvent>.AsyncIterator) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let (events, event) = AsyncStream.makeStream(of: FeedEvent.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ScriptedWebSocketServer.serve(ready: { port.yield($0) }, script: script) }
            var portIterator = ports.makeAsyncIterator()
            let number = try #require(await portIterator.next())
            let endpoint = ExchangeEndpoint(base: "http://127.0.0.1:\(number)", network: .testnet)
            let feed = ExchangeFeed(
                endpoint: endpoint, configuration: configuration, budget: budget ?? Self.roomy(), logger: Logger(label: "test"))
            group.addTask {
                do { try await feed.run { event.yield($0) } } catch is CancellationError {}
            }
            var iterator = events.makeAsyncIterator()
            try await body(feed, &iterator)
            group.cancelAll()
        }
    }

    @Test("greeting, acknowledgement, snapshot and fills arrive as events, in order")
    func events() async throws {
        let fills = Array(try Fixture.json("leader_fills.json").array("leaders")[0].array("fills").prefix(2))
        let decoded = try fills.map { try UserFill(json: $0) }
        let before = ContinuousClock.wallMicroseconds()
        try await withFeed { connection in
            try await connection.send("Websocket connection established.")
            while let request = try await connection.receive() {
                try await connection.send(Self.acknowledgement(of: request))
                try await connection.send(Self.frame(Self.alice, [fills[0]], snapshot: true))
                try await connection.send(Self.frame(Self.alice, [fills[1]], snapshot: false))
            }
        } _: { feed, events in
            await feed.want([.userFills(user: Self.alice)])
            #expect(await events.next() == .connected)
            #expect(await events.next() == .subscribed(.userFills(user: Self.alice)))
            guard case .message(let snapshot, _, _)? = await events.next() else { Issue.record("no snapshot"); return }
            #expect(snapshot == .userFills(user: Self.alice, fills: [decoded[0]], isSnapshot: true))
            guard case .message(let message, let frame, let receivedAt)? = await events.next() else { Issue.record("no fills"); return }
            #expect(message == .userFills(user: Self.alice, fills: [decoded[1]], isSnapshot: false))
            #expect(String(decoding: frame, as: UTF8.self) == Self.frame(Self.alice, [fills[1]], snapshot: false))
            #expect(receivedAt >= before && receivedAt <= ContinuousClock.wallMicroseconds())
        }
    }

    @Test("after a close the feed comes back and subscribes everything again")
    func reconnects() async throws {
        try await withFeed { connection in
            for _ in 0..<2 {
                guard let request = try await connection.receive() else { return }
                try await connection.send(Self.acknowledgement(of: request))
            }
            guard connection.number == 0 else {
                while try await connection.receive() != nil {}
                return
            }
            try await connection.close(code: 1000, reason: "Expired")
            _ = try await connection.receive(.connectionClose)
        } _: { feed, events in
            await feed.want([.userFills(user: Self.alice), .userFills(user: Self.bob)])
            #expect(await events.next() == .connected)
            #expect(await events.next() == .subscribed(.userFills(user: Self.alice)))
            #expect(await events.next() == .subscribed(.userFills(user: Self.bob)))
            #expect(await events.next() == .disconnected("closed by the exchange: 1000 Expired"))
            #expect(await events.next() == .connected)
            #expect(await events.next() == .subscribed(.userFills(user: Self.alice)))
            #expect(await events.next() == .subscribed(.userFills(user: Self.bob)))
        }
    }

    @Test("a connection that breaks off is replaced")
    func breaksOff() async throws {
        try await withFeed { connection in
            // Not before the client is through with the upgrade, which else counts as not connected.
            if connection.number == 0 { _ = try await connection.receive(); return }
            while try await connection.receive() != nil {}
        } _: { feed, events in
            await feed.want([.bbo(coin: "BTC")])
            #expect(await events.next() == .connected)
            guard case .disconnected? = await events.next() else { Issue.record("not disconnected"); return }
            #expect(await events.next() == .connected)
        }
    }

    @Test("a connection that is to be replaced is, though it lives, and what was heard last is told by kind")
    func replaced() async throws {
        var configuration = Self.quick()
        (configuration.pingEvery, configuration.staleAfter) = (.seconds(20), .seconds(21))
        try await withFeed(configuration) { connection in
            while let request = try await connection.receive() {
                if request.contains("trades") { try await connection.send(Self.acknowledgement(of: request)) }
            }
        } _: { feed, events in
            await feed.want([.trades(coin: "BTC")])
            #expect(await feed.lastHeard(.trades) == nil)
            #expect(await events.next() == .connected)
            #expect(await events.next() == .subscribed(.trades(coin: "BTC")))
            let begun = try #require(await feed.lastHeard(.trades))
            #expect(begun <= .now)
            #expect(await feed.lastHeard(.userFills) == nil)
            await feed.replaceConnection(because: "its trades are dead")
            #expect(await events.next() == .disconnected("its trades are dead"))
            #expect(await events.next() == .connected)
            #expect(await events.next() == .subscribed(.trades(coin: "BTC")))
        }
    }

    @Test("users are added and removed while the connection is open")
    func usersChange() async throws {
        let (requests, request) = AsyncStream.makeStream(of: String.self)
        try await withFeed { connection in
            while let text = try await connection.receive() {
                request.yield(text)
                if text.contains(#""subscribe""#) { try await connection.send(Self.acknowledgement(of: text)) }
            }
        } _: { feed, events in
            var sent = requests.makeAsyncIterator()
            #expect(await events.next() == .connected)
            await feed.want([.userFills(user: Self.alice.uppercased())])
            #expect(await events.next() == .subscribed(.userFills(user: Self.alice)))
            await feed.want([.userFills(user: Self.alice), .userFills(user: Self.bob)])
            #expect(await events.next() == .subscribed(.userFills(user: Self.bob)))
            await feed.want([.userFills(user: Self.bob)])
            #expect(await sent.next()?.contains(#""subscribe""#) == true)
            #expect(await sent.next()?.contains(#""subscribe""#) == true)
            #expect(await sent.next() == #"{"method":"unsubscribe","subscription":{"type":"userFills","user":"\#(Self.alice)"}}"#)
        }
    }

    @Test("the feed pings, and gives up a connection that stays silent")
    func silence() async throws {
        var configuration = Self.quick()
        configuration.pingEvery = .milliseconds(50)
        configuration.staleAfter = .milliseconds(150)
        try await withFeed(configuration) { connection in
            // Answers the first ping only.
            if try await connection.receive() == #"{"method":"ping"}"# { try await connection.send(#"{"channel":"pong"}"#) }
            while try await connection.receive() != nil {}
        } _: { _, events in
            #expect(await events.next() == .connected)
            #expect(await events.next() == .disconnected("nothing arrived for 0.15 seconds"))
            #expect(await events.next() == .connected)
        }
    }

    @Test("protocol pings are answered, and fragments joined")
    func frames() async throws {
        let (pongs, pong) = AsyncStream.makeStream(of: String.self)
        try await withFeed { connection in
            try await connection.send(.ping, "are you there")
            if let answer = try await connection.receive(.pong) { pong.yield(answer) }
            try await connection.send(.text, #"{"channel":"error","#, fin: false)
            try await connection.send(.continuation, #""data":"#, fin: false)
            try await connection.send(.continuation, #""in three parts"}"#)
            while try await connection.receive() != nil {}
        } _: { _, events in
            #expect(await events.next() == .connected)
            var answers = pongs.makeAsyncIterator()
            #expect(await answers.next() == "are you there")
            #expect(await events.next() == .problem("in three parts"))
        }
    }

    @Test("a message beyond the limit ends the connection")
    func tooLarge() async throws {
        var configuration = Self.quick()
        configuration.connection.maximumMessageBytes = 1000
        try await withFeed(configuration) { connection in
            if connection.number == 0 { try await connection.send(String(repeating: "x", count: 1001)) }
            while try await connection.receive() != nil {}
        } _: { _, events in
            #expect(await events.next() == .connected)
            guard case .disconnected(let reason)? = await events.next() else { Issue.record("not disconnected"); return }
            #expect(reason.hasPrefix("protocol violation"), "\(reason)")
            #expect(await events.next() == .connected)
        }
    }

    @Test("a server that is gone right after the upgrade is left at once, and tried again", arguments: AbruptServer.Ending.allCases)
    func abruptEnd(_ ending: AbruptServer.Ending) async throws {
        try await AbruptServer.run(ending) { port in
            let feed = ExchangeFeed(
                endpoint: ExchangeEndpoint(base: "http://127.0.0.1:\(port)", network: .testnet), configuration: Self.quick(),
                budget: Self.roomy(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await feed.want([.userFills(user: Self.alice), .trades(coin: "BTC")])
            let (events, event) = AsyncStream.makeStream(of: FeedEvent.self)
            let running = Task { try await feed.run { event.yield($0) } }
            var ends = 0
            for await case .disconnected in events {
                ends += 1
                if ends == 50 { break }
            }
            running.cancel()
            await #expect(throws: CancellationError.self) { try await running.value }
            #expect(ends == 50)
        }
    }

    @Test("trades of nobody who is followed are counted and dropped; who is followed can change")
    func filter() async throws {
        let frames = try Fixture.lines("recorded/ws/trades_2026-07-22.jsonl").map { $0.text() }
        let trades = try frames.map { frame in
            var leftOut: [FeedFault] = []
            guard case .trades(let trades) = try FeedMessage(json: JSON.parse(frame), leftOut: &leftOut) else { throw JSONError(problem: frame) }
            return trades
        }
        let leader = try #require(trades[60][0].buyer)
        let matching = trades.filter { $0.contains { $0.buyer == leader || $0.seller == leader } }
        try await withFeed { connection in
            while let request = try await connection.receive() {
                try await connection.send(Self.acknowledgement(of: request))
                guard request.contains(#""subscribe""#) else { continue }
                for frame in frames { try await connection.send(frame) }
                try await connection.send(#"{"channel":"error","data":"through"}"#)
            }
        } _: { feed, events in
            await feed.follow(addresses: [leader.uppercased()])
            await feed.want([.trades(coin: "BTC")])
            #expect(await events.next() == .connected)
            #expect(await events.next() == .subscribed(.trades(coin: "BTC")))
            for expected in matching {
                guard case .message(let message, _, _)? = await events.next() else { Issue.record("no trades"); return }
                #expect(message == .trades(expected))
            }
            #expect(await events.next() == .problem("through"))
            let statistics = await feed.statistics
            #expect(statistics.frames == frames.count + 2 && statistics.filtered == frames.count - matching.count && statistics.undecided == 0)

            await feed.follow(addresses: nil)
            await feed.want([.trades(coin: "ETH")])
            var received = 0
            while let event = await events.next(), event != .problem("through") {
                if case .message(.trades, _, _) = event { received += 1 }
            }
            #expect(received == frames.count)
        }
    }

    @Test("a user too many for our own budget is told, and followed once another has left")
    func budget() async throws {
        var configuration = Self.quick()
        configuration.firstRefusalPause = .milliseconds(10)
        try await withFeed(configuration, budget: Self.roomy(users: 1)) { connection in
            while let request = try await connection.receive() {
                if request.contains("ping") { try await connection.send(#"{"channel":"pong"}"#); continue }
                try await connection.send(Self.acknowledgement(of: request))
            }
        } _: { feed, events in
            await feed.want([.userFills(user: Self.alice), .userFills(user: Self.bob)])
            #expect(await events.next() == .connected)
            let refusal = FeedEvent.refused([.userFills(user: Self.bob)], .tooManyUsers("our own limit of followed users is reached"))
            var first: Set<Int> = []
            for _ in 0..<2 {
                let event = await events.next()
                if event == .subscribed(.userFills(user: Self.alice)) { first.insert(0) } else if event == refusal { first.insert(1) }
            }
            #expect(first == [0, 1])
            await feed.want([.userFills(user: Self.bob)])
            var seen: [FeedEvent] = []
            while let event = await events.next() {
                if event != refusal { seen.append(event) }
                if event == .subscribed(.userFills(user: Self.bob)) { break }
            }
            #expect(seen == [.unsubscribed(.userFills(user: Self.alice)), .subscribed(.userFills(user: Self.bob))])
        }
    }

    @Test("a server that is not there is tried again")
    func noServer() async throws {
        let feed = ExchangeFeed(
            endpoint: ExchangeEndpoint(base: "http://127.0.0.1:1", network: .testnet), configuration: Self.quick(), budget: Self.roomy(),
            logger: Logger(label: "test"))
        let (events, event) = AsyncStream.makeStream(of: FeedEvent.self)
        let running = Task { try await feed.run { event.yield($0) } }
        var iterator = events.makeAsyncIterator()
        for _ in 0..<3 {
            guard case .disconnected(let reason)? = await iterator.next() else { Issue.record("not disconnected"); return }
            #expect(reason.hasPrefix("cannot connect"), "\(reason)")
        }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
    }
}

extension ContinuousClock {
    /// Microseconds since 1970.
    fileprivate static func wallMicroseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
