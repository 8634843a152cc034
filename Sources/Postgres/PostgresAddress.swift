import CPostgres

/// Where the database is, read from a URL or a `key=value` text, and made safe to talk about.
///
/// libpq quotes what it cannot read, which for a URL with an unescaped password means quoting a part of the password. So its text
/// is not passed on for an unreadable URL, and parts that look like a password in the wrong place are refused before they are used.
struct PostgresAddress {
    /// As given, with the password.
    let text: String
    /// For messages: `database at host:port as user`.
    let summary: String
    private let secrets: [String]

    static let expected = "expected postgresql://user:password@host:port/database, with anything but letters and digits of the "
        + "password percent-encoded, or key=value pairs"

    /// - Throws: `.failed` with `08001`; nothing of the text is quoted.
    init(parsing text: String) throws(PostgresError) {
        let options = try Self.options(of: text)
        for port in (options["port"] ?? "").split(separator: ",") where UInt16(port) == nil {
            throw Self.unreadable("the port is not a number")
        }
        if options["host"]?.contains("@") == true { throw Self.unreadable("the host contains '@'") }
        self.text = text
        secrets = ["password", "sslpassword"].compactMap { options[$0] }.filter { !$0.isEmpty }
        let host = options["host"] ?? options["hostaddr"] ?? "the default host"
        summary = "\(options["dbname"] ?? options["user"] ?? "the default database") at \(host)"
            + (options["port"].map { ":\($0)" } ?? "") + (options["user"].map { " as \($0)" } ?? "")
    }

    /// `message` without a password, without line breaks.
    func redacted(_ message: String) -> String {
        var message = message.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }.joined(separator: "; ")
        for secret in secrets { message = message.replacing(secret, with: "***") }
        return message
    }

    private static func options(of text: String) throws(PostgresError) -> [String: String] {
        guard !text.utf8.contains(0) else { throw unreadable("it contains a zero byte") }
        var problem: UnsafeMutablePointer<CChar>?
        let list = PQconninfoParse(text, &problem)
        PQfreemem(problem)
        guard let list else { throw unreadable("it is malformed") }
        defer { PQconninfoFree(list) }
        var options: [String: String] = [:]
        var option = list
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { options[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return options
    }

    private static func unreadable(_ problem: String) -> PostgresError {
        .failed(sqlstate: "08001", message: "the database URL cannot be read: \(problem)", detail: expected)
    }
}
