/// Which kinds of frames have not arrived for too long although they are subscribed. A connection can live, and answer pings, while
/// one of its channels is dead.
struct SilenceWatch {
    private struct Ear {
        var last: ContinuousClock.Instant
        /// How often its limit had passed when it was told last.
        var told = 0
    }

    private var ears: [FeedSubscription.Kind: Ear] = [:]

    /// A subscription of this kind began; silence counts from the first.
    mutating func began(_ kind: FeedSubscription.Kind, at now: ContinuousClock.Instant) {
        if ears[kind] == nil { ears[kind] = Ear(last: now) }
    }

    mutating func heard(_ kind: FeedSubscription.Kind, at now: ContinuousClock.Instant) {
        if ears[kind] != nil { ears[kind] = Ear(last: now) }
    }

    /// When one of this kind last arrived, or its subscription began; `nil` when none is subscribed.
    func last(_ kind: FeedSubscription.Kind) -> ContinuousClock.Instant? { ears[kind]?.last }

    /// None of this kind is subscribed any more.
    mutating func forget(_ kind: FeedSubscription.Kind) { ears[kind] = nil }

    /// What became overdue, or is for another of its limits: a channel can die while the others of its kind have nothing to tell either,
    /// and is found out when they have.
    mutating func overdue(at now: ContinuousClock.Instant, limits: [FeedSubscription.Kind: Duration]) -> [FeedEvent] {
        var events: [FeedEvent] = []
        for (kind, limit) in limits {
            guard let ear = ears[kind] else { continue }
            let passed = Int((now - ear.last) / limit)
            guard passed > ear.told else { continue }
            ears[kind] = Ear(last: ear.last, told: passed)
            events.append(.silent(kind, for: limit * passed))
        }
        return events
    }
}

extension FeedSubscription.Kind {
    /// The kind whose messages arrive on this channel.
    init?(channel: String) {
        switch channel {
        case "user": self = .userEvents
        case "activeSpotAssetCtx": self = .activeAssetCtx
        default: self.init(rawValue: channel)
        }
    }
}
