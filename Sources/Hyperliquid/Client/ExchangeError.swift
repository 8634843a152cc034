/// Why there is no answer of the exchange. Only ``unknown(_:)`` leaves open whether an action was executed.
public enum ExchangeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Certainly not executed: not a byte of the request was written (no connection, no name, no free place, the send deadline had
    /// passed), or the exchange did not take it (too many posts unanswered).
    case notSent(String)
    /// HTTP 429: not executed, the address has used up its weight.
    case rateLimited
    /// The request may have been received: time-out, reset, 5xx, or an answer that cannot be read.
    case unknown(String)
    /// HTTP 4xx: not executed, and would never be.
    case malformed(String)

    public var description: String {
        switch self {
        case .notSent(let reason): "not sent: \(reason)"
        case .rateLimited: "rate limited (HTTP 429)"
        case .unknown(let reason): "outcome unknown: \(reason)"
        case .malformed(let reason): "refused as malformed: \(reason)"
        }
    }
}

extension ExchangeError {
    /// What an HTTP status other than 200 says about the request.
    /// - Parameter message: what came with it.
    init(status: Int, message: String) {
        switch status {
        case 429: self = .rateLimited
        case 408: self = .unknown(Self.text(status, message))
        case 400..<500: self = .malformed(Self.text(status, message))
        default: self = .unknown(Self.text(status, message))
        }
    }

    /// Reads the error that answers a WebSocket `post`: a text that begins with the HTTP status the request would have had (`429 …`).
    /// Without a status the outcome is unknown.
    public init(postErrorText text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard digits.count == 3, let status = Int(digits), (100..<600).contains(status), text.dropFirst(3).first?.isLetter != true else {
            self = .unknown("post: \(text.prefix(200))")
            return
        }
        let rest = text.dropFirst(3).drop { $0 == " " || $0 == ":" }
        self.init(status: status, message: String(rest.prefix(200)))
    }

    private static func text(_ status: Int, _ message: String) -> String {
        message.isEmpty ? "HTTP \(status)" : "HTTP \(status): \(message)"
    }
}
