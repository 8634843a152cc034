/// What one check of a process found.
public struct HealthSample: Sendable, Equatable {
    public enum State: Int, Sendable, Comparable {
        case ok
        /// Something is away that the process does without for now.
        case degraded
        /// Without it there is no progress.
        case failed

        public static func < (left: State, right: State) -> Bool { left.rawValue < right.rawValue }
    }

    public var name: String
    public var state: State
    /// Since it was last known to be right.
    public var age: Duration?
    /// The age from which on it is not.
    public var limit: Duration?
    public var detail: String

    public init(_ name: String, _ state: State, age: Duration? = nil, limit: Duration? = nil, detail: String = "") {
        self.name = name
        self.state = state
        self.age = age
        self.limit = limit
        self.detail = detail
    }

    /// Fails when something was last right longer ago than `limit`.
    /// - Parameter age: `nil`: never yet.
    public static func fresh(
        _ name: String, age: Duration?, limit: Duration, failing: State = .failed, detail: String = ""
    ) -> HealthSample {
        HealthSample(name, age.map { $0 <= limit } ?? false ? .ok : failing, age: age, limit: limit, detail: detail)
    }

    /// Fails when something has been wrong for longer than `limit`; until then it may pass.
    /// - Parameter lasting: since it is wrong; `nil`: it is right.
    public static func lasting(
        _ name: String, _ lasting: Duration?, limit: Duration, failing: State = .failed, detail: String = ""
    ) -> HealthSample {
        HealthSample(name, lasting.map { $0 > limit } ?? false ? failing : .ok, age: lasting, limit: limit, detail: detail)
    }
}

/// Looks at one thing that a process needs.
public struct HealthCheck: Sendable {
    public let name: String
    /// May take its time: what is shown meanwhile is the sample before.
    public let sample: @Sendable () async -> HealthSample

    public init(_ name: String, _ sample: @escaping @Sendable () async -> HealthSample) {
        self.name = name
        self.sample = sample
    }
}
