import Postgres

/// The statements that write records.
struct RawFrameStore: Sendable {
    let source: String

    /// All of a batch in one transaction; what is stored already is left as it is.
    func write(_ batch: [RecordBuffer.Numbered], on connection: PostgresConnection) async throws {
        try await connection.transaction { connection in
            var frames = FrameColumns()
            for record in batch {
                switch record.record {
                case .frame(let frame): frames.append(frame, source: source, number: record.number)
                case .gap(let gap): try write(gap, record.number, on: connection)
                case .leaderGap(let gap): try write(gap, record.number, on: connection)
                }
            }
            try frames.insert(on: connection)
        }
    }

    private func write(_ gap: RawFrameGap, _ number: Int64, on connection: isolated PostgresConnection) throws {
        try connection.execute(
            """
            INSERT INTO raw_frame_gaps (source, number, from_us, to_us, count, reason)
            VALUES ($1, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6) ON CONFLICT DO NOTHING
            """,
            [.text(source), .integer(number), .integer(gap.from), .integer(gap.to), .integer(gap.count), .text(gap.reason)])
    }

    private func write(_ gap: LeaderGap, _ number: Int64, on connection: isolated PostgresConnection) throws {
        try connection.execute(
            """
            INSERT INTO leader_gaps (source, number, influencer, coin, from_ms, to_ms, expected, found, reason, handled)
            VALUES ($1, $2::bigint, $3, $4, $5::bigint, $6::bigint, $7::numeric, $8::numeric, $9, $10) ON CONFLICT DO NOTHING
            """,
            [
                .text(source), .integer(number), .text(gap.influencer.text), .text(orNull: gap.coin?.text), .integer(gap.from),
                .integer(gap.to), .text(orNull: gap.expected?.description), .text(orNull: gap.found?.description),
                .text(gap.reason.rawValue), .text(gap.handling.rawValue),
            ])
    }
}

/// Frames as the columns of one insert.
struct FrameColumns {
    private var sources = PostgresArray(of: .text)
    private var numbers = PostgresArray(of: .integer)
    private var received = PostgresArray(of: .integer)
    private var days = PostgresArray(of: .date)
    private var origins = PostgresArray(of: .text)
    private var channels = PostgresArray(of: .text)
    /// Joined by commas, which no address has.
    private var users = PostgresArray(of: .text)
    private var coins = PostgresArray(of: .text)
    private var frames = PostgresArray(of: .bytes)
    private var distinctDays: Set<Int32> = []

    var count: Int { numbers.count }

    mutating func append(_ frame: RawFrame, source: String, number: Int64) {
        let day = Int32(clamping: frame.receivedAt / 86_400_000_000)
        sources.append(source)
        numbers.append(number)
        received.append(frame.receivedAt)
        days.append(day: day)
        origins.append(Self.storable(frame.origin))
        channels.append(Self.storable(frame.channel))
        users.append(Self.storable(frame.users.joined(separator: ",")))
        coins.append(frame.coin.map(Self.storable))
        frames.append(frame.bytes)
        distinctDays.insert(day)
    }

    /// Postgres stores no zero byte in a text, and a name from a frame must not hold up everything behind it.
    private static func storable(_ text: String) -> String { text.utf8.contains(0) ? text.filter { $0 != "\0" } : text }

    /// - Returns: rows that were not there before.
    @discardableResult
    func insert(on connection: isolated PostgresConnection) throws(PostgresError) -> Int {
        guard count > 0 else { return 0 }
        for day in distinctDays.sorted() {
            _ = try connection.query("SELECT raw_frames_create_partition(date '1970-01-01' + $1::integer)", [.integer(Int64(day))])
        }
        return try connection.execute(
            """
            INSERT INTO raw_frames (day, source, number, received_us, origin, channel, users, coin, frame)
            SELECT day, source, number, received_us, origin, channel, string_to_array(users, ','), coin, frame
            FROM unnest($1::date[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[])
                AS given (day, source, number, received_us, origin, channel, users, coin, frame)
            ON CONFLICT DO NOTHING
            """,
            [
                .array(days), .array(sources), .array(numbers), .array(received), .array(origins), .array(channels), .array(users),
                .array(coins), .array(frames),
            ])
    }
}
