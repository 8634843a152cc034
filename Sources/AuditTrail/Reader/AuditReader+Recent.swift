import Postgres

/// The part of the trail that a recovery looks at: relations of the session, `recent_entries` and what its rows follow from, `recent_causes`.
extension AuditReader {
    /// Where to begin in one stream.
    public struct Start: Sendable {
        public var stream: String
        /// Read is what comes after this entry, and what is named in `pending`.
        public var after: AuditEntryID
        public var pending: [AuditEntryID]
        /// What comes after this one is `fresh`: nothing that is known already includes it.
        public var known: AuditEntryID

        public init(stream: String, after: AuditEntryID, pending: [AuditEntryID], known: AuditEntryID) {
            self.stream = stream
            self.after = after
            self.pending = pending
            self.known = known
        }
    }

    /// - Parameter starts: of every stream; `nil`: all of the trail, where nothing is known.
    public func prepareForRecovery(from starts: [Start]?) async throws(PostgresError) {
        try await connection.execute(script: "DISCARD TEMP")
        guard let starts else {
            try await prepareForWholeScans()
            return try await connection.execute(
                script: """
                    CREATE TEMP VIEW recent_entries AS SELECT *, true AS fresh FROM audit_entries;
                    CREATE TEMP VIEW recent_causes AS SELECT kind, signal_id, request_id, job_id FROM audit_entries;
                    """)
        }
        try await connection.execute(
            script: """
                CREATE TEMP TABLE recent_entries (LIKE audit_entries, fresh boolean NOT NULL);
                CREATE TEMP TABLE recent_causes (kind text NOT NULL, signal_id text NOT NULL, request_id text, job_id text);
                """)
        try await prepareForRanges()
        try await connection.execute(
            Self.insertRecent,
            [
                .texts(starts.map(\.stream)), .integers(starts.map(\.after.milliseconds)), .integers(starts.map(\.after.sequence)),
                .integers(starts.map(\.known.milliseconds)), .integers(starts.map(\.known.sequence)),
            ])
        let pending = starts.flatMap { start in start.pending.map { (start.stream, $0) } }
        try await connection.execute(
            """
            INSERT INTO recent_entries
            SELECT entry.*, false FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS pending (name, ms, number)
            CROSS JOIN LATERAL (
                SELECT * FROM audit_entries WHERE stream = name AND entry_ms = ms AND entry_seq = number AND \(Self.dayOf("ms", "="))
            ) AS entry
            """, [.texts(pending.map(\.0)), .integers(pending.map(\.1.milliseconds)), .integers(pending.map(\.1.sequence))])
        try await connection.execute(
            """
            INSERT INTO recent_causes
            SELECT kind, signal_id, request_id, job_id FROM audit_entries
            WHERE kind IN ('influencer_signals', 'execution_requests', 'execution_jobs')
                AND signal_id = ANY (ARRAY(SELECT DISTINCT signal_id FROM recent_entries WHERE signal_id IS NOT NULL))
            """)
        try await connection.execute(
            script: "CREATE INDEX ON recent_entries (stream, entry_ms, entry_seq); ANALYZE recent_entries; ANALYZE recent_causes")
        try await prepareForWholeScans()
    }

    static let insertRecent = """
        INSERT INTO recent_entries
        SELECT entry.*, (entry_ms, entry_seq) > (known_ms, known_seq)
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS start (name, after_ms, after_seq, known_ms, known_seq)
        CROSS JOIN LATERAL (
            SELECT * FROM audit_entries
            WHERE stream = name AND (entry_ms, entry_seq) > (after_ms, after_seq) AND \(dayOf("after_ms", ">="))
        ) AS entry
        """

    /// Tells the planner that pieces of streams will be read: each by the index, whatever it thinks of their sizes. It would read all of the
    /// trail and join.
    func prepareForRanges() async throws(PostgresError) {
        try await connection.execute(
            script: "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = on")
    }

    private static func dayOf(_ milliseconds: String, _ comparison: String) -> String {
        "day \(comparison) date '1970-01-01' + (\(milliseconds) / 86400000)::int"
    }

    /// A piece of a stream.
    public struct Range: Sendable {
        public var stream: String
        public var after: AuditEntryID
        public var through: AuditEntryID

        public init(stream: String, after: AuditEntryID, through: AuditEntryID) {
            self.stream = stream
            self.after = after
            self.through = through
        }
    }

    /// A leader's newest signal in a coin; joins are none: they say nothing of the leader.
    public struct LastSignal: Sendable, Equatable {
        public var influencer: String
        public var coin: String
        public var id: AuditEntryID
        /// JSON of the signal.
        public var data: String

        public init(influencer: String, coin: String, id: AuditEntryID, data: String) {
            self.influencer = influencer
            self.coin = coin
            self.id = id
            self.data = data
        }

        /// One of each leader and coin.
        public static func newest(_ signals: [LastSignal]) -> [LastSignal] {
            var newest: [String: LastSignal] = [:]
            for signal in signals {
                let key = "\(signal.influencer)|\(signal.coin)"
                if let known = newest[key], known.id >= signal.id { continue }
                newest[key] = signal
            }
            return newest.values.sorted { ($0.influencer, $0.coin) < ($1.influencer, $1.coin) }
        }
    }

    static let lastSignal = "SELECT DISTINCT ON (influencer, coin) influencer, coin, entry_ms, entry_seq, data::text"
    static let isLastSignal = "data ->> 'cause' <> 'join' AND influencer IS NOT NULL AND coin IS NOT NULL"

    /// The newest of each leader and coin in these pieces.
    public func lastSignals(in ranges: [Range]) async throws(PostgresError) -> [LastSignal] {
        try await prepareForRanges()
        return try await connection.query(
            Self.lastSignalsInRanges,
            [
                .texts(ranges.map(\.stream)), .integers(ranges.map(\.after.milliseconds)), .integers(ranges.map(\.after.sequence)),
                .integers(ranges.map(\.through.milliseconds)), .integers(ranges.map(\.through.sequence)),
            ], results: .binary
        ).map(Self.signal)
    }

    static let lastSignalsInRanges = """
        \(lastSignal)
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS range (name, after_ms, after_seq, through_ms, through_seq)
        CROSS JOIN LATERAL (
            SELECT * FROM audit_entries
            WHERE stream = name AND (entry_ms, entry_seq) > (after_ms, after_seq) AND (entry_ms, entry_seq) <= (through_ms, through_seq)
                AND \(dayOf("after_ms", ">=")) AND \(dayOf("through_ms", "<="))
        ) AS entry
        WHERE \(isLastSignal) ORDER BY influencer, coin, entry_ms DESC, entry_seq DESC
        """

    static func signal(_ row: PostgresRow) throws(PostgresError) -> LastSignal {
        LastSignal(
            influencer: try row.text(0), coin: try row.text(1), id: AuditEntryID(milliseconds: try row.integer(2), sequence: try row.integer(3)),
            data: try row.text(4))
    }
}
