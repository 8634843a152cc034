import ArgumentParser
import ConfigStore
import CopyTrading
import JSON

struct ConfigShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the configuration in force, or an earlier version.",
        discussion: """
            Without options: the leaders with their followers. With --subscriber or --influencer: those subscriptions with their settings. States
            are those that hold: the strictest of everything's, the influencer's, the subscriber's and the subscription's own; those of coins are
            listed. Keys are never shown, only the addresses of the agents.

            Examples:
              vibe config show
              vibe config show --subscriber sub-007
              vibe config show --influencer leader-3 --version 4 --json
            """)

    @Option(help: "Only this subscriber's subscriptions.") var subscriber: String?
    @Option(help: "Only subscriptions to this influencer.") var influencer: String?
    @Option(help: "An earlier version.") var version: Int64?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let context = try OperatorContext.load()
        let store = ConfigStore(url: context.settings.postgres.revealedURL(), logger: context.logger)
        try await store.load()
        let snapshot = if let version { try await store.snapshot(version: version) } else { store.current() }
        if let subscriber, snapshot.subscribers[SubscriberID(subscriber)] == nil { throw Self.unknown("subscriber", subscriber, snapshot) }
        if let influencer, snapshot.influencers[InfluencerID(influencer)] == nil { throw Self.unknown("influencer", influencer, snapshot) }
        let chosen = snapshot.subscriptions.values.sorted { $0.id < $1.id }.filter {
            (subscriber == nil || $0.subscriber.text == subscriber) && (influencer == nil || $0.influencer.text == influencer)
        }
        output.show(json(snapshot, chosen)) {
            let isOverview = subscriber == nil && influencer == nil
            let title = "version \(snapshot.version): \(snapshot.influencers.count) influencers, \(Format.count(snapshot.subscribers.count)) "
                + "subscribers, \(Format.count(snapshot.subscriptions.count)) subscriptions"
            return ([title] + states(snapshot) + [(isOverview ? leaders(snapshot) : subscriptions(chosen, snapshot)).rendered()]).joined(separator: "\n")
        }
    }

    private static func unknown(_ kind: String, _ id: String, _ snapshot: ConfigSnapshot) -> Failure {
        Failure(.usage, "no \(kind) \(id) is in version \(snapshot.version)", nextStep: "`vibe config show --json` lists who is")
    }

    private static let mostStates = 20

    /// What is not active, above subscriptions' own states.
    private func states(_ snapshot: ConfigSnapshot) -> [String] {
        let scopes = snapshot.scopes.map { scope, state -> (name: String, state: CopyState) in
            switch scope {
            case .everything: (name: "everything", state: state)
            case .coin(let coin): (name: "coin \(coin)", state: state)
            }
        }
        let influencers = snapshot.influencers.values.map { (name: "influencer \($0.id)", state: $0.settings.state) }
        let subscribers = snapshot.subscribers.values.map { (name: "subscriber \($0.id)", state: $0.settings.state) }
        let lines = (scopes + influencers + subscribers).filter { $0.state != .active }.sorted { ($1.state, $0.name) < ($0.state, $1.name) }
            .map { "\($0.name): \($0.state.rawValue)" }
        let more = lines.count - Self.mostStates
        return Array(lines.prefix(Self.mostStates)) + (more > 0 ? ["… \(Format.count(more)) more (--json has all)"] : [])
    }

    private func leaders(_ snapshot: ConfigSnapshot) -> Table {
        var table = Table([.text("INFLUENCER"), .text("ADDRESS", mayShrink: true), .figure("ACTIVE"), .figure("PAUSED"), .figure("WIND DOWN"), .text("TIER"), .text("FOLLOWED")])
        for leader in snapshot.influencers.values.sorted(by: { $0.id < $1.id }) {
            let followers = snapshot.subscriptions(of: leader.id)
            func count(_ states: [CopyState]) -> Table.Cell { Table.Cell(Format.count(followers.count { states.contains(snapshot.state(of: $0).state) })) }
            table.add([
                Table.Cell(leader.id.text, .bold), Table.Cell(leader.address), count([.active]), count([.paused, .exitsOnly]), count([.windDown, .stopped]),
                Table.Cell(leader.tier.rawValue),
                Table.Cell(leader.isActive ? "yes" : "no", leader.isActive ? nil : .yellow),
            ])
        }
        return table
    }

    private func subscriptions(_ list: [Subscription], _ snapshot: ConfigSnapshot) -> Table {
        var table = Table([
            .text("SUBSCRIPTION", mayShrink: true), .text("ACCOUNT", mayShrink: true), .text("STATE"), .text("SIZING"), .text("MAX ORDER"),
            .text("MAX POSITION"), .figure("SLIPPAGE"), .figure("EXPIRY"), .text("COINS", mayShrink: true),
        ])
        for item in list {
            let (state, scope) = snapshot.state(of: item)
            let reason = state == item.state ? "" : " by \(scope)"
            table.add([
                Table.Cell(item.id.text, .bold), Table.Cell(item.account.text),
                Table.Cell(state.rawValue + reason + (item.inverse ? ", inverse" : ""), state == .active ? nil : .yellow),
                Table.Cell(item.sizing.text), Table.Cell(item.limits.maximumOrderNotional.map { "\($0)" } ?? "–"),
                Table.Cell(item.limits.maximumPositionNotional.map { "\($0)" } ?? "–"),
                Table.Cell("\(item.limits.entrySlippageBasisPoints) bps"), Table.Cell(Format.time(milliseconds: item.limits.entryExpiryMilliseconds)),
                Table.Cell(item.limits.coinText),
            ])
        }
        return table
    }

    private func json(_ snapshot: ConfigSnapshot, _ list: [Subscription]) -> JSON {
        let coins = snapshot.scopes.compactMap { scope, state -> JSON.Member? in
            guard case .coin(let coin) = scope else { return nil }
            return JSON.Member(coin.text, .string(state.rawValue))
        }
        return [
            "version": .integer(snapshot.version), "state": .string((snapshot.scopes[.everything] ?? .active).rawValue),
            "coins": .object(coins.sorted { $0.name < $1.name }),
            "influencers": .array(
                snapshot.influencers.values.sorted { $0.id < $1.id }.map {
                    [
                        "id": .string($0.id.text), "address": .string($0.address), "active": .bool($0.isActive), "tier": .string($0.tier.rawValue),
                        "state": .string($0.settings.state.rawValue),
                    ]
                }),
            "subscribers": .array(
                snapshot.subscribers.values.sorted { $0.id < $1.id }.map {
                    [
                        "id": .string($0.id.text), "account": .string($0.account.text), "vaultAddress": .string(orNull: $0.vaultAddress),
                        "agentAddress": .string($0.agentAddress), "agentRevoked": .bool($0.isAgentRevoked),
                        "state": .string($0.settings.state.rawValue),
                    ]
                }),
            "subscriptions": .array(list.map { $0.json(holding: snapshot.state(of: $0).state) }),
        ]
    }
}

