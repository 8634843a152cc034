import Foundation
import Settings

/// The directory of one fleet on one machine: its servers' data, its logs, who runs, and the settings to reach it.
///
/// | path | what |
/// |---|---|
/// | `fleet.lock` | held by the supervisor while it lives, so that two never share a directory |
/// | `pids/` | one file a process: id and start time, so that a later start can end what an earlier one left |
/// | `log/` | one file a process |
/// | `vibe.env` | the running fleet's settings, for operators' commands |
/// | `health/` | one Unix socket a role process, where it answers `/healthz` and `/readyz` |
/// | `redis/` `postgres/` `simulator/` `demo/` `keys/` | data |
/// | `private` | says that all of this may go: a run's of its own, not a fleet's |
struct RunDirectory: Sendable {
    /// Absolute.
    let path: String

    init(_ path: String) {
        self.path = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    func path(_ name: String) -> String { path + "/" + name }
    func log(of process: String) -> String { path("log/\(process).log") }
    func identity(of process: String) -> String { path("pids/\(process)") }
    var environmentFile: String { path("vibe.env") }

    func create() throws(Failure) {
        for directory in ["", "log", "pids"] {
            try FileManager.default.makeDirectory(path(directory), mode: 0o755)
        }
        try FileManager.default.makeDirectory(path("keys"), mode: 0o700)
    }

    /// Only a demo leaves it, and the first `vibe up` here takes it away: what is stored beside it may go.
    var demoSeed: String { path("demo/seed") }

    /// Whether a fleet has stored something here that is no demo's.
    var holdsOtherFleet: Bool {
        let files = FileManager.default
        return ["redis/appendonlydir", "postgres/data"].contains { files.fileExists(atPath: path($0)) } && !files.fileExists(atPath: demoSeed)
    }

    /// Left by a run that clears the directory it is given.
    var privateMark: String { path("private") }

    /// Whether nothing is here that ``clear()`` would take from somebody else.
    var mayBeCleared: Bool {
        let files = FileManager.default
        return files.fileExists(atPath: privateMark) || !Self.stored.contains { files.fileExists(atPath: path($0)) }
    }

    private static let stored = ["redis", "postgres", "links", "simulator", "demo", "keys", "log", "pids", "health", "vibe.env", "scale"]

    /// Removes what earlier runs stored, but nothing that a person may have put beside it.
    func clear() throws(Failure) {
        for name in Self.stored {
            let target = path(name)
            do {
                if let elsewhere = try? FileManager.default.destinationOfSymbolicLink(atPath: target) {
                    // A directory we made goes; of one that a person linked to, only what we put there.
                    let ours = elsewhere.split(separator: "/").last?.hasPrefix(Self.elsewherePrefix) == true
                    try remove(ours ? elsewhere : elsewhere + "/data")
                }
                try remove(target)
                try remove(socketsElsewhere(for: name))
            } catch {
                throw Failure(.unavailable, "cannot remove \(target): \(error.localizedDescription)", nextStep: "remove it by hand")
            }
        }
    }

    /// Removes what is there, links themselves and not what they lead to.
    private func remove(_ path: String) throws {
        if (try? FileManager.default.attributesOfItem(atPath: path)) != nil { try FileManager.default.removeItem(atPath: path) }
    }

    /// Directories outside of this one begin with it.
    static let elsewherePrefix = "vibe-"

    /// Longest name of a process whose health socket is sure to fit.
    private static let longestProcessName = 20

    /// Where the processes' health sockets are; made when it is missing.
    func healthDirectory() throws(Failure) -> String {
        let directory = try socketDirectory(for: "health", longestName: Self.longestProcessName + Self.healthSuffix.utf8.count)
        try FileManager.default.makeDirectory(directory, mode: 0o700)
        return directory
    }

    static let healthSuffix = ".sock"

    private func socketsElsewhere(for server: String) -> String {
        "/tmp/\(Self.elsewherePrefix)\(getuid())-\(Self.fingerprint(path(server)))"
    }

    /// A directory for sockets: this one, or, when its path is longer than a socket's may be (107 bytes), a private one under /tmp.
    func socketDirectory(for server: String, longestName: Int) throws(Failure) -> String {
        let inside = path(server)
        if inside.utf8.count + 1 + longestName <= 107 { return inside }
        let elsewhere = socketsElsewhere(for: server)
        try FileManager.default.makeDirectory(elsewhere, mode: 0o700)
        // Anyone may have made this name under /tmp before us: only a directory of our own, or one we gave the database's user, will do.
        var facts = stat()
        let trusted = [getuid(), getpwnam("postgres")?.pointee.pw_uid ?? getuid()]
        guard lstat(elsewhere, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, trusted.contains(facts.st_uid) else {
            throw Failure(.unavailable, "\(elsewhere) is not ours", nextStep: "remove it, or choose a shorter VIBE_RUN_DIRECTORY")
        }
        return elsewhere
    }

    /// 16 digits that stand for a path.
    private static func fingerprint(_ path: String) -> String {
        String(path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
    }
}

extension FileManager {
    /// Makes a directory with its parents; an existing one gets the mode.
    func makeDirectory(_ path: String, mode: mode_t) throws(Failure) {
        do {
            try createDirectory(atPath: path, withIntermediateDirectories: true)
            guard chmod(path, mode) == 0 else { throw CocoaError(.fileWriteNoPermission) }
        } catch {
            throw Failure(
                .unavailable, "cannot make the directory \(path): \(error.localizedDescription)",
                nextStep: "choose another with VIBE_RUN_DIRECTORY")
        }
    }

    /// Removes what is in a directory.
    func clearDirectory(_ path: String) throws {
        for name in try contentsOfDirectory(atPath: path) { try removeItem(atPath: path + "/" + name) }
    }

    /// Writes a whole file with a mode, replacing an old one at once.
    func writeFile(_ path: String, _ text: String, mode: mode_t = 0o644) throws(Failure) {
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(.unavailable, "cannot write \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard fchmod(descriptor, mode) == 0, write(descriptor, bytes, bytes.count) == bytes.count, rename(draft, path) == 0 else {
            throw Failure(.unavailable, "cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
