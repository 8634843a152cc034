import CopyTrading
import JSON

/// What a recovery found out about a request that it delivers again, beside the decision about it: of most nothing.
public struct UndecidedRequest: Sendable, Equatable {
    /// The decision about a later request of its subscription and coin is on record: what that left stays stored.
    public var isPassed: Bool
    /// Of one that is passed: as it was before the request, which is decided on it; or before one like it that precedes it and has no decision
    /// either.
    public var lifecycle: Lifecycle?
    /// The requests that were composed into it, oldest first.
    public var parts: [ExecutionRequest]

    public init(isPassed: Bool = false, lifecycle: Lifecycle? = nil, parts: [ExecutionRequest] = []) {
        self.isPassed = isPassed
        self.lifecycle = lifecycle
        self.parts = parts
    }

    public var json: JSON {
        ["passed": .bool(isPassed), "lifecycle": lifecycle?.json ?? .null, "parts": .array(parts.map(\.json))]
    }

    public init(json: JSON) throws(JSONError) {
        self.init(
            isPassed: try json.bool("passed"), lifecycle: try json.maybe("lifecycle", Lifecycle.init(json:)),
            parts: try json.list("parts", ExecutionRequest.init(json:)))
    }
}
