import Foundation
import Settings
import Testing

@testable import vibe

@Suite("What operators see")
struct OperatorTests {
    @Test("a full bucket has its whole burst; an empty one says when the next token is free")
    func buckets() throws {
        let limit = try RateLimit(parsing: "2/1s:5")
        let full = BucketState(limit: limit, arrival: 0, now: 1_000_000)
        #expect(full.available == 5)
        #expect(full.nextFreeIn == 0)
        let empty = BucketState(limit: limit, arrival: 3_500_000, now: 1_000_000)
        #expect(empty.available == 0)
        #expect(empty.nextFreeIn == 500_000)
        let half = BucketState(limit: limit, arrival: 2_200_000, now: 1_000_000)
        #expect(half.available == 2)
        #expect(half.nextFreeIn == 0)
        let penalised = BucketState(limit: limit, arrival: 10_000_000, now: 1_000_000)
        #expect(penalised.available == 0)
        #expect(penalised.nextFreeIn == 7_000_000)
    }

    @Test("a table fits its width by shortening names, never figures")
    func table() {
        var table = Table([.text("NAME", mayShrink: true), .figure("COUNT")])
        table.add(["a-rather-long-name-of-a-subscriber-indeed-which-goes-on-for-ever-and-ever-and-does-not-stop-there-at-all-no", "1,234,567"])
        let terminal = Terminal(descriptor: -1)
        let lines = table.rendered(for: terminal).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= terminal.width })
        #expect(lines[1].hasSuffix("1,234,567"))
        #expect(lines[1].contains("…"))
        #expect(!lines[0].contains("\u{1B}"))
    }

    @Test(
        "times read as people say them",
        arguments: [
            (0, "0"), (850, "0.8 ms"), (24_000, "24 ms"), (3_260_000, "3.2 s"), (320_000_000, "5 m 20 s"), (7_500_000_000, "2 h 5 m"),
            (-2_000, "-2.0 ms"),
        ] as [(Int64, String)])
    func times(microseconds: Int64, text: String) { #expect(Format.time(microseconds: microseconds) == text) }

    @Test("counts and rates have separators, and small rates a decimal")
    func counts() {
        #expect(Format.count(1_234_567) == "1,234,567")
        #expect(Format.count(-999) == "-999")
        #expect(Format.rate(5, over: .seconds(2)) == "2.5")
        #expect(Format.rate(20_000, over: .seconds(2)) == "10,000")
    }

    @Test("an environment file reads back what was written, whatever is in it")
    func environmentFile() async throws {
        try await withScratch { path in
            let variables = ["VIBE_A": "plain", "VIBE_B": "it's $HOME `x` \"y\" = z", "VIBE_C": ""]
            try FileManager.default.writeFile(path + "/env", EnvironmentFile.text(variables), mode: 0o600)
            #expect(EnvironmentFile.read(path + "/env") == variables)
            #expect(EnvironmentFile.read(path + "/none") == nil)
            let shell = try ChildProcess.start(
                name: "sh", executable: "/bin/sh", arguments: ["-c", "set -a; . \(path)/env; printf '%s' \"$VIBE_B\""],
                environment: ["HOME": "/"], log: path + "/log")
            #expect(await shell.ended() == .code(0))
            #expect(String(decoding: FileManager.default.contents(atPath: path + "/log") ?? Data(), as: UTF8.self) == variables["VIBE_B"])
        }
    }

    @Test("the file for operators names no secret")
    func noSecrets() async throws {
        try await withRun { run in
            var environment = FleetEnvironment(
                operatorSettings: ["VIBE_SIGNING_KEY": "secret", "VIBE_BATCH": "7", "HOME": "/"],
                decided: ["VIBE_RUN_DIRECTORY": run.path])
            try environment.provideSealingKey(in: run)
            try environment.write(to: run)
            let read = try #require(EnvironmentFile.read(run.environmentFile))
            #expect(read["VIBE_SIGNING_KEY"] == nil)
            #expect(read["VIBE_BATCH"] == "7")
            #expect(read["HOME"] == nil)
            let key = try #require(read["VIBE_SEALING_KEY_FILE"])
            let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try Settings(environment: read).keys.requireSealingKey().reveal().count == 64)
        }
    }

    @Test("what to scale is ROLE=COUNT and nothing else")
    func scale() {
        #expect(ScaleRequest.parse("work=3")?.role == .work)
        #expect(ScaleRequest.parse("work=3")?.count == 3)
        for text in ["work", "work=", "work=-1", "work=65", "sim=1", "work=1=2", ""] { #expect(ScaleRequest.parse(text) == nil) }
    }

    @Test("a request to scale is taken once, what was not done is a failure, and one that nobody takes is taken back")
    func scaleRequests() async throws {
        try await withRun { run in
            let environment = FleetEnvironment(operatorSettings: [:], decided: [:])
            let fleet = try Fleet(run: run, environment: environment, grace: .seconds(5), executable: "/nonexistent/vibe")
            let answered = Task { try await ScaleRequest.send([(.match, 0)], to: run) }
            var served: String?
            while served == nil {
                served = try await ScaleRequest.serve(fleet, in: run)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try await answered.value == "match 0 → 0")
            #expect(try await ScaleRequest.serve(fleet, in: run) == nil)

            let failed = Task { try await ScaleRequest.send([(.match, 0), (.work, 1)], to: run) }
            while try await ScaleRequest.serve(fleet, in: run) == nil { try await Task.sleep(for: .milliseconds(10)) }
            let failure = await #expect(throws: Failure.self) { try await failed.value }
            #expect(failure?.problem.hasPrefix("not done: match 0 → 0, work: ") == true)

            let alone = await #expect(throws: Failure.self) { try await ScaleRequest.send([(.work, 0)], to: run, within: .milliseconds(50)) }
            #expect(alone?.problem.contains("nothing was changed") == true)
            #expect(try await ScaleRequest.serve(fleet, in: run) == nil)
        }
    }

    @Test("a run that clears its directory takes none that a fleet or a person has filled, and its own again")
    func privateRuns() async throws {
        try await withScratch { path in
            let theirs = RunDirectory(path + "/theirs")
            try theirs.create()
            try FileManager.default.writeFile(theirs.path("log/work-1.log"), "theirs", mode: 0o600)
            let refused = await #expect(throws: Failure.self) {
                try await PrivateRun.perform(in: theirs.path, keep: false, isClean: { true }) { _, _ in }
            }
            #expect(refused?.kind == .usage && refused?.problem.contains(theirs.path) == true)
            #expect(FileManager.default.fileExists(atPath: theirs.path("log/work-1.log")))
            let own = path + "/own"
            for keep in [true, true, false] {
                try await PrivateRun.perform(in: own, keep: keep, isClean: { true }) { run, _ in
                    #expect(!FileManager.default.fileExists(atPath: run.path("log/work-1.log")))
                    try FileManager.default.writeFile(run.path("log/work-1.log"), "own", mode: 0o600)
                }
            }
            #expect(!FileManager.default.fileExists(atPath: own))
        }
    }

    @Test("the counts in the last line are those of the findings, and all are counted while the first twenty are named")
    func findings() {
        var findings = Findings()
        for number in 1...30 { findings.add(.missing, "pair \(number)") }
        var more = Findings()
        more.add(.missing, "pair 31", count: 5)
        more.add(.auditGaps, "nothing", count: 0)
        findings.merge(more)
        #expect(findings.count(.missing) == 35)
        #expect(findings.texts[.missing]?.count == 20)
        #expect(findings.count(.auditGaps) == 0)
        #expect(findings.texts[.auditGaps] == nil)
    }
}
