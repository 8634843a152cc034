import Foundation
import Testing

@testable import vibe

@Suite("Processes")
struct ProcessTests {
    private func start(_ path: String, _ command: String, environment: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess.start(
            name: "test", executable: "/bin/sh", arguments: ["-c", command], environment: environment, log: path + "/output")
    }

    @Test("a child gets exactly its environment, writes to its log, and says how it ended")
    func starts() async throws {
        try await withScratch { path in
            let child = try start(path, "echo $GIVEN; env | grep -c HOME; exit 7", environment: ["GIVEN": "value"])
            #expect(await child.ended() == .code(7))
            #expect(child.tail() == "  value\n  0")
            #expect(!child.identity.isAlive)
        }
    }

    @Test("the program's exit code tells what was wrong: output cut off, input that cannot be read, arguments that cannot be meant", arguments: [
        ("settings > /dev/full", Failure.Kind.output), ("ingest --source /no/such.json", .data), ("ingest --speed slow", .usage),
        ("archive verify", .unavailable),
    ] as [(String, Failure.Kind)])
    func codes(command: String, kind: Failure.Kind) async throws {
        try await withScratch { path in
            let child = try start(
                path, "exec '\(try RealFleet.program())' \(command)",
                environment: Command.environment.merging(["VIBE_ARCHIVE_DIRECTORY": path + "/none"]) { $1 })
            #expect(await child.ended() == .code(kind.rawValue))
            if kind == .output { #expect(child.tail().contains("No space left on device")) }
        }
    }

    @Test("what is written to a pipe that is full and does not block arrives whole")
    func fullPipe() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        defer { close(reader) }
        let text = String(repeating: "0123456789", count: 100_000)
        let thread = Thread {
            Terminal.write(text, to: writer)
            close(writer)
        }
        thread.start()
        var received = 0
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(reader, &buffer, buffer.count)
            if count == 0 { break }
            if count > 0 { received += count } else { try await Task.sleep(for: .milliseconds(1)) }
        }
        #expect(received == text.utf8.count)
    }

    @Test("a child that is killed says by which signal")
    func killed() async throws {
        try await withScratch { path in
            let child = try start(path, "kill -9 $$")
            #expect(await child.ended() == .signal(9))
        }
    }

    @Test("a child inherits no open files and no ignored signals")
    func inheritsNothing() async throws {
        signal(SIGPIPE, SIG_IGN)
        try await withScratch { path in
            let held = open("/dev/null", O_RDONLY)
            defer { close(held) }
            let child = try start(path, "test -e /proc/$$/fd/\(held) && echo inherited; grep SigIgn /proc/$$/status")
            #expect(await child.ended() == .code(0))
            let lines = child.tail().split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(!lines.contains("inherited"))
            let ignored = try #require(lines.last?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
            // 32 and 33 are the C library's own
            #expect(ignored & 0x7fff_ffff == 0)
        }
    }

    @Test("a process is started in the place of one that ended, unless the role was scaled down meanwhile")
    func replaced() async throws {
        try await withRun { run in
            let program = run.path("program")
            try FileManager.default.writeFile(program, "#!/bin/sh\nexec sleep 60\n", mode: 0o755)
            let fleet = try Fleet(run: run, environment: FleetEnvironment(operatorSettings: [:], decided: [:]), grace: .seconds(5), executable: program)
            try await fleet.scale("work", to: 2)
            #expect(try await fleet.replace("work") == nil)
            await fleet.members(of: "work").first?.identity.send(SIGKILL)
            while await fleet.ended().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try await fleet.replace("work") == "work-3")
            try await fleet.scale("work", to: 0)
            #expect(try await fleet.replace("work") == nil)
            await fleet.stop()
        }
    }

    @Test("a program that does not exist is a failure with its name, not a child")
    func absent() {
        #expect {
            try ChildProcess.start(name: "x", executable: "/no/such", arguments: [], environment: [:], log: "/dev/null")
        } throws: { "\($0)".contains("/no/such") }
    }

    @Test("an identity on file is that process alone, not a later one of the same id")
    func identity() async throws {
        try await withScratch { path in
            let child = try start(path, "sleep 60")
            try child.identity.write(to: path + "/identity")
            #expect(ProcessIdentity(file: path + "/identity") == child.identity)
            try "\(child.pid) 1\n".write(toFile: path + "/other", atomically: true, encoding: .utf8)
            #expect(ProcessIdentity(file: path + "/other")?.isAlive == false)
            await child.identity.end(grace: .seconds(5))
            #expect(child.poll() == .signal(SIGTERM))
            #expect(ProcessIdentity(file: path + "/identity")?.isAlive == false)
        }
    }

    @Test("a process that ignores the request to end is killed after the grace")
    func stubborn() async throws {
        try await withScratch { path in
            let child = try start(path, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
            while child.tail().isEmpty { await Pause.uncancelled(.milliseconds(5)) }
            await child.identity.end(grace: .milliseconds(100))
            #expect(child.poll() == .signal(SIGKILL))
        }
    }

    @Test("leftovers of an earlier run are ended, strangers of another kind are not")
    func leftovers() async throws {
        try await withRun { run in
            let stranger = try start(run.path, "exec sleep 60")
            try stranger.identity.write(to: run.identity(of: "work-1"))
            let ours = try start(run.path, "exec /bin/bash -c 'exec -a vibe-test sleep 60'")
            try ours.identity.write(to: run.identity(of: "work-2"))
            while !ours.identity.commandLine.hasPrefix("vibe-test") { await Pause.uncancelled(.milliseconds(5)) }
            #expect(await Leftovers.end(in: run) == ["work-2"])
            #expect(stranger.identity.isAlive)
            await stranger.identity.end(grace: .seconds(1))
            _ = (stranger.poll(), ours.poll())
        }
    }

    @Test("two supervisors never share a directory")
    func lock() async throws {
        try await withRun { run in
            #expect(FleetLock.holder(of: run) == nil)
            let lock = try FleetLock(run)
            #expect(FleetLock.holder(of: run) == getpid())
            #expect { try FleetLock(run) } throws: { "\($0)".contains("\(getpid())") }
            withExtendedLifetime(lock) {}
        }
    }
}
