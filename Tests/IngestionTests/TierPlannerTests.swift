import ConfigStore
import Testing

@testable import Ingestion

/// who gets one of the few places for own fills.
@Suite struct TierPlannerTests {
    private let hour: Int64 = 3_600_000_000

    private func leader(
        _ address: String, _ setting: TierSetting = .automatic, heat: Int64 = 0, subscriptions: Int = 1, tier: TierPlanner.Tier? = .market,
        since: Int64 = 0
    ) -> TierPlanner.Leader {
        .init(address: address, setting: setting, subscriptions: subscriptions, heat: heat * LeaderHeat.unit, tier: tier, since: since)
    }

    @Test("new leaders get places by heat times followers, those configured for tier 1 first, those for tier 2 never")
    func ranking() {
        var planner = TierPlanner()
        let leaders = [
            leader("cold", tier: nil), leader("hot", heat: 50, tier: nil), leader("popular", heat: 10, subscriptions: 30, tier: nil),
            leader("pinned", .ownFills, tier: nil), leader("public", .publicTrades, heat: 900, subscriptions: 900, tier: nil),
        ]
        #expect(planner.plan(leaders, capacity: 3, now: hour).own == ["pinned", "popular", "hot"])
        #expect(planner.plan(leaders, capacity: 9, now: hour).own == ["pinned", "popular", "hot", "cold"])
        #expect(planner.plan(leaders, capacity: 0, now: hour).own.isEmpty)
    }

    @Test("leaders configured for tier 1 beyond the places are told, in a stable order")
    func overLimit() {
        var planner = TierPlanner()
        let leaders = ["c", "a", "b"].map { leader($0, .ownFills, tier: nil) } + [leader("d", heat: 99, tier: nil)]
        let plan = planner.plan(leaders, capacity: 2, now: hour)
        #expect(plan.own == ["a", "b"] && plan.overLimit == ["c"])
    }

    @Test("who has a place keeps it unless another is clearly hotter, and not before its time")
    func hysteresis() {
        var planner = TierPlanner()
        func own(_ challenger: Int64, since: Int64 = 0) -> [String] {
            planner.plan([leader("holder", heat: 99, tier: .own, since: since), leader("other", heat: challenger)], capacity: 1, now: hour).own
        }
        #expect(own(140) == ["holder"])
        #expect(own(149) == [])
        #expect(own(5_000, since: hour - 299_999_999) == ["holder"])
        #expect(own(5_000, since: hour - 300_000_000) == [])
        // the holder is on its way out and no longer listed; its place goes to the challenger
        #expect(planner.plan([leader("other", heat: 150)], capacity: 1, now: hour).own == ["other"])
    }

    @Test("two equally hot leaders never change places, whatever the order they are listed in")
    func noFlapping() {
        var planner = TierPlanner()
        let holder = leader("b", heat: 40, tier: .own)
        for listed in [[holder, leader("a", heat: 40)], [leader("a", heat: 40), holder]] {
            #expect(planner.plan(listed, capacity: 1, now: hour).own == ["b"])
        }
    }

    @Test("moves a minute are bounded; placing a new leader is none; a failed move is not tried again at once")
    func bounded() {
        var planner = TierPlanner()
        let many = (0..<20).map { leader("m\($0)", heat: Int64($0)) }
        #expect(planner.plan(many, capacity: 20, now: hour).own.count == 6)
        for _ in 0..<6 { planner.moved(at: hour) }
        #expect(planner.plan(many, capacity: 20, now: hour + 59_000_000).own.isEmpty)
        #expect(planner.plan(many.map { leader($0.address, tier: nil) }, capacity: 20, now: hour).own.count == 20)
        #expect(planner.plan(many, capacity: 20, now: hour + 60_000_000).own.count == 6)
        #expect(planner.plan([leader("failed", since: hour - 1)], capacity: 1, now: hour).own.isEmpty)
    }

    @Test("places that shrink are taken from the coldest")
    func shrinking() {
        var planner = TierPlanner()
        let holders = (1...4).map { leader("h\($0)", heat: Int64($0), tier: .own) }
        #expect(planner.plan(holders, capacity: 2, now: hour).own == ["h4", "h3"])
    }

    @Test("heat halves every ten minutes and adds up")
    func heat() {
        var heat = LeaderHeat()
        heat.add(fills: 8, at: hour)
        #expect(heat.value(at: hour) == 8 * LeaderHeat.unit)
        #expect(heat.value(at: hour + LeaderHeat.halfLife) == 4 * LeaderHeat.unit)
        heat.add(fills: 1, at: hour + LeaderHeat.halfLife * 3 / 2)
        #expect(heat.value(at: hour + LeaderHeat.halfLife * 3 / 2) == 5 * LeaderHeat.unit)
        #expect(heat.value(at: hour + LeaderHeat.halfLife * 2) == 5 * LeaderHeat.unit / 2)
        #expect(heat.value(at: hour + LeaderHeat.halfLife * 200) == 0)
    }
}
