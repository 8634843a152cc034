import Foundation
import Logging
import Postgres
import TestServers

@testable import RawFrames

/// A database with the fleet's tables, and a folder, of one test's own.
final class Site: Sendable {
    let url: String
    let connection: PostgresConnection
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("vibe-frames-\(UUID().uuidString)").path

    init(_ server: PrivatePostgres? = nil) async throws {
        let server = if let server { server } else { try await PrivatePostgres.shared() }
        url = try await server.makeDatabase(migrated: true)
        connection = PostgresConnection(url: url, name: "test", logger: Logger(label: "test"))
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func recorder(_ source: String = "ingest-1@1", _ configuration: FrameRecorder.Configuration = .init()) -> FrameRecorder {
        FrameRecorder(connection: PostgresConnection(url: url, name: "recorder", logger: Logger(label: "test")), source: source, configuration: configuration, logger: quiet)
    }

    private var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    func archive() -> FrameArchive {
        FrameArchive(connection: PostgresConnection(url: url, name: "archive", logger: Logger(label: "test")), directory: directory)
    }

    /// Stores what `body` hands to a recorder.
    func record(_ source: String = "ingest-1@1", _ configuration: FrameRecorder.Configuration = .init(), _ body: (FrameRecorder) -> Void) async {
        let recorder = recorder(source, configuration)
        body(recorder)
        recorder.stop()
        await recorder.run()
    }

    func count(_ table: String) async throws -> Int64 { try await connection.query("SELECT count(*) AS n FROM \(table)")[0].integer("n") }
}

/// Midnight of 2026-11-21, microseconds.
let day21: Int64 = 1_795_219_200_000_000

func frame(_ text: String, at received: Int64 = day21, channel: String = "userFills", coin: String? = nil) -> RawFrame {
    RawFrame(receivedAt: received, origin: "socket-0", channel: channel, users: ["0xaa"], coin: coin, bytes: Array(text.utf8))
}
