import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("The feed's protocol")
struct FeedSessionTests {
    private let start = ContinuousClock.now
    private let alice = "0x" + String(repeating: "a", count: 40)
    private let bob = "0x" + String(repeating: "b", count: 40)

    private func request(_ method: String, _ user: String) -> String {
        #"{"method":"\#(method)","subscription":{"type":"userFills","user":"\#(user)"}}"#
    }

    private func acknowledgement(_ user: String) -> String {
        #"{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"userFills","user":"\#(user)","aggregateByTime":false}}}"#
    }

    private func receive(_ session: inout FeedSession, _ text: String) -> [FeedEvent] { session.receive(Array(text.utf8), receivedAt: 7) }

    @Test("every user is asked for once, in lower case, and acknowledged in the exchange's form")
    func subscribes() {
        var session = FeedSession(users: [alice.uppercased().replacingOccurrences("0X", "0x"), bob], acknowledgeWithin: .seconds(15))
        #expect(session.due(at: start, limit: 9) == [request("subscribe", alice), request("subscribe", bob)])
        #expect(session.due(at: start, limit: 9) == [])
        #expect(receive(&session, acknowledgement(alice)) == [.subscribed(alice)])
        #expect(receive(&session, acknowledgement(alice)) == [])
    }

    @Test("no more is sent at once than allowed")
    func limit() {
        var session = FeedSession(users: [alice, bob], acknowledgeWithin: .seconds(15))
        #expect(session.due(at: start, limit: 0) == [])
        #expect(session.due(at: start, limit: 1) == [request("subscribe", alice)])
        #expect(session.due(at: start, limit: 1) == [request("subscribe", bob)])
    }

    @Test("users come and go on an open connection")
    func changes() {
        var session = FeedSession(users: [alice], acknowledgeWithin: .seconds(15))
        _ = session.due(at: start, limit: 9)
        _ = receive(&session, acknowledgement(alice))
        session.want([bob])
        #expect(session.due(at: start, limit: 9) == [request("unsubscribe", alice), request("subscribe", bob)])
        #expect(receive(&session, #"{"channel":"userFills","data":{"user":"\#(alice)","fills":[]}}"#) == [])
        session.want([alice, bob])
        #expect(session.due(at: start, limit: 9) == [request("subscribe", alice)])
    }

    @Test("a subscription that is not acknowledged is asked for again, and reported")
    func notAcknowledged() {
        var session = FeedSession(users: [alice], acknowledgeWithin: .seconds(15))
        _ = session.due(at: start, limit: 9)
        #expect(session.due(at: start + .seconds(14), limit: 9) == [])
        #expect(session.due(at: start + .seconds(15), limit: 9) == [request("subscribe", alice)])
        #expect(
            receive(&session, #"{"channel":"pong"}"#)
                == [.problem("subscription to the fills of \(alice) is not acknowledged, asking again")])
        #expect(receive(&session, #"{"channel":"pong"}"#) == [])
    }

    @Test("the exchange's refusals are understood")
    func refusals() {
        func error(_ text: String) -> String { JSON.object([.init("channel", "error"), .init("data", .string(text))]).text() }
        var session = FeedSession(users: [alice, bob], acknowledgeWithin: .seconds(15))
        _ = session.due(at: start, limit: 9)
        #expect(receive(&session, error(#"Already subscribed: {"type":"userFills","user":"\#(alice)"}"#)) == [.subscribed(alice)])
        #expect(receive(&session, error(#"Already unsubscribed: {"type":"userFills","user":"\#(alice)"}"#)) == [])
        for text in ["Cannot track more than 15 total users.", "Cannot subscribe to more than 1000 channels.", "Error parsing JSON into valid websocket request: {}", "?"] {
            #expect(receive(&session, error(text)) == [.problem(text)])
        }
        let invalid = #"Invalid subscription {"type":"userFills","user":"\#(bob)"}"#
        #expect(receive(&session, error(invalid)) == [.problem(invalid)])
        // Refused for good: not asked again while it stays wanted.
        #expect(session.due(at: start + .seconds(60), limit: 9) == [])
    }

