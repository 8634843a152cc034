import ConfigStore
import CopyTrading
import JSON

/// How much of the leaders' trading each subscription could copy, and with which size it would copy most of it.
struct SimulationReport: Sendable {
    struct Subscription: Sendable {
        let id: SubscriptionID
        let influencer: InfluencerID
        var legs = 0
        /// Legs of positions that began within the recording, and how many of them were copied; their worth likewise.
        var copyable = 0
        var copied = 0
        var copyableNotional = Notional.zero
        var copiedNotional = Notional.zero
        var outcomes: [Outcome: Int] = [:]
        /// What the size is by its settings, and the least that copies ``goalPercent`` of the actions.
        var size: String?
        var sizeForGoal: String?

        var actionShare: String { Self.percent(Int128(copied), of: Int128(copyable)) }
        var notionalShare: String { Self.percent(Int128(copiedNotional.e8), of: Int128(copyableNotional.e8)) }
        var reachesGoal: Bool { copyable > 0 && copied * 100 >= SimulationReport.goalPercent * copyable }

        /// With one decimal, rounded down; 0 of nothing is 0.
        private static func percent(_ part: Int128, of whole: Int128) -> String {
            guard whole > 0 else { return "0.0" }
            let tenths = part * 1_000 / whole
            return "\(tenths / 10).\(tenths % 10)"
        }
    }

    static let goalPercent = 80

    let subscriptions: [Subscription]
    let lines: [CopySimulation.Line]
    let unexplained: Int
    let notFlat: [String]
    /// Influencers of the configuration without a recording.
    let missing: [InfluencerID]

    /// - Parameter searches: whether to look for the size that reaches the goal, which runs the simulation many times.
    static func make(_ input: SimulationInput, searches: Bool = true) -> SimulationReport {
        let signals = RecordedSignals(input.leaders)
        var simulation = CopySimulation(input)
        simulation.run(signals)
        let recorded = Set(input.leaders.map(\.influencer))
        let explained = Set(simulation.lines.map { "\($0.signal)/\($0.subscription)/\($0.leg)" }).count
        let byID = Dictionary(grouping: simulation.lines, by: \.subscription)
        let subscriptions = input.config.subscriptions.values.filter { recorded.contains($0.influencer) }.sorted { $0.id < $1.id }.map {
            var summary = summary($0.id, $0.influencer, byID[$0.id] ?? [])
            summary.size = $0.sizing.sizeText
            if searches { summary.sizeForGoal = SizeSearch(input: input, signals: signals, subscription: $0).least }
            return summary
        }
        return SimulationReport(
            subscriptions: subscriptions, lines: simulation.lines, unexplained: simulation.expectedPairs - explained,
            notFlat: simulation.notFlat, missing: input.config.influencers.keys.filter { !recorded.contains($0) }.sorted())
    }

    static func summary(_ id: SubscriptionID, _ influencer: InfluencerID, _ lines: [CopySimulation.Line]) -> Subscription {
        var summary = Subscription(id: id, influencer: influencer)
        summary.legs = lines.count
        for line in lines {
            summary.outcomes[line.outcome, default: 0] += 1
            guard line.isCopyable else { continue }
            summary.copyable += 1
            summary.copyableNotional += line.leaderNotional
            guard line.outcome.isExecuted || line.outcome == .accumulated else { continue }
            summary.copied += 1
            summary.copiedNotional += line.leaderNotional
        }
        return summary
    }

    var json: JSON {
        [
            "summary": [
                "pairs": .integer(lines.count), "unexplained": .integer(unexplained), "notFlat": .array(notFlat.map(JSON.string)),
                "withoutRecording": .array(missing.map { .string($0.text) }), "goalPercent": .integer(Self.goalPercent),
                "subscriptions": .array(subscriptions.map(\.json)),
            ]
        ]
    }
}

