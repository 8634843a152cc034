import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("The feed's protocol")
struct FeedSessionTests {
    private let start = ContinuousClock.now
    private let alice = "0x" + String(repeating: "a", count: 40)
    private let bob = "0x" + String(repeating: "b", count: 40)

    private func fills(_ user: String) -> FeedSubscription { .userFills(user: user) }

    private func request(_ method: String, _ user: String) -> String {
        #"{"method":"\#(method)","subscription":{"type":"userFills","user":"\#(user)"}}"#
    }

    private func acknowledgement(_ user: String, _ method: String = "subscribe") -> String {
        #"{"channel":"subscriptionResponse","data":{"method":"\#(method)","subscription":{"type":"userFills","user":"\#(user)","aggregateByTime":false}}}"#
    }

    private func error(_ text: String) -> String { JSON.object([.init("channel", "error"), .init("data", .string(text))]).text() }

    private func receive(_ session: inout FeedSession, _ text: String, after: Duration = .zero) -> [FeedEvent] {
        session.receive(Array(text.utf8), receivedAt: 7, at: start + after)
    }

    @Test("every subscription is asked for once, those of users first, and acknowledged in the exchange's form")
    func subscribes() {
        var session = FeedSession([.trades(coin: "BTC"), fills(bob), fills(alice)])
        #expect(
            session.due(at: start, limit: 9) == [
                request("subscribe", alice), request("subscribe", bob),
                #"{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}"#,
            ])
        #expect(session.due(at: start, limit: 9) == [])
        #expect(receive(&session, acknowledgement(alice)) == [.subscribed(fills(alice))])
        #expect(receive(&session, acknowledgement(alice)) == [])
    }

    @Test("no more is sent at once than allowed")
    func limit() {
        var session = FeedSession([fills(alice), fills(bob)])
        #expect(session.due(at: start, limit: 0) == [])
        #expect(session.due(at: start, limit: 1) == [request("subscribe", alice)])
        #expect(session.due(at: start, limit: 1) == [request("subscribe", bob)])
    }

    @Test("subscriptions come and go on an open connection; a place is free when the exchange says so")
    func changes() {
        var session = FeedSession([fills(alice)])
        _ = session.due(at: start, limit: 9)
        _ = receive(&session, acknowledgement(alice))
        session.want([fills(bob)])
        #expect(session.due(at: start, limit: 9) == [request("unsubscribe", alice), request("subscribe", bob)])
        #expect(receive(&session, #"{"channel":"userFills","data":{"user":"\#(alice)","fills":[]}}"#) == [])
        #expect(session.takeFreed() == [])
        // Wanted again before it has left: it leaves first.
        session.want([fills(alice), fills(bob)])
        #expect(session.due(at: start, limit: 9) == [])
        var unheard = session
        #expect(unheard.due(at: start + .seconds(15), limit: 9).contains(request("subscribe", alice)), "or nothing is heard of that")
        #expect(receive(&session, acknowledgement(alice, "unsubscribe")) == [.unsubscribed(fills(alice))])
        #expect(session.takeFreed() == [fills(alice)])
        #expect(session.due(at: start, limit: 9) == [request("subscribe", alice)])
    }

    @Test("what is not acknowledged is asked for again, and reported")
    func notAcknowledged() {
        var session = FeedSession([fills(alice)])
        _ = session.due(at: start, limit: 9)
        #expect(session.due(at: start + .seconds(14), limit: 9) == [])
        #expect(session.due(at: start + .seconds(15), limit: 9) == [request("subscribe", alice)])
        #expect(session.hasUnreported)
        let reported = [FeedEvent.problem("subscription \(fills(alice)) is not acknowledged, asking again")]
        #expect(receive(&session, #"{"channel":"pong"}"#) == reported)
        #expect(receive(&session, #"{"channel":"pong"}"#) == [])

        session.want([])
        #expect(session.due(at: start + .seconds(20), limit: 9) == [request("unsubscribe", alice)])
        #expect(session.due(at: start + .seconds(34), limit: 9) == [])
        #expect(session.due(at: start + .seconds(35), limit: 9) == [request("unsubscribe", alice)])
        #expect(receive(&session, error("Already unsubscribed: \(fills(alice))")).last == .unsubscribed(fills(alice)))
    }

    @Test("one user too many is told with those it may be, and asked for again after growing pauses")
    func tooManyUsers() {
        let text = "Cannot track more than 15 total users."
        var session = FeedSession([fills(alice), fills(bob), .trades(coin: "BTC")])
        _ = session.due(at: start, limit: 9)
        _ = receive(&session, acknowledgement(alice))
        #expect(receive(&session, error(text)) == [.refused([fills(bob)], .tooManyUsers(text))])
        #expect(session.due(at: start + .seconds(4), limit: 9) == [])
        #expect(session.due(at: start + .seconds(5), limit: 9) == [request("subscribe", bob)])
        #expect(receive(&session, error(text), after: .seconds(5)) == [.refused([fills(bob)], .tooManyUsers(text))])
        #expect(session.due(at: start + .seconds(14), limit: 1) == [])
        #expect(session.due(at: start + .seconds(15), limit: 1) == [request("subscribe", bob)])
        #expect(receive(&session, acknowledgement(bob), after: .seconds(15)).last == .subscribed(fills(bob)))
    }

    @Test("of several without an answer the first is the refused one; an acknowledgement corrects that")
    func whoIsRefused() {
        let text = "Cannot track more than 15 total users."
        var session = FeedSession([fills(alice), fills(bob)])
        _ = session.due(at: start, limit: 9)
        #expect(receive(&session, error(text)) == [.refused([fills(alice), fills(bob)], .tooManyUsers(text))])
        #expect(receive(&session, acknowledgement(bob)) == [.subscribed(fills(bob))])
        #expect(receive(&session, acknowledgement(alice)) == [.subscribed(fills(alice))])
        session.want([fills(bob)])
        #expect(session.due(at: start, limit: 9) == [request("unsubscribe", alice)])
    }

    @Test("a refused subscription that is no longer wanted is forgotten without a word")
    func refusedAndUnwanted() {
        var session = FeedSession([fills(alice)])
        _ = session.due(at: start, limit: 9)
        _ = receive(&session, error("Cannot subscribe to more than 1000 channels."))
        session.want([])
        #expect(session.due(at: start, limit: 9) == [])
        #expect(session.takeFreed() == [fills(alice)])
    }

    @Test("without a place nothing is asked for; a user beyond our own limit is told")
    func admission() {
        var session = FeedSession([fills(alice), .trades(coin: "BTC")])
        #expect(session.due(at: start, limit: 9) { _ in .noChannel } == [])
        let trades = #"{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}"#
        #expect(session.due(at: start, limit: 9) { $0.user == nil ? .admitted : .noUser } == [trades])
        let refusals = [
            FeedEvent.refused([fills(alice), .trades(coin: "BTC")], .tooManyChannels("our own limit of channels is reached")),
            .refused([fills(alice)], .tooManyUsers("our own limit of followed users is reached")),
        ]
        #expect(receive(&session, #"{"channel":"pong"}"#) == refusals)
    }

    @Test("R-71: two connections with too few channels for both have every market between them, and each tells once what it has no room for")
    func sharedRoom() {
        var limits = ConnectionBudget.Limits()
        limits.channels = 10
        // of which 6 are planned with
        let budget = ConnectionBudget(limits: limits, now: start)
        func market(_ number: Int) -> FeedSubscription { .trades(coin: "C\(number)") }
        let markets = Set((0..<5).map(market))
        var sessions = [FeedSession(markets), FeedSession(markets, marketsLastFirst: true)]
        var places: [ConnectionBudget.Connection] = []
        while places.count < sessions.count, case .granted(let place) = budget.open(at: start) { places.append(place) }
        var asked: [[String]] = [[], []]
        for second in 0..<4 {
            for (index, place) in places.enumerated() {
                let now = start + .seconds(second)
                asked[index] += sessions[index].due(at: now, limit: 2) { budget.admit($0, of: place, at: now) }
            }
        }
        #expect(asked[0] == [0, 1, 2, 3].map { market($0).request("subscribe") })
        #expect(asked[1] == [4, 3].map { market($0).request("subscribe") })
        let text = "our own limit of channels is reached"
        for (index, leftOut) in [[4], [0, 1, 2]].enumerated() {
            let told = receive(&sessions[index], #"{"channel":"pong"}"#)
            #expect(told == [.refused(Set(leftOut.map(market)), .tooManyChannels(text))])
        }
        #expect(sessions[0].due(at: start + .seconds(5), limit: 2) { budget.admit($0, of: places[0], at: start) } == [])
        #expect(!sessions[0].hasUnreported)
        // a place that is free again is taken
        budget.release(market(3), of: places[1])
        #expect(sessions[0].due(at: start + .seconds(6), limit: 2) { budget.admit($0, of: places[0], at: start) } == [market(4).request("subscribe")])
        #expect(!sessions[0].hasUnreported)
    }

    @Test("the exchange's other refusals are understood")
    func refusals() {
        var session = FeedSession([fills(alice), fills(bob)])
        _ = session.due(at: start, limit: 9)
        #expect(receive(&session, error("Already subscribed: \(fills(alice))")) == [.subscribed(fills(alice))])
        #expect(receive(&session, error("Already unsubscribed: \(fills(alice))")) == [])
        for text in ["Error parsing JSON into valid websocket request: {}", "too many pending post requests id=7", "?"] {
            #expect(receive(&session, error(text)) == [.problem(text)])
        }
        for text in ["Invalid subscription \(fills(bob))", "Error parsing JSON into valid websocket request: \(request("subscribe", bob))"] {
            #expect(receive(&session, error(text)) == [.refused([fills(bob)], .invalid(text))])
        }
        // Refused for good: not asked again while it stays wanted.
        #expect(session.due(at: start + .seconds(60), limit: 9) == [])
    }

    @Test("silence of a kind that is subscribed is told each time its limit has passed, until it is heard again")
    func silence() {
        var session = FeedSession([.trades(coin: "BTC"), fills(alice)], .init(silenceAfter: [.trades: .seconds(60), .l2Book: .seconds(30)]))
        _ = session.due(at: start, limit: 9)
        _ = receive(&session, acknowledgement(alice))
        _ = receive(&session, #"{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}}"#)
        _ = session.due(at: start + .seconds(59), limit: 0)
        #expect(!session.hasUnreported)
        _ = session.due(at: start + .seconds(60), limit: 0)
        _ = session.due(at: start + .seconds(70), limit: 0)
        #expect(receive(&session, #"{"channel":"pong"}"#) == [.silent(.trades, for: .seconds(60))])
        _ = session.due(at: start + .seconds(119), limit: 0)
        #expect(!session.hasUnreported)
        _ = session.due(at: start + .seconds(190), limit: 0)
        #expect(receive(&session, #"{"channel":"pong"}"#) == [.silent(.trades, for: .seconds(180))])
        session.heard(.trades, at: start + .seconds(200))
        _ = session.due(at: start + .seconds(259), limit: 0)
        #expect(!session.hasUnreported)
        _ = session.due(at: start + .seconds(260), limit: 0)
        #expect(session.hasUnreported)
    }

    @Test("the plain-text greeting is no problem, other text is")
    func greeting() {
        var session = FeedSession([])
        #expect(receive(&session, "Websocket connection established.") == [])
        #expect(receive(&session, "hello") == [.problem("a frame is not JSON: hello")])
        #expect(receive(&session, "{}") == [.problem("a frame names no channel: {}")])
        let new = #"{"channel":"somethingNew","data":1}"#
        #expect(receive(&session, new) == [.message(.other(channel: "somethingNew"), frame: Array(new.utf8), receivedAt: 7)])
        #expect(
            receive(&session, #"{"channel":"userFills"}"#)
                == [.problem(#"a frame cannot be read: channel userFills: data: missing: {"channel":"userFills"}"#)])
    }

    @Test("a message that names no user is the only user's it can be")
    func unnamedUsers() throws {
        let frames = try Fixture.lines("recorded/ws/user_channels.jsonl")
        for (wanted, user) in [([alice], alice), ([alice, bob], nil)] as [([String], String?)] {
            var session = FeedSession(Set(wanted.flatMap { [.orderUpdates(user: $0), .userEvents(user: $0)] }))
            let messages = frames.flatMap { receive(&session, $0.text()) }.compactMap { event in
                if case .message(let message, _, _) = event { message } else { nil }
            }
            #expect(messages.count == frames.count)
            #expect(messages.allSatisfy { $0.user == user })
        }
    }

    @Test("recorded frames of the exchange are read, snapshot and noise included")
    func recordedFrames() throws {
        let user = "0x31ca8395cf837de08b24da3f660e77761dfb974b"
        var session = FeedSession([fills(user)])
        _ = session.due(at: start, limit: 9)
        var events: [FeedEvent] = []
        for frame in try Fixture.lines("recorded/mainnet_2026-09-03.jsonl") { events += receive(&session, frame.text()) }
        #expect(events.first == .subscribed(fills(user)))
        let snapshots = events.compactMap { event in
            if case .message(.userFills(user, let fills, isSnapshot: true), _, _) = event { fills } else { nil }
        }
        #expect(snapshots.map(\.count) == [1])
        #expect(snapshots[0][0].startPosition.description == "-3695042.9")
    }

    @Test("a snapshot, newest first, is delivered in the order of execution, with the frame and its arrival")
    func order() throws {
        let recorded = try Fixture.json("leader_fills.json").array("leaders")[0].array("fills").prefix(3)
        var session = FeedSession([fills(alice)])
        let decoded = UserFill.inOrderOfExecution(try recorded.map { try UserFill(json: $0) })
        for isSnapshot in [true, false] {
            let mark = isSnapshot ? #""isSnapshot":true,"# : ""
            let frame = #"{"channel":"userFills","data":{\#(mark)"user":"\#(alice)","fills":\#(JSON.array(Array(recorded)).text())}}"#
            #expect(
                receive(&session, frame)
                    == [.message(.userFills(user: alice, fills: decoded, isSnapshot: isSnapshot), frame: Array(frame.utf8), receivedAt: 7)])
        }
    }

    @Test("a fill that cannot be read is reported, the others are delivered")
    func unreadableFill() throws {
        let good = try Fixture.json("leader_fills.json").array("leaders")[0].array("fills")[0]
        var session = FeedSession([fills(alice)])
        let frame = #"{"channel":"userFills","data":{"user":"\#(alice)","fills":[{"coin":"BTC"},\#(good.text())]}}"#
        #expect(
            receive(&session, frame) == [
                .problem("an element cannot be read and is left out: channel userFills: data.fills[0].px: missing"),
                .message(.userFills(user: alice, fills: [try UserFill(json: good)], isSnapshot: false), frame: Array(frame.utf8), receivedAt: 7),
            ])
    }
}
