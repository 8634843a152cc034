/// What can go wrong between here and the database. Neither case ever contains a password.
public enum PostgresError: Error, Sendable, Equatable {
    /// There is no usable connection: it could not be made, or it broke. The text says which, and in the second case that the
    /// statement *may* have taken effect. The next call connects anew; nothing is retried here.
    case unavailable(String)
    /// The server refused the statement, which had no effect.
    /// - Parameter sqlstate: five characters, see the appendix "PostgreSQL Error Codes" of the manual. Also used for what this client
    ///   refuses itself: `08001` an unreadable URL, `22021` a zero byte in a text, `25001` and `25P02` a misused transaction,
    ///   `42804` a result column that is not what the caller expects.
    case failed(sqlstate: String, message: String, detail: String?)
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let problem): "Postgres is unavailable: \(problem)"
        case .failed(let sqlstate, let message, let detail): "Postgres: \(message)\(detail.map { " (\($0))" } ?? "") [\(sqlstate)]"
        }
    }

    /// The five-character code, `nil` when the connection failed.
    public var sqlstate: String? {
        guard case .failed(let sqlstate, _, _) = self else { return nil }
        return sqlstate
    }
}
