import ArgumentParser
import JSON
import RawFrames

struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Move old days of the exchange's raw frames from Postgres to compressed files.",
        discussion: """
            A day that is older than VIBE_ARCHIVE_AFTER becomes raw_frames-YYYY-MM-DD.jsonl.zst in VIBE_ARCHIVE_DIRECTORY, with its SHA-256
            beside it. It leaves Postgres when the file has been read back and found right. An interrupted run is made up for by the next.

            Examples:
              vibe archive --dry-run
              vibe archive
              vibe archive list
              vibe archive verify
              vibe archive restore 2026-08-21
            """,
        subcommands: [ArchiveRunCommand.self, ArchiveListCommand.self, ArchiveVerifyCommand.self, ArchiveRestoreCommand.self],
        defaultSubcommand: ArchiveRunCommand.self)
}

struct ArchiveRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Move what is due.")

    @Flag(help: "Say what would be moved, and move nothing.") var dryRun = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let site = try ArchiveSite()
        try await ArchiveFailure.explained {
            if dryRun {
                let due = try await site.archive.due(before: site.firstKept)
                output.show(["due": .array(due.map { .string("\($0)") })]) {
                    due.isEmpty ? "nothing is due" : due.map { "would move \($0)" }.joined(separator: "\n")
                }
                return
            }
            var moved: [FrameArchive.Moved] = []
            try await site.archive.archive(before: site.firstKept) { day in
                moved.append(day)
                if !output.json { Terminal.say("\(day.day)  \(Format.count(day.rows)) frames  \(day.path)\(day.wasThere ? "  (was there)" : "")") }
            }
            if output.json {
                let days = moved.map { day -> JSON in
                    ["day": .string("\(day.day)"), "path": .string(day.path), "frames": .integer(day.rows), "wasThere": .bool(day.wasThere)]
                }
                output.show(["moved": .array(days)]) { "" }
            } else if moved.isEmpty {
                Terminal.say("nothing is due")
            }
        }
    }
}

struct ArchiveListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The days there are, in Postgres and in files.")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let site = try ArchiveSite()
        try await ArchiveFailure.explained {
            let entries = try await site.archive.list()
            let json: [JSON] = entries.map { entry in
                [
                    "day": .string("\(entry.day)"), "postgres": .bool(entry.hotRows != nil), "file": .bool(entry.fileBytes != nil),
                    "bytes": entry.fileBytes.map { .integer($0) } ?? .null,
                ]
            }
            output.show(["directory": .string(site.directory), "days": .array(json)]) {
                var table = Table([.text("DAY"), .text("POSTGRES"), .text("FILE"), .figure("BYTES")])
                for entry in entries {
                    table.add([
                        Table.Cell("\(entry.day)", .bold), Table.Cell(entry.hotRows == nil ? "–" : "yes"),
                        Table.Cell(entry.fileBytes == nil ? "–" : "yes"), Table.Cell(entry.fileBytes.map { Format.count($0) } ?? "–"),
                    ])
                }
                return entries.isEmpty ? "no days in Postgres, none in \(site.directory)" : table.rendered()
            }
        }
    }
}

struct ArchiveVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read files from end to end and check them; ends with 1 when one is damaged.")

    @Argument(help: "Days such as 2026-08-21; all files when none is given.") var days: [String] = []
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let site = try ArchiveSite()
        let chosen = try await days.isEmpty ? ArchiveFailure.explained { try ArchiveFile.days(in: site.directory) } : days.map(ArchiveSite.day)
        var results: [(day: ArchiveDay, frames: Int?, fault: String?)] = []
        for day in chosen {
            do { results.append((day, try site.archive.verify(day), nil)) } catch { results.append((day, nil, "\(error)")) }
        }
        let json: [JSON] = results.map { result in
            [
                "day": .string("\(result.day)"), "frames": result.frames.map { .integer($0) } ?? .null, "fault": .string(orNull: result.fault),
            ]
        }
        output.show(["days": .array(json)]) {
            results.isEmpty
                ? "no files in \(site.directory)"
                : results.map { "\($0.day)  " + ($0.fault ?? "\(Format.count($0.frames ?? 0)) frames, right") }.joined(separator: "\n")
        }
        let faults = results.count { $0.fault != nil }
        if faults > 0 { throw Failure(.checkFailed, "\(faults) of \(results.count) files cannot be relied on") }
    }
}

struct ArchiveRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Bring a day back into Postgres; its file stays.",
        discussion: "The checksum is verified first. `vibe archive` moves the day out again.")

    @Argument(help: "The day, such as 2026-08-21.") var day: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let site = try ArchiveSite()
        let day = try ArchiveSite.day(day)
        try await ArchiveFailure.explained {
            let frames = try await site.archive.restore(day)
            output.show(["day": .string("\(day)"), "restored": .integer(frames)]) {
                frames == 0 ? "\(day) is in Postgres already" : "\(day)  \(Format.count(frames)) frames restored"
            }
        }
    }
}