extension ConfigSnapshot {
    /// The state that holds for a subscription, in whatever coin, and whose it is.
    fileprivate func state(of subscription: Subscription) -> (state: CopyState, scope: String) {
        states(influencer: subscription.influencer, subscriber: subscription.subscriber, coin: nil).strictest(subscription: subscription.state)
    }
}

extension SizingMode {
    fileprivate var text: String {
        switch self {
        case .fixedNotional(let notional, let perOrder): "\(notional) USDC" + (perOrder ? " each" : "")
        case .fixedMargin(let margin): "\(margin) USDC margin"
        case .fixedSize(let size): "\(size) coins"
        case .ratio(let ratio): "× \(ratio)"
        case .equityProportional(let allocation, let multiplier): "\(allocation) by equity × \(multiplier)"
        case .marginProportional(let allocation, let multiplier): "\(allocation) by margin × \(multiplier)"
        case .tiered(let brackets): "\(brackets.count) brackets"
        case .volatilityScaled(let base, let target, _): "\(base.text), volatility \(target)"
        }
    }
}

extension Subscription.Limits {
    fileprivate var coinText: String {
        let denied = deniedCoins.map(\.text).sorted().joined(separator: " ")
        let allowed = allowedCoins.map { $0.map(\.text).sorted().joined(separator: " ") } ?? "all"
        return denied.isEmpty ? allowed : "\(allowed) but \(denied)"
    }
}

extension Subscription {
    /// - Parameter state: that holds, whoever's it is.
    fileprivate func json(holding state: CopyState) -> JSON {
        let names: [JSON.Member] = [
            JSON.Member("id", .string(id.text)), JSON.Member("subscriber", .string(subscriber.text)),
            JSON.Member("influencer", .string(influencer.text)), JSON.Member("account", .string(account.text)),
            JSON.Member("effectiveState", .string(state.rawValue)),
        ]
        guard case .object(let settings) = settingsDocument else { return .object(names) }
        return .object(names + settings)
    }
}
