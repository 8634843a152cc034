import JSON

/// Why a read gave no result.
public enum InfoError: Error, Sendable, Equatable, CustomStringConvertible {
    case exchange(ExchangeError)
    /// The answer is not what the request promises: where, and the request.
    case undecodable(JSONError, request: String)

    public var description: String {
        switch self {
        case .exchange(let error): "\(error)"
        case .undecodable(let error, let request): "answer to \(request): \(error)"
        }
    }
}
