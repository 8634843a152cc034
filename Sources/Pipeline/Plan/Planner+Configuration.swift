import ConfigStore
import CopyTrading

extension Planner {
    /// The decision that `record` tells of: made by the planner, and made again by a replay.
    /// - Parameter snapshot: of the record's version.
    public static func decide(_ request: ExecutionRequest, under snapshot: ConfigSnapshot, on record: DecisionRecord) -> Plan {
        let subscription = snapshot.subscriptions[request.subscription]
        var plan =
            if let whole = record.composedInto {
                coalesced(request, into: whole, subscription: subscription, lifecycle: record.lifecycle)
            } else if let later = record.passedBy {
                passed(request, by: later, subscription: subscription, lifecycle: record.lifecycle)
            } else {
                decide(
                    request: request, subscription: subscription, account: snapshot.account(of: request), facts: record.facts,
                    lifecycle: record.lifecycle, now: record.decidedAt)
            }
        plan.decision = record
        return plan
    }

    /// The decision about the last request of a composition.
    public static func decide(_ composition: Composition, under snapshot: ConfigSnapshot, on record: DecisionRecord) -> Plan {
        let request = composition.request
        var plan = decide(
            composition, subscription: snapshot.subscriptions[request.subscription], account: snapshot.account(of: request),
            facts: record.facts, lifecycle: record.lifecycle, now: record.decidedAt)
        plan.decision = record
        return plan
    }
}

extension ConfigSnapshot {
    fileprivate func account(of request: ExecutionRequest) -> AccountSettings {
        subscribers[request.subscriber]?.settings ?? AccountSettings()
    }
}
