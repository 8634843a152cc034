/// Why a day was not archived, restored or verified. Nothing is lost in any case: a day leaves Postgres only when its file was read back.
public enum ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(path: String, problem: String)
    /// The file is not what its checksum, or its content, says.
    case damaged(path: String, problem: String)
    /// There is a file for the day, and the day in Postgres holds something else.
    case differs(day: String, path: String, problem: String)
    case noSuchFile(path: String)
    /// Another process archives into this database now.
    case busy

    public var description: String {
        switch self {
        case .file(let path, let problem): "\(path): \(problem)"
        case .damaged(let path, let problem): "\(path) is damaged: \(problem)"
        case .differs(let day, let path, let problem): "\(day) in Postgres is not what \(path) holds: \(problem)"
        case .noSuchFile(let path): "there is no \(path)"
        case .busy: "another `vibe archive` is at work on this database"
        }
    }
}
