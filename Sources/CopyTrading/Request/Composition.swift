/// Requests of one subscription and coin that waited too long and are planned as one: the last of them, with the leader's move of
/// all. It stands only where the position's life afterwards is as if each request had been planned by itself.
public struct Composition: Sendable, Equatable {
    /// Most requests of one: they are committed together.
    public static let limit = 64

    /// Two or more, in stream order.
    public let requests: [ExecutionRequest]
    /// The last of them, with the signal of all.
    public let request: ExecutionRequest

    /// - Returns: `nil` when the requests make no one move, when that has more legs than the last request has answers, or when the leader
    ///   was flat on the way between two positions on one side: they are two lives, and no leg leads from one to the other.
    public init?(of requests: [ExecutionRequest]) {
        guard (2...Self.limit).contains(requests.count), var whole = requests.last,
            requests.allSatisfy({ [whole] in
                $0.subscription == whole.subscription && $0.subscriber == whole.subscriber && $0.account == whole.account
            }),
            let signal = Signal.composed(of: requests.map(\.signal)), signal.legs.count <= whole.signal.legs.count
        else { return nil }
        let wasFlat = requests.dropLast().contains(where: \.signal.reachesZero) || whole.signal.isFlip
        if wasFlat, signal.start.sign * signal.end.sign > 0 { return nil }
        whole.signal = signal
        self.requests = requests
        request = whole
    }

    /// The longest that begins with the first of the queued requests.
    /// - Parameters:
    ///   - queued: of one subscription and coin, in stream order.
    ///   - lifecycle: what is stored before the first.
    ///   - now: milliseconds since 1970.
    public static func longest(
        of queued: [ExecutionRequest], lifecycle: Lifecycle?, subscription: Subscription?, now: Int64
    ) -> Composition? {
        for count in stride(from: min(queued.count, limit), to: 1, by: -1) {
            if let composition = Composition(of: Array(queued.prefix(count))),
                composition.leavesTheSame(lifecycle: lifecycle, subscription: subscription, now: now)
            {
                return composition
            }
        }
        return nil
    }

    private func leavesTheSame(lifecycle: Lifecycle?, subscription: Subscription?, now: Int64) -> Bool {
        let signal = request.signal
        // Opened and closed on the way: the CLOSE would also have ended what is left of an earlier life.
        if signal.start.isZero, signal.end.isZero, lifecycle != nil { return false }
        guard let subscription else { return true }
        // An INCREASE on the way would have joined.
        let isIncrease = signal.legs.first?.action.isEntry ?? false
        if subscription.joinsOnIncrease, lifecycle?.status != .copied, !isIncrease, !signal.end.isZero { return false }
        // A later fill makes no entry fresh.
        return oldestEntry.map { now - $0 <= subscription.limits.entryExpiryMilliseconds } ?? true
    }

    /// Time of the oldest of the leader's entries that the entry is made of, exchange milliseconds; `nil` when it has no entry.
    var oldestEntry: Int64? {
        guard request.signal.legs.contains(where: \.action.isEntry) else { return nil }
        let flat = requests.lastIndex(where: \.signal.reachesZero)
        let begin = flat.map { requests[$0].signal.isFlip ? $0 : $0 + 1 } ?? 0
        return requests[begin...].filter { $0.signal.legs.contains(where: \.action.isEntry) }.map(\.signal.lastFillTime).min()
    }
}

extension Planner {
    /// Decides a composition: the plan of its last request. Legs of that which the composed signal does not have end as coalesced.
    public static func decide(
        _ composition: Composition, subscription: Subscription?, account: AccountSettings = AccountSettings(), facts: PlanningFacts,
        lifecycle: Lifecycle?, now: Int64
    ) -> Plan {
        let request = composition.request
        var plan = decide(
            request: request, subscription: subscription, account: account, facts: facts, lifecycle: lifecycle, now: now)
        if let oldest = composition.oldestEntry, let subscription {
            let latest = oldest + subscription.limits.entryExpiryMilliseconds
            plan.legs = plan.legs.map { leg in
                guard case .job(var job) = leg else { return leg }
                job.expiresAt = job.expiresAt.map { min($0, latest) }
                return .job(job)
            }
        }
        if let last = composition.requests.last {
            let count = composition.requests.count
            plan.legs += coalesced(last, from: plan.legs.count, subscription, "composed with the \(count - 1) before it")
        }
        return plan
    }

    /// The plan of a request that went into another one: nothing of its own, and the life as it was.
    public static func coalesced(
        _ request: ExecutionRequest, into whole: RequestID, subscription: Subscription?, lifecycle: Lifecycle?
    ) -> Plan {
        Plan(legs: coalesced(request, from: 0, subscription, "composed into request \(whole)"), lifecycle: lifecycle)
    }

    private static func coalesced(
        _ request: ExecutionRequest, from first: Int, _ subscription: Subscription?, _ detail: String
    ) -> [PlannedLeg] {
        request.signal.legs.enumerated().dropFirst(first).map { index, leg in
            .skip(
                SkippedLeg(
                    job: JobID(request: request.id, leg: index), action: leg.action, side: leg.side(for: subscription), outcome: .coalesced,
                    detail: detail))
        }
    }
}

extension Leg {
    /// Of the subscriber's order, when no position says otherwise.
    func side(for subscription: Subscription?) -> Side { subscription?.inverse == true ? side.opposite : side }
}
