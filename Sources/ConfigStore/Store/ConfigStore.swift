import CopyTrading
import Cryptography
import Logging
import Postgres
import Synchronization

/// The configuration for processes that work by it: a snapshot in memory, renewed when a new version is applied.
///
/// ``run()`` listens for the notice that each apply sends, and looks by itself every so often in case a notice was lost. While
/// Postgres is away the last snapshot stays in use.
public actor ConfigStore {
    /// Sent by each apply, with the new version as its payload.
    static let channel = "vibe_config"
    /// Earlier versions kept, for work that began under them.
    static let keptSnapshots = 8

    /// Longer than any of its statements takes: a database that does not answer is given up for that call.
    static let answerTimeout = Duration.seconds(10)

    let connection: PostgresConnection
    private let listener: PostgresConnection
    private let pollEvery: Duration
    private let logger: Logger
    private let snapshot = Mutex(ConfigSnapshot.empty)
    private var earlier: [ConfigSnapshot] = []

    /// - Parameter pollEvery: the longest that a lost notice delays a change.
    public init(url: String, pollEvery: Duration = .seconds(5), logger: Logger) {
        connection = PostgresConnection(url: url, name: "config", answerTimeout: Self.answerTimeout, logger: logger)
        listener = PostgresConnection(url: url, name: "config-listen", logger: logger)
        self.pollEvery = pollEvery
        self.logger = logger
    }

    /// The newest configuration loaded; ``ConfigSnapshot/empty`` before the first ``load()``.
    public nonisolated func current() -> ConfigSnapshot { snapshot.withLock { $0 } }

    /// Reads the configuration, if there is a newer one than is loaded.
    public func load() async throws(ConfigStoreError) {
        do {
            let newest = try await connection.query("SELECT coalesce(max(version), 0) AS version FROM config_versions")
            guard try newest[0].integer("version") > current().version else { return }
            let rows = try await connection.query(ConfigTables.current)
            guard let loaded = try ConfigTables.snapshot(rows) else { return }
            publish(loaded)
        } catch let error as PostgresError {
            throw .postgres(error)
        } catch let error as ConfigStoreError {
            throw error
        } catch { preconditionFailure("nothing else is thrown above: \(error)") }
    }

    /// Keeps the configuration up to date until cancelled.
    public func run() async {
        await withTaskCancellationHandler {
            while !Task.isCancelled { await follow() }
        } onCancel: {
            listener.interruptWait()
        }
    }

    private func follow() async {
        do {
            // Whatever ended the wait, a look at the newest version is cheap and right.
            _ = try await listener.waitForNotification(on: Self.channel, timeout: pollEvery)
            try await load()
        } catch {
            logger.warning("configuration not refreshed", metadata: ["version": "\(current().version)", "error": "\(error)"])
        }
    }

    /// The configuration of `version` or a newer one, looking in the database when the loaded one is older.
    /// - Throws: `.unknownVersion` when there is none: versions are visible to all once they are applied.
    public func waitFor(version: Int64) async throws(ConfigStoreError) -> ConfigSnapshot {
        if current().version < version { try await load() }
        let snapshot = current()
        guard snapshot.version >= version else { throw .unknownVersion(version, newest: snapshot.version) }
        return snapshot
    }

    /// The configuration exactly as it was in `version`.
    public func snapshot(version: Int64) async throws(ConfigStoreError) -> ConfigSnapshot {
        if let known = kept(version: version) { return known }
        let rows: [PostgresRow]
        do { rows = try await connection.query(ConfigTables.past, [.integer(version)]) } catch { throw .postgres(error) }
        guard let found = try ConfigTables.snapshot(rows) else {
            try await load()
            throw .unknownVersion(version, newest: self.current().version)
        }
        remember(found)
        return found
    }

    /// The same, when it is in memory.
    public func kept(version: Int64) -> ConfigSnapshot? { ([current()] + earlier).first { $0.version == version } }

    /// Every version and since when it is in force (milliseconds since 1970), oldest first.
    public func versions() async throws(ConfigStoreError) -> [(version: Int64, since: Int64)] {
        do {
            let rows = try await connection.query(
                "SELECT version, floor(extract(epoch FROM applied_at) * 1000)::bigint AS since FROM config_versions ORDER BY version")
            return try rows.map { row throws(PostgresError) in (try row.integer("version"), try row.integer("since")) }
        } catch { throw .postgres(error) }
    }

    /// Since when each leader has been configured to be followed, milliseconds since 1970. Of one that was taken out between, since the first time.
    public func followedSince() async throws(ConfigStoreError) -> [InfluencerID: Int64] {
        do {
            let rows = try await connection.query(
                """
                SELECT id, floor(extract(epoch FROM min(applied_at)) * 1000)::bigint AS since FROM config_history JOIN config_versions USING (version)
                WHERE kind = 'influencer' AND (entry ->> 'active')::boolean GROUP BY id
                """)
            return Dictionary(
                try rows.map { row throws(PostgresError) in (InfluencerID(try row.text("id")), try row.integer("since")) },
                uniquingKeysWith: { first, _ in first })
        } catch { throw .postgres(error) }
    }

    private func publish(_ loaded: ConfigSnapshot) {
        let before = current()
        guard loaded.version > before.version else { return }
        if before.version > 0 { remember(before) }
        snapshot.withLock { $0 = loaded }
        logger.info(
            "configuration loaded",
            metadata: [
                "version": "\(loaded.version)", "influencers": "\(loaded.influencers.count)", "subscribers": "\(loaded.subscribers.count)",
                "subscriptions": "\(loaded.subscriptions.count)",
            ])
    }

    private func remember(_ snapshot: ConfigSnapshot) {
        earlier.insert(snapshot, at: 0)
        if earlier.count > Self.keptSnapshots { earlier.removeLast() }
    }
}
