import CopyTrading
import Postgres

/// Writes a change to the tables, inside the transaction that found it.
struct ConfigWriter {
    let change: ConfigChange

    /// The order keeps references whole: new targets before what refers to them, old targets after.
    func write(_ file: ConfigFile, _ subscribers: [Subscriber], on connection: isolated PostgresConnection) throws {
        try remove(Subscription.self, change.subscriptions, on: connection)
        try upsert(file.influencers, change.influencers, on: connection)
        try upsert(subscribers, change.subscribers, on: connection)
        try upsert(file.subscriptions, change.subscriptions, on: connection)
        try remove(ScopeState.self, change.scopes, on: connection)
        try upsert(file.scopes, change.scopes, on: connection)
        try remove(Subscriber.self, change.subscribers, on: connection)
        try remove(Influencer.self, change.influencers, on: connection)
        try record(on: connection)
    }

    /// Makes the version of what the tables say now, and tells the processes.
    func record(on connection: isolated PostgresConnection) throws {
        try connection.execute(
            "INSERT INTO config_versions (version, summary) VALUES ($1::bigint, $2)", [.integer(change.version), .text(change.summary)])
        try keep(Influencer.self, change.influencers, on: connection)
        try keep(Subscriber.self, change.subscribers, on: connection)
        try keep(Subscription.self, change.subscriptions, on: connection)
        try keep(ScopeState.self, change.scopes, on: connection)
        try connection.execute("SELECT pg_notify($1, $2)", [.text(ConfigStore.channel), .text(String(change.version))])
    }

    private func remove<Entry: ConfigEntry>(
        _: Entry.Type, _ difference: ConfigChange.Difference, on connection: isolated PostgresConnection
    ) throws {
        guard !difference.removed.isEmpty else { return }
        try connection.execute("DELETE FROM \(Entry.table) WHERE id = ANY ($1::text[])", [.texts(difference.removed)])
    }

    private func upsert<Entry: ConfigEntry>(
        _ entries: [Entry], _ difference: ConfigChange.Difference, on connection: isolated PostgresConnection
    ) throws {
        let entries = entries.filter { difference.written.contains($0.key) }
        guard !entries.isEmpty else { return }
        let columns = Entry.columns
        let numbers = columns.indices.map { $0 + 2 }
        func list(_ parts: [String]) -> String { parts.joined(separator: ", ") }
        try connection.execute(
            """
            INSERT INTO \(Entry.table) (id, \(list(columns.map(\.name))))
            SELECT id, \(list(zip(columns, numbers).map(Self.cast)))
            FROM unnest($1::text[], \(list(numbers.map { "$\($0)::text[]" }))) AS given (id, \(list(numbers.map { "v\($0)" })))
            ON CONFLICT (id) DO UPDATE SET \(list(columns.map { "\($0.name) = excluded.\($0.name)" }))
            """,
            [.texts(entries.map(\.key))] + columns.indices.map { column in .texts(orNull: entries.map { $0.values[column] }) })
    }

    private static func cast(_ column: (name: String, type: String), _ number: Int) -> String {
        "v\(number)::\(column.type)"
    }

    private func keep<Entry: ConfigEntry>(
        _: Entry.Type, _ difference: ConfigChange.Difference, on connection: isolated PostgresConnection
    ) throws {
        try connection.execute(
            """
            INSERT INTO config_history (version, kind, id, entry)
            SELECT $1::bigint, '\(Entry.kind)', id, to_jsonb(stored) - 'agent_key_sealed'
            FROM \(Entry.table) AS stored WHERE id = ANY ($2::text[])
            UNION ALL SELECT $1::bigint, '\(Entry.kind)', id, NULL FROM unnest($3::text[]) AS id
            """,
            [.integer(change.version), .texts(Array(difference.written)), .texts(difference.removed)])
    }
}
