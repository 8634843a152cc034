extension Planner {
    /// The plan of a request of which the decision was lost with Redis, when one behind it of the same subscription and coin had an order already.
    /// Jobs come in the order of the requests, so it had none; why is not on record. Its life goes on as after legs that are not copied.
    public static func passed(
        _ request: ExecutionRequest, by later: RequestID, subscription: Subscription?, lifecycle: Lifecycle?
    ) -> Plan {
        var plan = Plan(legs: [], lifecycle: lifecycle)
        for (index, leg) in request.signal.legs.enumerated() {
            let own = leg.side(for: subscription)
            plan.legs.append(
                .skip(
                    SkippedLeg(
                        job: JobID(request: request.id, leg: index), action: leg.action,
                        side: leg.action.isEntry ? own : plan.lifecycle?.direction.opposite ?? own,
                        outcome: leg.action.isEntry ? .superseded : .noPosition,
                        detail: "it had no order when request \(later), which came after it, had one")))
            switch leg.action {
            case .open where request.signal.join == nil || plan.lifecycle == nil:
                plan.lifecycle = Lifecycle(id: request.signal.id, k: .zero, status: .uncopied, direction: own)
            case .close: plan.lifecycle = nil
            case .open, .increase, .reduce: break
            }
        }
        return plan
    }
}