extension SimulationReport.Subscription {
    var json: JSON {
        [
            "id": .string(id.text), "influencer": .string(influencer.text), "legs": .integer(legs), "copyable": .integer(copyable),
            "copied": .integer(copied), "actionSharePercent": .string(actionShare), "notionalSharePercent": .string(notionalShare),
            "size": .string(orNull: size), "sizeForGoal": .string(orNull: sizeForGoal),
            "outcomes": .object(
                outcomes.sorted { $0.key.rawValue < $1.key.rawValue }.map { JSON.Member($0.key.rawValue, .integer($0.value)) }),
        ]
    }
}

/// The least size, of one subscription alone and all other settings as they are, that copies enough of the leader's actions.
struct SizeSearch {
    /// Looked at from 1/1024 to 1024 times the size as set, then to about 3 % exactly.
    static let powers = -10...10
    static let halvings = 5

    let input: SimulationInput
    let signals: RecordedSignals
    let subscription: Subscription

    /// Such as `allocation 1250`; `nil` when no size does.
    var least: String? {
        guard let power = Self.powers.first(where: { reaches(Self.scale($0)) }) else { return nil }
        var enough = Self.scale(power)
        var tooLittle = Self.scale(power - 1)
        for _ in 0..<Self.halvings where power > Self.powers.lowerBound {
            let middle = Ratio(e18: (enough.e18 + tooLittle.e18) / 2)
            if reaches(middle) { enough = middle } else { tooLittle = middle }
        }
        return (try? subscription.sizing.scaled(by: enough))?.sizeText
    }

    private static func scale(_ power: Int) -> Ratio {
        power >= 0 ? Ratio(e18: Ratio.one.e18 << power) : Ratio(e18: Ratio.one.e18 >> -power)
    }

    private func reaches(_ scale: Ratio) -> Bool {
        guard let sizing = try? subscription.sizing.scaled(by: scale) else { return false }
        var scaled = subscription
        scaled.sizing = sizing
        let config = ConfigSnapshot(
            version: input.config.version, influencers: Array(input.config.influencers.values),
            subscribers: Array(input.config.subscribers.values), subscriptions: [scaled],
            scopes: input.config.scopes.map { ScopeState(scope: $0.key, state: $0.value) })
        var simulation = CopySimulation(SimulationInput(leaders: input.leaders, config: config, markets: input.markets))
        simulation.run(signals, only: scaled.id)
        return SimulationReport.summary(scaled.id, scaled.influencer, simulation.lines).reachesGoal
    }
}

extension SizingMode {
    fileprivate func scaled(by scale: Ratio) throws(MoneyError) -> SizingMode {
        switch self {
        case .fixedNotional(let notional, let perOrder): .fixedNotional(try scale * notional, perOrder: perOrder)
        case .fixedMargin(let margin): .fixedMargin(try scale * margin)
        case .fixedSize(let size): .fixedSize(try scale * size)
        case .ratio(let ratio): .ratio(try scale * ratio)
        case .equityProportional(let allocation, let multiplier): .equityProportional(allocation: try scale * allocation, multiplier: multiplier)
        case .marginProportional(let allocation, let multiplier): .marginProportional(allocation: try scale * allocation, multiplier: multiplier)
        case .tiered(let brackets):
            .tiered(try brackets.map { bracket throws(MoneyError) in
                SizingBracket(upTo: bracket.upTo, multiplier: try scale * bracket.multiplier)
            })
        case .volatilityScaled(let base, let target, let weight):
            .volatilityScaled(try base.scaled(by: scale), target: target, maximumWeight: weight)
        }
    }

    /// The setting that makes it large or small.
    fileprivate var sizeText: String {
        switch self {
        case .fixedNotional(let notional, _): "notional \(notional)"
        case .fixedMargin(let margin): "margin \(margin)"
        case .fixedSize(let size): "size \(size)"
        case .ratio(let ratio): "ratio \(ratio)"
        case .equityProportional(let allocation, _), .marginProportional(let allocation, _): "allocation \(allocation)"
        case .tiered(let brackets): "multipliers \(brackets.map(\.multiplier.description).joined(separator: ", "))"
        case .volatilityScaled(let base, _, _): base.sizeText
        }
    }
}
