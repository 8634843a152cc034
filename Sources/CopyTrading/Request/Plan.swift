/// What the planner decided for one request: for each leg of the signal an order or a reason, and the lifecycle to store.
public struct Plan: Sendable, Equatable {
    /// As many as the signal has legs, in their order.
    public var legs: [PlannedLeg]
    /// To be stored for the subscription and coin; `nil` deletes what is stored.
    public var lifecycle: Lifecycle?
    /// What it was decided on, for those that keep it: jobs and results then carry it.
    public var decision: DecisionRecord?

    public init(legs: [PlannedLeg], lifecycle: Lifecycle?, decision: DecisionRecord? = nil) {
        self.legs = legs
        self.lifecycle = lifecycle
        self.decision = decision
    }

    public var jobs: [ExecutionJob] {
        legs.compactMap {
            guard case .job(var job) = $0 else { return nil }
            job.decision = decision?.json
            return job
        }
    }

    /// The results of the legs that end here.
    /// - Parameter now: microseconds since 1970.
    public func results(for request: ExecutionRequest, at now: Int64) -> [ExecutionResult] {
        legs.compactMap {
            guard case .skip(let leg) = $0 else { return nil }
            var result = ExecutionResult(skipping: leg, of: request, at: now)
            result.decision = decision?.json
            return result
        }
    }
}

public enum PlannedLeg: Sendable, Equatable {
    case job(ExecutionJob)
    case skip(SkippedLeg)
}

public struct SkippedLeg: Sendable, Equatable {
    public var job: JobID
    public var action: Action
    /// The side the subscriber's order would have had.
    public var side: Side
    public var outcome: Outcome
    /// The numbers behind the outcome, for people.
    public var detail: String
    /// Coins, unsigned; zero when no size had been computed.
    public var requestedSize: Size
    /// Each gate that changed the size before one refused it.
    public var clips: [Clip]

    public init(
        job: JobID, action: Action, side: Side, outcome: Outcome, detail: String, requestedSize: Size = .zero, clips: [Clip] = []
    ) {
        self.job = job
        self.action = action
        self.side = side
        self.outcome = outcome
        self.detail = detail
        self.requestedSize = requestedSize
        self.clips = clips
    }
}
