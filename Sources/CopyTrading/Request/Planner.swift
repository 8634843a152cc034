/// Decides what a subscription does about a signal. Pure: the same arguments give the same plan and ids on any machine.
///
/// Entries pass the gates of R-81 in the order of ``Gate``. Exits pass none of them: they are planned as a share of what the worker will find held, even when the
/// subscription, the market or the lifecycle is unknown here. Only a position known never to have been copied has no exit.
public enum Planner {
    /// - Parameters:
    ///   - subscription: `nil` when it was removed after the request was made.
    ///   - account: settings of the account as a whole.
    ///   - lifecycle: what was stored for this subscription and coin.
    ///   - now: milliseconds since 1970.
    public static func decide(
        request: ExecutionRequest, subscription: Subscription?, account: AccountSettings = AccountSettings(), facts: PlanningFacts,
        lifecycle: Lifecycle?, now: Int64
    ) -> Plan {
        var plan = Plan(legs: [], lifecycle: lifecycle)
        for (index, leg) in request.signal.legs.enumerated() {
            let id = JobID(request: request.id, leg: index)
            if leg.action.isEntry {
                let entry = EntryPlan(
                    id: id, leg: leg, request: request, subscription: subscription, account: account, facts: facts,
                    lifecycle: plan.lifecycle)
                plan.legs.append(entry.decide(now: now, &plan.lifecycle))
            } else {
                plan.legs.append(
                    exit(
                        leg, id: id, request: request, subscription, sharing: account.sharing,
                        lifecycle: plan.lifecycle))
                if leg.action == .close { plan.lifecycle = nil }
            }
        }
        return plan
    }

    private static func exit(
        _ leg: Leg, id: JobID, request: ExecutionRequest, _ subscription: Subscription?, sharing: AccountSharing, lifecycle: Lifecycle?
    ) -> PlannedLeg {
        let side = lifecycle?.direction.opposite ?? leg.side(for: subscription)
        if let lifecycle, lifecycle.status == .uncopied {
            return .skip(
                SkippedLeg(
                    job: id, action: leg.action, side: side, outcome: .noPosition,
                    detail: "the position opened by signal \(lifecycle.id) was not copied"))
        }
        guard let share = leg.share else {
            return .skip(
                SkippedLeg(
                    job: id, action: leg.action, side: side, outcome: .noPosition,
                    detail: "\(leg.action.rawValue) \(leg.start) → \(leg.end) gives nothing up"))
        }
        let signal = request.signal
        let job = ExecutionJob(
            id: id, request: request.id, signal: signal.id, subscription: request.subscription, subscriber: request.subscriber,
            account: request.account, influencer: signal.influencer, coin: signal.coin, action: leg.action, side: side,
            quantity: .share(share), limit: nil, referencePrice: signal.averagePrice, expiresAt: nil, maximumPositionNotional: nil,
            leaderFillTime: signal.lastFillTime, receivedAt: signal.receivedAt, lifecycle: lifecycle?.id, sharing: sharing,
            closesManual: subscription?.closesManual ?? true, place: request.place)
        return .job(job)
    }
}
