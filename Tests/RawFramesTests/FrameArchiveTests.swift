import Foundation
import Testing

@testable import RawFrames

@Suite struct FrameArchiveTests {
    private static let day: Int64 = 86_400_000_000
    private let first = ArchiveDay("2026-11-21")!
    private let second = ArchiveDay("2026-11-22")!
    private let third = ArchiveDay("2026-11-23")!

    private func filled(_ site: Site) async {
        for source in ["a@1", "b@1"] {
            await site.record(source) { recorder in
                for index in 0..<3_000 { recorder.keep(frame(#"{"n":\#(index),"s":"\#(source)"}"#, at: day21 + Int64(index))) }
                recorder.keep(RawFrame(receivedAt: day21, origin: "rest", channel: "x", users: ["u", "v"], coin: nil, bytes: [0xFF, 0xFE]))
                recorder.keep(frame("next", at: day21 + Self.day))
            }
        }
    }

    private func path(_ site: Site, _ day: ArchiveDay) -> String { site.directory + "/raw_frames-\(day).jsonl.zst" }

    @Test("days before the bound leave for files that sha256sum and zstd read; younger ones stay")
    func moved() async throws {
        let site = try await Site()
        await filled(site)
        #expect(try await site.archive().due(before: second) == [first])
        var moved: [FrameArchive.Moved] = []
        try await site.archive().archive(before: second) { moved.append($0) }
        #expect(moved == [.init(day: first, path: path(site, first), rows: 6_002, wasThere: false)])
        #expect(try await site.count("raw_frames") == 2)
        #expect(try site.archive().verify(first) == 6_002)
        #expect(try run("cd '\(site.directory)' && sha256sum -c --quiet *.sha256 && zstd -dc *.zst | wc -l") == "6002")
        #expect(try FileManager.default.contentsOfDirectory(atPath: site.directory).count == 2)
        let list = try await site.archive().list()
        #expect(list.map(\.day) == [first, second])
        #expect(list[0].hotRows == nil && list[0].fileBytes != nil && list[1].fileBytes == nil && list[1].hotRows != nil)
    }

    @Test("a directory that is not there has no days to be right; before the first archive it is none's fault")
    func missingDirectory() async throws {
        #expect { try ArchiveFile.days(in: "/no/such/archive") } throws: { "\($0)" == "/no/such/archive: No such file or directory" }
        let site = try await Site()
        #expect(try await FrameArchive(connection: site.connection, directory: "/no/such/archive").list().allSatisfy { $0.fileBytes == nil })
    }

    @Test("a restored day is what it was, and may be archived again")
    func restored() async throws {
        let site = try await Site()
        await filled(site)
        func content() async throws -> String {
            try await site.connection.query("SELECT md5(string_agg(raw_frames::text, '|' ORDER BY source, number)) AS m FROM raw_frames WHERE day = '2026-11-21'")[0].text("m")
        }
        let before = try await content()
        try await site.archive().archive(before: second)
        #expect(try await site.archive().restore(first) == 6_002)
        #expect(try await content() == before)
        #expect(try await site.archive().restore(first) == 0)
        var moved: [FrameArchive.Moved] = []
        try await site.archive().archive(before: second) { moved.append($0) }
        #expect(moved.map(\.wasThere) == [true])
        #expect(try await site.count("raw_frames") == 2)
    }

    @Test("an interruption at any point is made up for by the next run", arguments: ["partial", "checksum", "file"])
    func interrupted(_ point: String) async throws {
        let site = try await Site()
        await filled(site)
        try FileManager.default.createDirectory(atPath: site.directory, withIntermediateDirectories: true)
        if point == "partial" {
            try "half".write(toFile: path(site, first) + ".partial", atomically: true, encoding: .utf8)
        } else {
            // a whole run, then the rows are back as they were before the drop
            try await site.archive().archive(before: second)
            _ = try await site.archive().restore(first)
            if point == "checksum" { try FileManager.default.removeItem(atPath: path(site, first)) }
        }
        try await site.archive().archive(before: second)
        #expect(try await site.count("raw_frames") == 2)
        #expect(try site.archive().verify(first) == 6_002)
    }

    @Test("a day is not dropped for a file that holds something else, nor when rows came late")
    func differing() async throws {
        let site = try await Site()
        await filled(site)
        try await site.archive().archive(before: second)
        await site.record("late@1") { $0.keep(frame("late")) }
        await #expect(throws: ArchiveError.self) { try await site.archive().archive(before: second) }
        #expect(try await site.count("raw_frames") == 3)
        // brought together again, the day is what neither was, and needs a person
        #expect(try site.archive().verify(first) == 6_002)
    }

    @Test("damage is noticed before anything is restored: a changed byte, a cut end, a checksum of another file")
    func damaged() async throws {
        let site = try await Site()
        await filled(site)
        try await site.archive().archive(before: third)
        let file = URL(fileURLWithPath: path(site, first))
        let whole = try Data(contentsOf: file)
        var changed = whole
        changed[whole.count / 2] ^= 1
        for damaged in [changed, whole.dropLast(1), whole.dropLast(whole.count / 2), Data("no zstd".utf8)] {
            try damaged.write(to: file)
            #expect(throws: ArchiveError.self) { try site.archive().verify(first) }
            await #expect(throws: ArchiveError.self) { try await site.archive().restore(first) }
        }
        try whole.write(to: file)
        #expect(try site.archive().verify(first) == 6_002)
        try FileManager.default.removeItem(atPath: file.path)
        try FileManager.default.copyItem(atPath: path(site, second), toPath: file.path)
        #expect(throws: ArchiveError.self) { try site.archive().verify(first) }
        #expect(try await site.count("raw_frames") == 0)
        #expect(throws: ArchiveError.noSuchFile(path: path(site, third) + ".sha256")) { try site.archive().verify(third) }
    }

    @Test("one archive run at a time")
    func busy() async throws {
        let site = try await Site()
        _ = try await site.connection.query("SELECT pg_advisory_lock(\(0x7669_6265_0003))")
        await #expect(throws: ArchiveError.busy) { try await site.archive().archive(before: second) }
    }

    @Test("days read back as they are written, and no others are accepted")
    func days() {
        for (text, number) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-21", 20_778), ("2100-03-01", 47_541)] {
            #expect(ArchiveDay(text)?.number == Int32(number))
            #expect(ArchiveDay(number: Int32(number)).description == text)
        }
        for text in ["2026-02-29", "2026-13-01", "2026-1-01", "2026-11-31", "", "2026-11-21x", "20261121"] { #expect(ArchiveDay(text) == nil, "\(text)") }
    }

    private func run(_ command: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) : "failed"
    }
}
