import AuditTrail
import ConfigStore
import CopyTrading
import JSON

/// Checks that each signal went to exactly the subscriptions that followed its influencer under the configuration it was matched by, and
/// one by which a subscription joins to that one alone.
struct FanoutVerification {
    private let store: ConfigStore
    /// Versions and when they came into force (milliseconds since 1970), oldest first.
    private let versions: [(version: Int64, since: Int64)]
    /// Ended by an operator: who got no request of one is explained.
    private let dropped: Set<String>
    private var snapshots: [Int64: ConfigSnapshot] = [:]
    private var findings = Findings()

    static func run(_ reader: AuditReader, _ context: OperatorContext) async throws -> Findings {
        let store = ConfigStore(url: context.settings.postgres.revealedURL(), logger: context.logger)
        try await store.load()
        var verification = FanoutVerification(
            store: store, versions: try await store.versions(), dropped: try await reader.droppedSignals())
        try await reader.forEachFanout { page in for fanout in page { try await verification.check(fanout) } }
        return verification.findings
    }

    private init(store: ConfigStore, versions: [(version: Int64, since: Int64)], dropped: Set<String>) {
        self.store = store
        self.versions = versions
        self.dropped = dropped
    }

    private mutating func check(_ fanout: AuditFanout) async throws {
        guard let id = fanout.signal.signal, let influencer = fanout.signal["influencer"] else { return }
        let used = Set(fanout.copies.compactMap(\.configVersion))
        guard used.count <= 1 else {
            findings.add(.duplicates, "signal \(id): matched under several configurations: \(used.sorted())")
            return
        }
        var expected: Set<String>
        if let version = used.first {
            expected = try await followers(of: influencer, version)
        } else {
            expected = try await followersAllAlong(of: influencer, since: fanout.signal.entryID.milliseconds)
        }
        if Self.isWhollyShed(fanout.signal) { expected = [] }
        if let joining = Self.joining(fanout.signal) { expected.formIntersection([joining]) }
        let found = Set(fanout.copies.compactMap(\.subscription))
        let legs = Self.legs(fanout.signal)
        for name in expected.subtracting(found).sorted() where !dropped.contains(id) {
            findings.add(.missing, "signal \(id): subscription \(name) follows \(influencer) and got no request", count: legs)
        }
        for name in found.subtracting(expected).sorted() {
            findings.add(.duplicates, "signal \(id): subscription \(name) got a request but did not follow \(influencer)", count: legs)
        }
        for (name, requests) in fanout.requests.sorted(by: { $0.key < $1.key }) {
            findings.add(.duplicates, "signal \(id): subscription \(name) got \(requests.count) requests", count: legs * (requests.count - 1))
        }
    }

    private mutating func followers(of influencer: String, _ version: Int64) async throws -> Set<String> {
        if snapshots[version] == nil { snapshots[version] = try await store.snapshot(version: version) }
        return Set((snapshots[version]?.subscriptions(of: InfluencerID(influencer)) ?? []).map(\.id.text))
    }

    /// A signal without a request names no configuration. It lacks requests for certain only of those that followed its influencer
    /// under every version from the one in force when it was published.
    private mutating func followersAllAlong(of influencer: String, since: Int64) async throws -> Set<String> {
        let first = versions.last { $0.since <= since }?.version ?? versions.first?.version ?? 0
        var common: Set<String>?
        for (version, _) in versions where version >= first {
            let followers = try await followers(of: influencer, version)
            common = common?.intersection(followers) ?? followers
        }
        return common ?? []
    }

    private static func json(_ signal: AuditRow) -> JSON? { signal.data.flatMap { try? JSON.parse($0) } }

    /// The subscription that joins by this signal.
    private static func joining(_ signal: AuditRow) -> String? {
        json(signal).flatMap { try? $0.maybe("join") { json throws(JSONError) in try json.string("subscription") } }
    }

    /// Its record is the outcome for all who follow.
    private static func isWhollyShed(_ signal: AuditRow) -> Bool {
        json(signal).flatMap { try? Signal(json: $0) }?.isWhollyShed ?? false
    }

    private static func legs(_ signal: AuditRow) -> Int {
        guard let json = json(signal), case .array(let legs)? = json["legs"] else { return 1 }
        return max(1, legs.count)
    }
}
