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

extension ExchangeClient {
    /// Sends `request` and decodes its answer.
    func read<Value>(_ request: JSON, _ decode: (JSON) throws(JSONError) -> Value) async throws(InfoError) -> Value {
        let answer: JSON
        do { answer = try await info(request) } catch { throw .exchange(error) }
        do { return try decode(answer) } catch { throw .undecodable(error, request: request.text()) }
    }
}
