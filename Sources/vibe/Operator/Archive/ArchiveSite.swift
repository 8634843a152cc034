import Foundation
import RawFrames

/// The archive that the settings name.
struct ArchiveSite {
    let archive: FrameArchive
    let directory: String
    /// The oldest day that stays in Postgres: a day is due when all of it is older than the limit.
    let firstKept: ArchiveDay

    init() throws {
        let context = try OperatorContext.load()
        let settings = context.settings.ingest
        directory = settings.archiveDirectory
        // exporting a page takes milliseconds, dropping a day waits for its writers
        archive = FrameArchive(connection: context.postgres("archive", answerTimeout: OperatorContext.scanTimeout), directory: directory)
        firstKept = ArchiveDay(number: Int32((Int64(Date().timeIntervalSince1970) - settings.archiveAfter.components.seconds) / 86_400))
    }

    static func day(_ text: String) throws(Failure) -> ArchiveDay {
        guard let day = ArchiveDay(text) else { throw Failure(.usage, "\"\(text)\" is not a day such as 2026-08-21") }
        return day
    }
}

/// Turns what can go wrong with an archive into what an operator can act on.
enum ArchiveFailure {
    static func explained<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as ArchiveError { throw of(error) }
    }

    private static func of(_ error: ArchiveError) -> Failure {
        switch error {
        case .file: Failure(.unavailable, "\(error)", nextStep: "VIBE_ARCHIVE_DIRECTORY names the folder; nothing was lost")
        case .damaged: Failure(.data, "\(error)", nextStep: "restore the file from a backup; `vibe archive verify` checks it")
        case .differs: Failure(.checkFailed, "\(error)", nextStep: "the day stays in Postgres; move the file away to have it written anew")
        case .noSuchFile: Failure(.usage, "\(error)", nextStep: "`vibe archive list` shows the days there are")
        case .busy: Failure(.unavailable, "\(error)")
        }
    }
}
