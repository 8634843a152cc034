import JSON
import Testing
import WebSocket

@testable import Hyperliquid

@Suite("Posts without a connection")
struct PostQueueTests {
    private let start = ContinuousClock.now

    private func queue(inFlight: Int = 100, waiting: Int = 100) -> PostQueue {
        PostQueue(.init(inFlight: inFlight, waiting: waiting, timeout: .seconds(5)))
    }

    private func add(_ queue: inout PostQueue, _ priority: RequestPriority = .entry, notAfter: ContinuousClock.Instant? = nil) -> PostQueue.ID? {
        queue.add(.action, Array("{}".utf8), priority: priority, notAfter: notAfter, at: start)
    }

    private func text(_ outgoing: PostQueue.Outgoing) -> String { String(decoding: outgoing.text, as: UTF8.self) }

    private func answer(_ id: UInt64, _ response: String) -> [UInt8] {
        Array(#"{"channel":"post","data":{"id":\#(id),"response":\#(response)}}"#.utf8)
    }

    private func error(_ text: String) -> [UInt8] { JSON.object([.init("channel", "error"), .init("data", .string(text))]).bytes() }

    @Test("R-72: what reduces risk goes first, the rest in the order of asking, and no more than may be unanswered")
    func priorities() {
        var queue = queue(inFlight: 4)
        let ids = [RequestPriority.info, .entry, .exit, .cancel, .exit].map { add(&queue, $0)! }
        #expect(queue.sendable == 4)
        #expect(queue.next(3, at: start).map(\.id) == [ids[2], ids[4], ids[3]])
        let fourth = queue.next(9, at: start)
        #expect(fourth.map(text) == [#"{"method":"post","id":\#(ids[1]),"request":{"type":"action","payload":{}}}"#])
        #expect(queue.sendable == 0 && queue.next(9, at: start).isEmpty)
        #expect(queue.receive(answer(ids[4], #"{"type":"action","payload":{}}"#))?.id == ids[4])
        #expect(queue.next(9, at: start).map(\.id) == [ids[0]])
    }

    @Test("R-72: more than may wait are refused")
    func bounded() {
        var queue = queue(waiting: 2)
        #expect([add(&queue), add(&queue)].allSatisfy { $0 != nil })
        #expect(add(&queue) == nil)
    }

    @Test("answers come in any order, each to its own request and once")
    func answers() throws {
        var queue = queue()
        let ids = (0..<3).map { _ in add(&queue)! }
        _ = queue.next(9, at: start).map { $0.gate.take() }
        let last = queue.receive(answer(ids[2], #"{"type":"info","payload":{"type":"meta","data":[2]}}"#))
        #expect(last?.id == ids[2])
        #expect(try last?.result.get() == [2])
        let first = queue.receive(answer(ids[0], #"{"type":"action","payload":{"status":"ok"}}"#))
        #expect(first?.id == ids[0])
        #expect(try first?.result.get() == ["status": "ok"])
        #expect(queue.receive(answer(ids[0], #"{"type":"action","payload":{}}"#)) == nil)
        #expect(queue.receive(answer(99, #"{"type":"action","payload":{}}"#)) == nil)
        #expect(queue.receive(Array("Websocket connection established.".utf8)) == nil)
    }

    @Test("errors say what became of the request")
    func errors() {
        func outcome(_ frame: (UInt64) -> [UInt8]) -> ExchangeError? {
            var queue = queue()
            let id = add(&queue)!
            _ = queue.next(1, at: start).map { $0.gate.take() }
            guard let outcome = queue.receive(frame(id)), outcome.id == id, case .failure(let error) = outcome.result else { return nil }
            return error
        }
        #expect(outcome { answer($0, #"{"type":"error","payload":"429 Too Many Requests"}"#) } == .rateLimited)
        #expect(outcome { error("too many pending post requests id=\($0)") } == .notSent("too many pending post requests id=1"))
        for (status, isUnknown) in [("422 cannot be read", false), ("500 oops", true), ("?", true)] {
            let error = outcome { answer($0, #"{"type":"error","payload":"\#(status)"}"#) }
            if case .unknown? = error { #expect(isUnknown) } else if case .malformed? = error { #expect(!isUnknown) } else { Issue.record("\(status)") }
        }
        let unreadable = outcome { error(#"Error parsing JSON into valid websocket request: {"method":"post","id":\#($0)}"#) }
        if case .malformed? = unreadable {} else { Issue.record("\(String(describing: unreadable))") }
        for response in ["{}", #"{"type":"new","payload":1}"#] {
            if case .unknown? = outcome({ answer($0, response) }) {} else { Issue.record("\(response)") }
        }
    }

    /// Requests that were written, handed over and not written, withheld, and waiting.
    private func mixed() -> (PostQueue, written: UInt64, handedOver: UInt64, withheld: UInt64, waiting: UInt64) {
        var queue = queue(inFlight: 3)
        let ids = (0..<4).map { add(&queue, notAfter: $0 == 2 ? start - .seconds(1) : nil)! }
        let outgoing = queue.next(3, at: start)
        #expect(outgoing[0].gate.take())
        #expect(!outgoing[2].gate.take())
        return (queue, ids[0], ids[1], ids[2], ids[3])
    }

    private func errors(_ outcomes: [PostQueue.Outcome]) -> [UInt64: ExchangeError] {
        Dictionary(uniqueKeysWithValues: outcomes.compactMap { outcome in if case .failure(let error) = outcome.result { (outcome.id, error) } else { nil } })
    }

    @Test("with the connection lost, only what may have been written is unknown")
    func lost() {
        var (queue, written, handedOver, withheld, waiting) = mixed()
        #expect(
            errors(queue.lost("reset")) == [
                written: .unknown("reset"), handedOver: .notSent("reset"), withheld: .notSent("the send deadline had passed"),
                waiting: .notSent("reset"),
            ])
        #expect(queue.isIdle)
    }

    @Test("what is called not sent is not written later")
    func neverLater() {
        var queue = queue()
        _ = add(&queue)
        let outgoing = queue.next(1, at: start)[0]
        _ = queue.lost("reset")
        #expect(!outgoing.gate.take())
    }

    @Test("in time without an answer, the same holds")
    func overdue() {
        var (queue, written, handedOver, withheld, waiting) = mixed()
        #expect(queue.overdue(at: start + .seconds(4)).isEmpty)
        #expect(errors(queue.withheld()) == [withheld: .notSent("the send deadline had passed")])
        #expect(
            errors(queue.overdue(at: start + .seconds(5))) == [
                written: .unknown("no answer within 5.0 seconds"), handedOver: .notSent("no answer within 5.0 seconds"),
                waiting: .notSent("no connection or no place within 5.0 seconds"),
            ])
        #expect(queue.isIdle)
        #expect(queue.receive(answer(written, #"{"type":"action","payload":{}}"#)) == nil)
    }
}
