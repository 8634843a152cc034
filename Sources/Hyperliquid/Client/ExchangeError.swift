/// Why there is no answer of the exchange. Only ``unknown(_:)`` leaves open whether an action was executed.
public enum ExchangeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not a byte of the request's body was written: certainly not executed. No connection, no name, no free place in the pool, or
    /// the send deadline had passed.
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
