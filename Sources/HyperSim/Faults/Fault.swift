/// What can go wrong between a client and the exchange.
enum Fault: Equatable {
    /// The answer is held back.
    case latency(LatencyModel)
    /// Refused for its weight: HTTP 429 with the body `null`.
    case rate429
    /// HTTP 502 with a page of HTML, as during an upgrade of the exchange.
    case rate5xx
    /// The connection is closed before the request is carried out.
    case dropRequest
    /// The request is carried out and the connection closed without an answer.
    case dropReply
    /// The connection is reset before the request is carried out.
    case reset
    /// The request is carried out; then the connection stays open, and nothing is read from it or written to it for so many milliseconds.
    case halfOpen(milliseconds: Int)
    /// A frame is sent twice.
    case duplicateFrames
    /// A frame changes places with the next one, when that comes within so many milliseconds.
    case reorderFrames(milliseconds: Int)
    /// A socket is read from but says nothing for so many milliseconds; then it says everything it owes.
    case silent(milliseconds: Int)
    /// A socket is cut off after so many milliseconds, give or take the jitter.
    case disconnectEvery(milliseconds: Int, jitter: Int)
    /// Fills of one message and one millisecond come in reverse order.
    case disorderSameMillisecond

    /// Where it can happen.
    enum Point: Equatable {
        case request, frame, socket, fills
    }

    var point: Point {
        switch self {
        case .latency, .rate429, .rate5xx, .dropRequest, .dropReply, .reset, .halfOpen: .request
        case .duplicateFrames, .reorderFrames, .silent: .frame
        case .disconnectEvery: .socket
        case .disorderSameMillisecond: .fills
        }
    }

    /// As in `POST /control/faults`.
    var name: String {
        switch self {
        case .latency: "latency"
        case .rate429: "rate429"
        case .rate5xx: "rate5xx"
        case .dropRequest: "dropRequest"
        case .dropReply: "dropReply"
        case .reset: "reset"
        case .halfOpen: "halfOpen"
        case .duplicateFrames: "duplicateFrames"
        case .reorderFrames: "reorderFrames"
        case .silent: "silent"
        case .disconnectEvery: "disconnectEvery"
        case .disorderSameMillisecond: "disorderSameMillisecond"
        }
    }
}
