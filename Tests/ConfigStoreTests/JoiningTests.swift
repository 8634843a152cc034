import ConfigStore
import CopyTrading
import Testing

/// Who begins to copy a leader that is in a position, from one configuration to the next.
struct JoiningTests {
    private func snapshot(_ subscriptions: (SubscriptionID, InfluencerID, JoinPolicy, CopyState)...) -> ConfigSnapshot {
        ConfigSnapshot(
            version: 1, influencers: [], subscribers: [],
            subscriptions: subscriptions.map { id, influencer, policy, state in
                Subscription(
                    id: id, subscriber: "alice", influencer: influencer, account: "0xa11ce", sizing: .fixedNotional(Notional(100)),
                    state: state, joining: policy)
            })
    }

    @Test("R-26: who is new joins, and whose policy or state begins to allow it; who was there does not, nor who may not")
    func joining() {
        let earlier = snapshot(
            ("there", "leader", .copyAlways, .active), ("changed", "leader", .ignoreUntilFlat, .active),
            ("resumed", "leader", .copyAlways, .paused), ("moved", "other", .copyAlways, .active),
            ("loosened", "leader", .copyIfBetter, .active))
        let now = snapshot(
            ("there", "leader", .copyAlways, .active), ("changed", "leader", .copyIfBetter, .active),
            ("resumed", "leader", .copyAlways, .active), ("moved", "leader", .copyAlways, .active),
            ("loosened", "leader", .copyAlways, .active), ("new", "leader", .copyWithin(basisPoints: 5), .active),
            ("ignoring", "leader", .ignoreUntilFlat, .active), ("paused", "leader", .copyAlways, .paused),
            ("elsewhere", "other", .copyAlways, .active))
        #expect(now.joining("leader", since: earlier) == ["changed", "moved", "new", "resumed"])
        #expect(now.joining("leader", since: now).isEmpty)
        #expect(now.joining("leader", since: .empty) == ["changed", "loosened", "moved", "new", "resumed", "there"])
    }
}
