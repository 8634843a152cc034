import Cryptography
import Glibc
import Logging
import Postgres
import Zstandard

/// Moves days of raw frames between Postgres and compressed files.
///
/// What it owes: a day leaves Postgres only after its file was written, synced, read back and found to hold exactly the day's rows.
/// Every step may be interrupted and run again. Memory does not grow with a day.
public struct FrameArchive: Sendable {
    /// A day as it is in Postgres, in a file, or both.
    public struct Entry: Sendable, Equatable {
        public var day: ArchiveDay
        /// Estimated rows, for a day in Postgres.
        public var hotRows: Int64?
        /// Bytes of the file.
        public var fileBytes: Int?
    }

    public struct Moved: Sendable, Equatable {
        public var day: ArchiveDay
        public var path: String
        public var rows: Int
        /// The file was there already, and equal.
        public var wasThere: Bool
    }

    /// Held by the session that archives; the number is arbitrary but fixed.
    private static let lockKey: Int64 = 0x7669_6265_0003
    private static let pageRows = 2_000

    private let connection: PostgresConnection
    private let directory: String

    public init(connection: PostgresConnection, directory: String) {
        self.connection = connection
        self.directory = directory
    }

    /// Every day there is, oldest first.
    public func list() async throws -> [Entry] {
        var entries: [ArchiveDay: Entry] = [:]
        for (day, rows) in try await hotDays() { entries[day] = Entry(day: day, hotRows: rows) }
        // before the first archive there is no directory
        for day in try access(directory, F_OK) == 0 ? ArchiveFile.days(in: directory) : [] {
            entries[day, default: Entry(day: day)].fileBytes = ArchiveFile(directory: directory, day: day).byteCount
        }
        return entries.values.sorted { $0.day < $1.day }
    }

    /// The days that ``archive(before:progress:)`` would move.
    public func due(before first: ArchiveDay) async throws -> [ArchiveDay] { try await hotDays().map(\.day).filter { $0 < first } }

    /// Moves every day before `first` to its file, the oldest first.
    /// - Parameter progress: told of each day when it is moved.
    public func archive(before first: ArchiveDay, progress: (Moved) -> Void = { _ in }) async throws {
        try OutputFile.makeDirectory(directory)
        guard try await connection.query("SELECT pg_try_advisory_lock($1::bigint) AS locked", [.integer(Self.lockKey)])[0].bool("locked") else {
            throw ArchiveError.busy
        }
        do {
            for day in try await due(before: first) { progress(try await move(day)) }
        } catch {
            await connection.close()  // which gives the lock back
            throw error
        }
        await connection.close()
    }

    /// Checks the file of a day against its checksum, from end to end.
    /// - Returns: its rows.
    public func verify(_ day: ArchiveDay) throws(ArchiveError) -> Int {
        let file = ArchiveFile(directory: directory, day: day)
        let recorded = try file.recordedChecksum()
        var number = 0
        let content = try ArchiveFile.read(file.path) { line throws(ArchiveError) in
            number += 1
            do { _ = try FrameLine.read(line) } catch { throw .damaged(path: file.path, problem: "line \(number): \(error)") }
        }
        guard content.checksum == recorded else { throw .damaged(path: file.path, problem: "its SHA-256 is \(content.checksum), not \(recorded)") }
        return content.lines
    }

    /// Brings a day back into Postgres, in one transaction; the file stays. Rows that are there already are left as they are.
    /// - Returns: rows that were brought back.
    public func restore(_ day: ArchiveDay) async throws -> Int {
        _ = try verify(day)
        let path = ArchiveFile(directory: directory, day: day).path
        return try await connection.transaction { connection in
            _ = try connection.query("SELECT raw_frames_create_partition(date '1970-01-01' + $1::integer)", [.integer(Int64(day.number))])
            var columns = FrameColumns()
            var restored = 0
            var failure: PostgresError?
            _ = try ArchiveFile.read(path) { line throws(ArchiveError) in
                guard failure == nil else { return }
                let row: (frame: RawFrame, source: String, number: Int64)
                do { row = try FrameLine.read(line) } catch { throw .damaged(path: path, problem: "\(error)") }
                guard row.frame.receivedAt / 86_400_000_000 == Int64(day.number) else {
                    throw .damaged(path: path, problem: "\(row.source) \(row.number) is of another day")
                }
                columns.append(row.frame, source: row.source, number: row.number)
                guard columns.count >= Self.pageRows else { return }
                do throws(PostgresError) { restored += try columns.insert(on: connection) } catch { failure = error }
                columns = FrameColumns()
            }
            if let failure { throw failure }
            return restored + (try columns.insert(on: connection))
        }
    }

