import FoundationEssentials
import Glibc

/// One file of the migrations folder: `0002_audit.sql` is version 2, named `audit`.
public struct Migration: Sendable, Equatable {
    public var version: Int
    public var name: String
    public var script: String
}

/// The folder of numbered SQL files, read and checked.
public enum MigrationFolder {
    /// The migrations in order.
    /// - Throws: ``MigrationError`` when the folder cannot be read, a file is not named `NNNN_name.sql`, or numbers repeat or are missing.
    public static func read(_ folder: String) throws(MigrationError) -> [Migration] {
        let files: [String]
        do { files = try FileManager.default.contentsOfDirectory(atPath: folder) } catch { throw .folder(folder, "cannot be read") }
        var migrations: [Migration] = []
        for file in files.sorted() where file.hasSuffix(".sql") {
            guard let match = file.wholeMatch(of: /([0-9]{4})_([a-z0-9_]+)\.sql/), let version = Int(match.1) else {
                throw .folder(folder, "\(file) is not named like 0001_name.sql")
            }
            let script = FileManager.default.contents(atPath: folder + "/" + file).flatMap { String(validating: $0, as: UTF8.self) }
            guard let script else { throw .folder(folder, "\(file) cannot be read as UTF-8 text") }
            guard version == migrations.count + 1 else {
                throw .folder(folder, "\(file) follows \(migrations.count) file(s): numbers start at 0001 and have no gaps")
            }
            migrations.append(Migration(version: version, name: String(match.2), script: script))
        }
        guard !migrations.isEmpty else { throw .folder(folder, "has no .sql files") }
        return migrations
    }

    /// Where the folder is: `VIBE_MIGRATIONS`, else `deploy/postgres` in the current directory or in one above the executable, else
    /// `share/vibe/postgres` beside an installed executable's `bin`. `nil` when there is none.
    public static func locate(environment: [String: String], currentDirectory: String, executable: String) -> String? {
        if let chosen = environment["VIBE_MIGRATIONS"], !chosen.isEmpty { return chosen }
        var candidates = [currentDirectory + "/deploy/postgres"]
        var folder = executable[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            candidates += ["\(folder)/deploy/postgres", "\(folder)/share/vibe/postgres"]
        }
        return candidates.first { FileManager.default.fileExists(atPath: $0 + "/0001_configuration.sql") }
    }

    /// As above, for this process.
    public static func locate(environment: [String: String]) -> String? {
        var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = path.withUnsafeMutableBytes { bytes in
            readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        let executable = String(decoding: path.prefix(max(0, length)), as: UTF8.self)
        return locate(environment: environment, currentDirectory: FileManager.default.currentDirectoryPath, executable: executable)
    }
}

public enum MigrationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The folder and what is wrong with it.
    case folder(String, String)
    /// An applied file is no longer what it was.
    case changed(version: Int, name: String)
    /// The script failed; nothing of it remains.
    case failed(version: Int, name: String, PostgresError)
    /// The script committed or rolled back by itself, so it may be half applied.
    case endsTransaction(version: Int, name: String)
    /// The database is older than this program.
    case outdated(found: Int, expected: Int)
    case postgres(PostgresError)

    public var description: String {
        switch self {
        case .folder(let folder, let problem): "migrations folder \(folder): \(problem)"
        case .changed(let version, let name):
            "migration \(version) (\(name)) was applied with other text than its file has: restore the file, put the change in a new one"
        case .failed(let version, let name, let error): "migration \(version) (\(name)) failed and was rolled back: \(error)"
        case .endsTransaction(let version, let name): "migration \(version) (\(name)) contains COMMIT or ROLLBACK; remove it"
        case .outdated(let found, let expected):
            "the database is at migration \(found), this program needs \(expected): run `vibe migrate`"
        case .postgres(let error): error.description
        }
    }
}
