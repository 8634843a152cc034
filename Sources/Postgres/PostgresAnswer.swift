import CPostgres
import Logging

/// What one statement gave.
struct PostgresAnswer {
    var table: PostgresTable?
    /// Rows inserted, updated, deleted or selected.
    var affectedRows = 0
    /// `INSERT 0 5`, `COMMIT`, …
    var tag = ""

    init() {}

    init(copying result: OpaquePointer) {
        if PQresultStatus(result) == PGRES_TUPLES_OK { table = PostgresTable(copying: result) }
        affectedRows = Int(String(cString: PQcmdTuples(result))) ?? 0
        tag = String(cString: PQcmdStatus(result))
    }
}

/// Passes the server's notices and warnings to the log.
final class NoticeSink {
    private let logger: Logger
    init(logger: Logger) { self.logger = logger }

    func log(_ text: String) {
        let text = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
        if text.hasPrefix("WARNING") { logger.warning("Postgres: \(text)") } else { logger.debug("Postgres: \(text)") }
    }
}

extension PostgresError {
    init(_ result: OpaquePointer, script: String?) {
        func field(_ code: Character) -> String? { PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) } }
        var details = [field("D"), field("H").map { "hint: \($0)" }].compactMap { $0 }
        if let script, let position = field("P").flatMap({ Int($0) }) {
            details.append("line \(script.unicodeScalars.prefix(position).count { $0 == "\n" } + 1)")
        }
        // A result without a code is libpq's own, made when the connection broke.
        self = .failed(
            sqlstate: field("C") ?? "08006", message: field("M") ?? String(cString: PQresultErrorMessage(result)),
            detail: details.isEmpty ? nil : details.joined(separator: "; "))
    }
}
