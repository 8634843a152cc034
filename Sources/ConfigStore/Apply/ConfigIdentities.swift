import CopyTrading
import Postgres

/// What each id stands for, those included that were taken out: what is held, and the share it is of the leader's position, is kept by id, so
/// that one that came to stand for another leader or account would have its exits sent to, and its sizes taken from, the wrong one.
struct ConfigIdentities: Sendable {
    private var addresses: [InfluencerID: String] = [:]
    private var accounts: [SubscriberID: String] = [:]
    private var pairs: [SubscriptionID: (subscriber: SubscriberID, influencer: InfluencerID)] = [:]

    private static let statement = """
        SELECT DISTINCT ON (kind, id) kind, id, coalesce(entry ->> 'address', entry ->> 'account', entry ->> 'subscriber', '') AS first,
            coalesce(entry ->> 'influencer', '') AS second
        FROM config_history WHERE entry IS NOT NULL AND kind IN ('influencer', 'subscriber', 'subscription') ORDER BY kind, id, version DESC
        """

    init(on connection: isolated PostgresConnection) throws {
        for row in try connection.query(Self.statement) {
            let (id, first) = (try row.text("id"), try row.text("first"))
            switch try row.text("kind") {
            case Influencer.kind: addresses[InfluencerID(id)] = first
            case Subscriber.kind: accounts[SubscriberID(id)] = first
            default: pairs[SubscriptionID(id)] = (SubscriberID(first), InfluencerID(try row.text("second")))
            }
        }
    }

    /// Faults of ids in the file that are to stand for somebody else.
    func check(_ file: ConfigFile, _ faults: FaultList) {
        let advice = "an id stands for one for good: give it a new one, and let what the old one holds wind down before it goes"
        for influencer in file.influencers {
            guard let known = addresses[influencer.id], known != influencer.address, let place = file.influencerPlaces[influencer.id] else { continue }
            faults.add(place, value: influencer.address, "is not the address of influencer \(influencer.id), which is \(known): \(advice)")
        }
        for subscriber in file.subscribers {
            guard let known = accounts[subscriber.id], known != subscriber.account.text else { continue }
            faults.add(
                subscriber.place.member("account", line: subscriber.place.line), value: subscriber.account.text,
                "is not the account of subscriber \(subscriber.id), which is \(known): \(advice)")
        }
        for subscription in file.subscriptions {
            guard let known = pairs[subscription.id], let place = file.subscriptionPlaces[subscription.id],
                known != (subscription.subscriber, subscription.influencer)
            else { continue }
            faults.add(
                place, value: subscription.id.text,
                "is the subscription of \(known.subscriber) to \(known.influencer), not of \(subscription.subscriber) to "
                    + "\(subscription.influencer): \(advice)")
        }
    }
}
