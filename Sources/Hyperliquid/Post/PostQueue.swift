import JSON
import WebSocket

/// The `post` requests of one connection, without I/O: which goes next, whose answer a frame is, and what is known of the others.
///
/// ```
/// waiting ──next──▶ in flight ──answer──▶ answered
///    │                  └──time-out, connection lost──▶ unknown, or not sent when its bytes were withheld
///    └──time-out, connection lost──▶ not sent
/// ```
struct PostQueue {
    struct Limits: Sendable, Equatable {
        /// Unanswered requests; the exchange takes 100 of an address.
        var inFlight = 100
        /// Requests beyond are refused as not sent.
        var waiting = 1_000
        /// From asking to being written, and again from there to the answer.
        var timeout: Duration = .seconds(5)
    }

    enum Kind: String, Sendable { case action, info }

    typealias ID = UInt64
    typealias Outcome = (id: ID, result: Result<JSON, ExchangeError>)

    struct Outgoing {
        let id: ID
        let text: [UInt8]
        let gate: WriteGate
    }

    private struct Waiting {
        let id: ID
        let kind: Kind
        let payload: [UInt8]
        let gate: WriteGate
        let until: ContinuousClock.Instant
    }

    private struct InFlight {
        let gate: WriteGate
        let until: ContinuousClock.Instant
    }

    private let limits: Limits
    private var last: ID = 0
    /// One line for each priority.
    private var lines = [[Waiting]](repeating: [], count: RequestPriority.allCases.count)
    private var inFlight: [ID: InFlight] = [:]

    init(_ limits: Limits) { self.limits = limits }

    var isIdle: Bool { inFlight.isEmpty && waitingCount == 0 }
    private var waitingCount: Int { lines.reduce(0) { $0 + $1.count } }

    /// How many could be sent now.
    var sendable: Int { min(limits.inFlight - inFlight.count, waitingCount) }

    /// Puts a request in its line; `nil` when too many wait.
    /// - Parameter payload: JSON text.
    mutating func add(
        _ kind: Kind, _ payload: [UInt8], priority: RequestPriority, notAfter: ContinuousClock.Instant?, at now: ContinuousClock.Instant
    ) -> ID? {
        guard waitingCount < limits.waiting else { return nil }
        // Never used again on any connection, so that no answer is taken for another's.
        last += 1
        let until = now + limits.timeout
        lines[priority.rawValue].append(
            Waiting(id: last, kind: kind, payload: payload, gate: WriteGate(notAfter: notAfter), until: until))
        return last
    }

    /// The next requests to write, at most `limit`, by priority and then in the order of asking.
    mutating func next(_ limit: Int, at now: ContinuousClock.Instant) -> [Outgoing] {
        var outgoing: [Outgoing] = []
        for line in lines.indices {
            let count = min(limit - outgoing.count, limits.inFlight - inFlight.count, lines[line].count)
            guard count > 0 else { continue }
            for request in lines[line].prefix(count) {
                inFlight[request.id] = InFlight(gate: request.gate, until: now + limits.timeout)
                outgoing.append(Outgoing(id: request.id, text: Self.text(request), gate: request.gate))
            }
            lines[line].removeFirst(count)
        }
        return outgoing
    }

    /// `{"method":"post","id":n,"request":{"type":"action","payload":…}}`
    private static func text(_ request: Waiting) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(request.payload.count + 80)
        text.append(contentsOf: #"{"method":"post","id":"#.utf8)
        text.append(contentsOf: String(request.id).utf8)
        text.append(contentsOf: #","request":{"type":""#.utf8)
        text.append(contentsOf: request.kind.rawValue.utf8)
        text.append(contentsOf: #"","payload":"#.utf8)
        text.append(contentsOf: request.payload)
        text.append(contentsOf: "}}".utf8)
        return text
    }

    /// Whose answer a frame is, and which; `nil` when it answers nobody (any more).
    mutating func receive(_ frame: [UInt8]) -> Outcome? {
        guard let json = try? JSON.parse(frame), let (id, result) = Self.answer(json), let request = inFlight.removeValue(forKey: id)
        else { return nil }
        // An answer to what was not written cannot be; were there one, the request was written.
        _ = request.gate.withhold()
        return (id, result)
    }

    /// - `{"channel":"post","data":{"id":n,"response":{"type":"action"|"info"|"error","payload":…}}}`
    /// - `{"channel":"error","data":"too many pending post requests id=n"}`
    private static func answer(_ json: JSON) -> (ID, Result<JSON, ExchangeError>)? {
        switch json["channel"] {
        case "post":
            guard let data = json["data"], case .number(let text)? = data["id"], let id = ID(text) else { return nil }
            return (id, response(data))
        case "error":
            guard case .string(let text)? = json["data"] else { return nil }
            switch FeedErrorText(text) {
            case .tooManyPosts(let id): return (id, .failure(.notSent(text)))
            case .unreadableRequest(let request):
                guard case .number(let number)? = request?["id"], let id = ID(number) else { return nil }
                return (id, .failure(.malformed(String(text.prefix(200)))))
            default: return nil
            }
        default: return nil
        }
    }

    private static func response(_ data: JSON) -> Result<JSON, ExchangeError> {
        guard let response = data["response"], let payload = response["payload"] else { return .failure(.unknown("answer without a payload: \(data.text().prefix(200))")) }
        switch (response["type"], payload) {
        case ("action", _): return .success(payload)
        case ("info", _): return .success(payload["data"] ?? .null)
        case ("error", .string(let text)): return .failure(ExchangeError(postErrorText: text))
        default: return .failure(.unknown("answer cannot be read: \(data.text().prefix(200))"))
        }
    }

    /// Requests whose time is over.
    mutating func overdue(at now: ContinuousClock.Instant) -> [Outcome] {
        var outcomes: [Outcome] = []
        for (id, request) in inFlight where request.until <= now {
            inFlight[id] = nil
            outcomes.append((id, .failure(Self.end(request.gate, "no answer within \(limits.timeout)"))))
        }
        for line in lines.indices {
            for request in lines[line] where request.until <= now {
                outcomes.append((request.id, .failure(.notSent("no connection or no place within \(limits.timeout)"))))
            }
            lines[line].removeAll { $0.until <= now }
        }
        return outcomes
    }

    /// The connection is gone, or could not be made: nothing of it will be answered.
    mutating func lost(_ reason: String) -> [Outcome] {
        var outcomes: [Outcome] = inFlight.map { ($0.key, .failure(Self.end($0.value.gate, reason))) }
        outcomes += lines.joined().map { ($0.id, .failure(.notSent(reason))) }
        inFlight.removeAll()
        for line in lines.indices { lines[line].removeAll() }
        return outcomes
    }

    private static func end(_ gate: WriteGate, _ reason: String) -> ExchangeError {
        switch gate.state {
        case .withheld: return .notSent("the send deadline had passed")
        case .untouched, .taken: return gate.withhold() ? .notSent(reason) : .unknown(reason)
        }
    }

    /// Those that were withheld at the moment of writing: there will be no answer.
    mutating func withheld() -> [Outcome] {
        var outcomes: [Outcome] = []
        for (id, request) in inFlight where request.gate.state == .withheld {
            inFlight[id] = nil
            outcomes.append((id, .failure(.notSent("the send deadline had passed"))))
        }
        return outcomes
    }
}
