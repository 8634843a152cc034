/// A JSON value that keeps what binary floating point and hash maps lose: the text of every number, and the order of members.
///
/// The order matters because an exchange action is hashed in the order of its keys; the text matters because money is decimal.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The literal as written, for example `1.50` or `100000000000`.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: JSON
        public init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }
}

/// What is wrong with a JSON text or value, and where: a path such as `fills[3].px`.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    public var path: String
    public var problem: String

    public init(path: String = "", problem: String) {
        self.path = path
        self.problem = problem
    }

    public var description: String { path.isEmpty ? problem : "\(path): \(problem)" }

    /// The same fault as seen from the value around, in its member or element `parent`.
    public func inside(_ parent: String) -> JSONError {
        let joint = path.isEmpty || path.hasPrefix("[") ? "" : "."
        return JSONError(path: parent + joint + path, problem: problem)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .number(String(value)) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
    public init(nilLiteral: ()) { self = .null }

    public static func integer(_ value: some BinaryInteger) -> JSON { .number(String(value)) }
    /// `value` as a string, or `null`.
    public static func string(orNull value: String?) -> JSON { value.map(JSON.string) ?? .null }
}
