import CopyTrading
import JSON
import Postgres

/// Reads configurations from the tables. Each is one statement, so that it sees one state of the database.
enum ConfigTables {
    /// The configuration as it is now. Of subscribers all but the sealed key: who may not read that column may still run this.
    static let current = """
        SELECT 'version' AS kind, '' AS id, coalesce(max(version), 0)::text AS entry FROM config_versions
        UNION ALL SELECT 'influencer', id, to_jsonb(influencers)::text FROM influencers
        UNION ALL SELECT 'subscriber', id, to_jsonb(open)::text
            FROM (SELECT id, account, vault_address, agent_address, agent_revoked, settings FROM subscribers) AS open
        UNION ALL SELECT 'subscription', id, to_jsonb(subscriptions)::text FROM subscriptions
        UNION ALL SELECT 'scope', id, to_jsonb(scopes)::text FROM scopes
        """

    /// The configuration as it became with version `$1`, and the newest version.
    static let past = """
        SELECT 'version' AS kind, '' AS id, version::text AS entry FROM config_versions WHERE version = $1::bigint
        UNION ALL SELECT 'newest', '', coalesce(max(version), 0)::text FROM config_versions
        UNION ALL (
            SELECT kind, id, entry::text FROM (
                SELECT DISTINCT ON (kind, id) kind, id, entry FROM config_history WHERE version <= $1::bigint
                ORDER BY kind, id, version DESC
            ) AS latest WHERE entry IS NOT NULL)
        """

    /// The rows of either statement as a snapshot; `nil` when there is no such version.
    static func snapshot(_ rows: [PostgresRow]) throws(ConfigStoreError) -> ConfigSnapshot? {
        var version: Int64?
        var entries: [String: [(id: String, row: JSON)]] = [:]
        for row in rows {
            let (kind, id, text): (String, String, String)
            do { (kind, id, text) = (try row.text("kind"), try row.text("id"), try row.text("entry")) } catch { throw .postgres(error) }
            switch kind {
            case "version": version = Int64(text)
            case "newest": break
            default:
                do { entries[kind, default: []].append((id, try JSON.parse(text))) } catch {
                    throw .unreadable(kind: kind, id: id, problem: error.description)
                }
            }
        }
        guard let version else { return nil }
        let influencers = try decode(entries, Influencer.init(row:))
        let subscribers = try decode(entries, Subscriber.init(row:))
        let accounts = Dictionary(subscribers.map { ($0.id, $0.account) }, uniquingKeysWith: { first, _ in first })
        let subscriptions = try decode(entries) { row throws(JSONError) in try Subscription(row: row, account: { accounts[$0] }) }
        return ConfigSnapshot(version: version, influencers: influencers, subscribers: subscribers, subscriptions: subscriptions,
            scopes: try decode(entries, ScopeState.init(row:)))
    }

    private static func decode<Entry: ConfigEntry>(
        _ entries: [String: [(id: String, row: JSON)]], _ decode: (JSON) throws(JSONError) -> Entry
    ) throws(ConfigStoreError) -> [Entry] {
        var decoded: [Entry] = []
        for (id, row) in entries[Entry.kind] ?? [] {
            do { decoded.append(try decode(row)) } catch { throw .unreadable(kind: Entry.kind, id: id, problem: error.description) }
        }
        return decoded
    }
}