    // MARK: - One day

    private func move(_ day: ArchiveDay) async throws -> Moved {
        let file = ArchiveFile(directory: directory, day: day)
        let written = try await export(day, to: file.partialPath)
        let readBack = try ArchiveFile.read(file.partialPath) { line throws(ArchiveError) in
            do { _ = try FrameLine.read(line) } catch { throw .damaged(path: file.partialPath, problem: "\(error)") }
        }
        guard readBack == written else {
            throw ArchiveError.damaged(path: file.partialPath, problem: "reading it back gives other bytes than were written")
        }
        let wasThere = file.exists
        if wasThere {
            let known = try ArchiveFile.read(file.path) { _ throws(ArchiveError) in }
            guard known.content == written.content else {
                throw ArchiveError.differs(day: "\(day)", path: file.path, problem: "\(written.lines) rows against \(known.lines) lines, or other content")
            }
            try file.record(checksum: known.checksum)
            try OutputFile.remove(file.partialPath)
        } else {
            try file.record(checksum: written.checksum)
            try OutputFile.rename(file.partialPath, file.path)
        }
        try await drop(day, rows: written.lines, path: file.path)
        return Moved(day: day, path: file.path, rows: written.lines, wasThere: wasThere)
    }

    /// Page by page in the order of the key.
    private func export(_ day: ArchiveDay, to path: String) async throws -> ArchiveContent {
        var output = try OutputFile(path)
        var compressor = try ZstandardCompressor()
        var digest = SHA256Stream()
        var contentDigest = SHA256Stream()
        var lines = 0
        var last: (source: String, number: Int64) = ("", .min)
        while true {
            let rows = try await connection.query(
                """
                SELECT source, number, received_us, origin, channel, users, coin, frame FROM raw_frames
                WHERE day = date '1970-01-01' + $1::integer AND (source, number) > ($2, $3::bigint)
                ORDER BY source, number LIMIT \(Self.pageRows)
                """, [.integer(Int64(day.number)), .text(last.source), .integer(last.number)], results: .binary)
            guard let newest = rows.last else { break }
            var page: [UInt8] = []
            for row in rows { try FrameLine.write(row, to: &page) }
            lines += rows.count
            last = (try newest.text("source"), try newest.integer("number"))
            contentDigest.update(page)
            let compressed = try compressor.compress(page)
            digest.update(compressed)
            try output.write(compressed)
        }
        let end = try compressor.finish()
        digest.update(end)
        try output.write(end)
        try output.close()
        return ArchiveContent(lines: lines, checksum: Hexadecimal.text(digest.finish()), content: Hexadecimal.text(contentDigest.finish()))
    }

    /// Drops the partition, unless a row came since it was read.
    private func drop(_ day: ArchiveDay, rows: Int, path: String) async throws {
        let partition = "raw_frames_\(day.compact)"
        try await connection.transaction { connection in
            // the parent first, as writers do, so that neither waits for the other; they wait for the count only
            try connection.execute("LOCK TABLE ONLY raw_frames IN ACCESS EXCLUSIVE MODE")
            let count = try connection.query("SELECT count(*) AS count FROM \(partition)")[0].integer("count")
            guard count == rows else { throw ArchiveError.differs(day: "\(day)", path: path, problem: "\(count) rows, and \(rows) were written") }
            try connection.execute("DROP TABLE \(partition)")
        }
    }

    private func hotDays() async throws -> [(day: ArchiveDay, rows: Int64)] {
        let rows = try await connection.query(
            """
            SELECT child.relname AS name, greatest(child.reltuples, 0)::bigint AS rows
            FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
            WHERE inhparent = 'raw_frames'::regclass ORDER BY child.relname
            """)
        return try rows.compactMap { row in
            let digits = try row.text("name").suffix(8)
            guard let day = ArchiveDay("\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.suffix(2))") else { return nil }
            return (day, try row.integer("rows"))
        }
    }
}
