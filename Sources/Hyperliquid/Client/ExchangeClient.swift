import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1
import Synchronization

/// The exchange's REST interface: POST /exchange and POST /info over kept-alive HTTP/1.1 connections from a bounded pool.
///
/// What it owes: an answer, or an ``ExchangeError`` that never calls a request unsent that may have been sent. It repeats nothing.
public final class ExchangeClient: Sendable {
    /// Largest answer read, bytes: 2000 fills are 800 kB, `meta` of every market is below 1 MB.
    static let maximumAnswerBytes = 64 << 20
    /// An idle connection is closed before the exchange's load balancer closes it, so that few requests meet a dying one.
    static let idleSeconds: Int64 = 30

    public let endpoint: ExchangeEndpoint
    let client: HTTPClient
    private let timeout: Duration
    private let gate: (any RequestGate)?
    let answers: (any SharedAnswers)?
    private let unanswered = Mutex<ContinuousClock.Instant?>(nil)

    /// Since when no request has been answered; `nil` while the last one was. Also a refusal is an answer, a 5xx is none.
    public var unansweredSince: ContinuousClock.Instant? { unanswered.withLock { $0 } }

    /// - Parameters:
    ///   - timeout: for a connection (waiting for a free one included), and again from the request to the answer's head; the
    ///     answer's body has as long once more.
    ///   - maximumConnections: requests beyond wait for a free connection.
    ///   - gate: asked before each read; `nil`: reads are not limited.
    ///   - answers: where answers may be had without asking; `nil`: nowhere.
    public init(
        endpoint: ExchangeEndpoint, timeout: Duration, maximumConnections: Int, gate: (any RequestGate)? = nil,
        answers: (any SharedAnswers)? = nil
    ) {
        precondition(timeout > .zero && maximumConnections > 0)
        self.endpoint = endpoint
        self.timeout = timeout
        self.gate = gate
        self.answers = answers
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(timeout), read: TimeAmount(timeout)),
            connectionPool: .init(idleTimeout: .seconds(Self.idleSeconds), concurrentHTTP1ConnectionsPerHostSoftLimit: maximumConnections),
            decompression: .enabled(limit: .size(Self.maximumAnswerBytes)))
        // A refused connection is the caller's to retry, at once and knowingly, rather than to be waited out in here.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Sends one signed action, once.
    /// - Parameter notAfter: when no byte of the action has been written by then, it is not sent any more. Checked at the last moment,
    ///   right before the write.
    public func submit(_ action: SignedAction, notAfter: ContinuousClock.Instant? = nil) async throws(ExchangeError) -> ExchangeAnswer {
        let answer = try await post("/exchange", action.body, notAfter: notAfter)
        do {
            return try ExchangeAnswer(json: JSON.parse(answer))
        } catch {
            throw .unknown("answer cannot be read: \(error): \(Self.excerpt(answer))")
        }
    }

    /// Sends one read request such as `{"type":"meta"}`.
    public func info(_ request: JSON) async throws(ExchangeError) -> JSON {
        let type = (try? request.string("type")) ?? ""
        let weight = RequestWeight.info(type: type)
        try await gate?.admit(weight)
        let answer: [UInt8]
        do throws(ExchangeError) { answer = try await post("/info", request.bytes(), notAfter: nil) } catch {
            if error == .rateLimited { await gate?.refused() }
            throw error
        }
        let json: JSON
        do { json = try JSON.parse(answer) } catch { throw .unknown("answer cannot be read: \(error): \(Self.excerpt(answer))") }
        if let gate, case .array(let items) = json {
            let extra = RequestWeight.info(type: type, items: items.count) - weight
            if extra > 0 { await gate.charge(extra) }
        }
        return json
    }

    /// Closes every connection; requests under way fail.
    public func shutdown() async {
        // Fails only when the client was shut down before, which is what is wanted.
        try? await client.shutdown()
    }

    /// The body of a 200 answer.
    private func post(_ path: String, _ bytes: [UInt8], notAfter: ContinuousClock.Instant?) async throws(ExchangeError) -> [UInt8] {
        let body = WatchedBody(bytes, notAfter: notAfter)
        var request = HTTPClientRequest(url: endpoint.base + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(body)
        let status: HTTPResponseStatus
        let answer: [UInt8]
        do {
            let response = try await client.execute(request, timeout: TimeAmount(timeout * 2))
            status = response.status
            answer = try await collect(response.body)
        } catch {
            if body.state != .withheld, !Task.isCancelled { note(isAnswer: false) }
            switch body.state {
            case .untouched: throw .notSent("\(error)")
            case .withheld: throw .notSent("the send deadline had passed")
            case .taken: throw .unknown("\(error)")
            }
        }
        note(isAnswer: !(500..<600).contains(status.code))
        guard status == .ok else { throw Self.refusal(status, answer) }
        return answer
    }

    private func note(isAnswer: Bool) {
        unanswered.withLock { since in since = isAnswer ? nil : since ?? .now }
    }

    private func collect(_ body: HTTPClientResponse.Body) async throws -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        var bytes: [UInt8] = []
        for try await part in body {
            guard bytes.count + part.readableBytes <= Self.maximumAnswerBytes else { throw AnswerFault.tooLarge }
            guard ContinuousClock.now <= deadline else { throw AnswerFault.tooSlow }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    private enum AnswerFault: Error { case tooLarge, tooSlow }

    static func refusal(_ status: HTTPResponseStatus, _ answer: [UInt8]) -> ExchangeError {
        ExchangeError(status: Int(status.code), message: (400..<500).contains(status.code) ? message(answer) : excerpt(answer))
    }

    /// `msg` with its `code` of the JSON some refusals carry, else the beginning of the text.
    private static func message(_ answer: [UInt8]) -> String {
        guard let json = try? JSON.parse(answer), let text = json["msg"].flatMap({ try? $0.asString() }) else { return excerpt(answer) }
        return json["code"].map { "\(text) (code \($0.text()))" } ?? text
    }

    private static func excerpt(_ answer: [UInt8]) -> String { String(decoding: answer.prefix(200), as: UTF8.self) }
}
