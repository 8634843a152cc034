import CopyTrading
import Postgres

/// Writes a change to the tables, inside the transaction that found it.
struct ConfigWriter {
    let change: ConfigChange
    /// By subscriber: seals to store. A subscriber that is written without one keeps the stored seal.
    let keys: [String: [UInt8]]

    /// The order keeps references whole: new targets before what refers to them, old targets after.
    func write(_ file: ConfigFile, _ subscribers: [Subscriber], on connection: isolated PostgresConnection) throws {
        try remove(Subscription.self, change.subscriptions, on: connection)
        try upsert(file.influencers, change.influencers, on: connection)
        try upsertSubscribers(subscribers, on: connection)
        try upsert(file.subscriptions, change.subscriptions, on: connection)
        try remove(ScopeState.self, change.scopes, on: connection)
        try upsert(file.scopes, change.scopes, on: connection)
        try remove(Subscriber.self, change.subscribers, on: connection)
        try remove(Influencer.self, change.influencers, on: connection)
        guard !change.isEmpty else { return }
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

    /// A subscriber has a seal from the start, and keeps it when no other is given.
    private func upsertSubscribers(_ subscribers: [Subscriber], on connection: isolated PostgresConnection) throws {
        let written = change.subscribers.written
        let subscribers = subscribers.filter { written.contains($0.key) || keys[$0.key] != nil }
        guard !subscribers.isEmpty else { return }
        var seals = PostgresArray(of: .bytes)
        for subscriber in subscribers { seals.append(keys[subscriber.key]) }
        try connection.execute(
            """
            INSERT INTO subscribers (id, account, vault_address, agent_address, settings, agent_key_sealed)
            SELECT id, account, vault_address, agent_address, settings::jsonb,
                coalesce(sealed, (SELECT agent_key_sealed FROM subscribers AS stored WHERE stored.id = given.id))
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
                AS given (id, account, vault_address, agent_address, settings, sealed)
            ON CONFLICT (id) DO UPDATE SET account = excluded.account, vault_address = excluded.vault_address,
                agent_address = excluded.agent_address, settings = excluded.settings, agent_key_sealed = excluded.agent_key_sealed
            """,
            [
                .texts(subscribers.map(\.key)), .texts(subscribers.map(\.account.text)), .texts(orNull: subscribers.map(\.vaultAddress)),
                .texts(subscribers.map(\.agentAddress)), .texts(subscribers.map(\.settingsText)), .array(seals),
            ])
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