    @Test("the plain-text greeting is no problem, other text is")
    func greeting() {
        var session = FeedSession(users: [], acknowledgeWithin: .seconds(15))
        #expect(receive(&session, "Websocket connection established.") == [])
        #expect(receive(&session, "hello") == [.problem("a frame is not JSON: hello")])
        #expect(receive(&session, #"{"channel":"somethingNew","data":1}"#) == [])
        #expect(receive(&session, #"{"channel":"userFills"}"#) == [.problem(#"a frame cannot be read: data: missing: {"channel":"userFills"}"#)])
    }

    @Test("recorded frames of the exchange are read, snapshot and noise included")
    func recordedFrames() throws {
        let user = "0x31ca8395cf837de08b24da3f660e77761dfb974b"
        var session = FeedSession(users: [user], acknowledgeWithin: .seconds(15))
        var events: [FeedEvent] = []
        for frame in try Fixture.lines("recorded/mainnet_2026-09-03.jsonl") { events += receive(&session, frame.text()) }
        guard events.count == 2, case .snapshot(user, let fills) = events[1] else { Issue.record("\(events)"); return }
        #expect(events[0] == .subscribed(user))
        #expect(fills.count == 1 && fills[0].startPosition.description == "-3695042.9")
    }

    @Test("a snapshot, newest first, is delivered in the order of execution; new fills carry their arrival")
    func order() throws {
        let recorded = try Fixture.json("leader_fills.json").array("leaders")[0].array("fills").prefix(3)
        var session = FeedSession(users: [alice], acknowledgeWithin: .seconds(15))
        let fills = try recorded.map { try UserFill(json: $0) }
        let data = JSON.array(Array(recorded)).text()
        #expect(
            receive(&session, #"{"channel":"userFills","data":{"isSnapshot":true,"user":"\#(alice)","fills":\#(data)}}"#)
                == [.snapshot(alice, UserFill.inOrderOfExecution(fills))])
        #expect(
            receive(&session, #"{"channel":"userFills","data":{"user":"\#(alice)","fills":\#(data)}}"#)
                == [.fills(alice, UserFill.inOrderOfExecution(fills), receivedAt: 7)])
    }

    @Test("a fill that cannot be read is reported, the others are delivered")
    func unreadableFill() throws {
        let good = try Fixture.json("leader_fills.json").array("leaders")[0].array("fills")[0]
        var session = FeedSession(users: [alice], acknowledgeWithin: .seconds(15))
        let events = receive(&session, #"{"channel":"userFills","data":{"user":"\#(alice)","fills":[{"coin":"BTC"},\#(good.text())]}}"#)
        #expect(
            events == [
                .problem(#"fill 0 of \#(alice) cannot be read and is left out: px: missing: {"coin":"BTC"}"#),
                .fills(alice, [try UserFill(json: good)], receivedAt: 7),
            ])
    }
}

@Suite("Pauses and pace")
struct PaceTests {
    @Test("pauses double up to the longest, jittered between half and the whole")
    func backoff() {
        var backoff = Backoff(first: .milliseconds(250), maximum: .seconds(2))
        var generator = SystemRandomNumberGenerator()
        for ceiling in [250, 500, 1000, 2000, 2000] {
            let pause = backoff.next(using: &generator)
            #expect(pause >= .milliseconds(ceiling) / 2 && pause <= .milliseconds(ceiling))
        }
        backoff.reset()
        #expect(backoff.next(using: &generator) <= .milliseconds(250))
    }

    @Test("a burst is followed by the steady rate")
    func budget() {
        let start = ContinuousClock.now
        var budget = MessageBudget(capacity: 10, perSecond: 2, now: start)
        #expect(budget.allowance(at: start) == 10)
        budget.spend(10)
        #expect(budget.allowance(at: start + .milliseconds(400)) == 0)
        #expect(budget.allowance(at: start + .seconds(3)) == 6)
        #expect(budget.allowance(at: start + .seconds(60)) == 10)
    }
}

extension String {
    fileprivate func replacingOccurrences(_ part: String, _ other: String) -> String {
        split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
    }
}
