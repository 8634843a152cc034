import ConfigStore
import CopyTrading

extension Planner {
    /// The decision that `record` tells of: made by the planner, and made again by a replay.
    /// - Parameter snapshot: of the record's version.
    public static func decide(_ request: ExecutionRequest, under snapshot: ConfigSnapshot, on record: DecisionRecord) -> Plan {
        var plan = decide(
            request: request, subscription: snapshot.subscriptions[request.subscription],
            account: snapshot.subscribers[request.subscriber]?.settings ?? AccountSettings(), facts: record.facts,
            lifecycle: record.lifecycle, now: record.decidedAt)
        plan.decision = record
        return plan
    }
}
