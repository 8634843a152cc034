/// A value for `$1`, `$2`, … of a statement.
public enum PostgresParameter: Sendable {
    case null
    /// Any type in its text form; the statement says which, as in `$1::numeric`.
    case text(String)
    case integer(Int64)
    case bool(Bool)
    /// A `bytea`, sent as it is.
    case bytes([UInt8])
    /// A whole column for `unnest($1::text[])`, sent in binary.
    case array(PostgresArray)

    public static func text(orNull value: String?) -> PostgresParameter { value.map { .text($0) } ?? .null }
    public static func integer(orNull value: Int64?) -> PostgresParameter { value.map { .integer($0) } ?? .null }

    public static func texts(_ values: some Collection<String>) -> PostgresParameter {
        var array = PostgresArray(of: .text, capacity: values.count * 32)
        for value in values { array.append(value) }
        return .array(array)
    }

    public static func texts(orNull values: some Collection<String?>) -> PostgresParameter {
        var array = PostgresArray(of: .text, capacity: values.count * 32)
        for value in values { array.append(value) }
        return .array(array)
    }

    public static func integers(_ values: some Collection<Int64>) -> PostgresParameter {
        var array = PostgresArray(of: .integer, capacity: values.count * 12)
        for value in values { array.append(value) }
        return .array(array)
    }

    public static func byteStrings(_ values: some Collection<[UInt8]>) -> PostgresParameter {
        var array = PostgresArray(of: .bytes, capacity: values.count * 36)
        for value in values { array.append(value) }
        return .array(array)
    }
}

extension PostgresParameter: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
}

/// Parameters as libpq takes them: one block of bytes and where each value lies in it.
struct EncodedParameters {
    private(set) var bytes: [UInt8] = []
    /// Start of each value in ``bytes``, −1 for null.
    private(set) var starts: [Int] = []
    private(set) var lengths: [Int32] = []
    /// 0 text, 1 binary.
    private(set) var formats: [Int32] = []

    /// - Throws: `22021` for a text with a zero byte, which Postgres cannot store.
    init(_ parameters: [PostgresParameter]) throws(PostgresError) {
        for parameter in parameters {
            switch parameter {
            case .null: add(format: 0, start: -1)
            case .text(let text): try add(text: text)
            case .integer(let value): try add(text: String(value))
            case .bool(let value): try add(text: value ? "true" : "false")
            case .bytes(let value): add(binary: value)
            case .array(let array): add(binary: array.encoded())
            }
        }
    }

    private mutating func add(text: String) throws(PostgresError) {
        guard !text.utf8.contains(0) else {
            throw .failed(sqlstate: "22021", message: "a text parameter contains a zero byte", detail: "parameter $\(starts.count + 1)")
        }
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
        add(format: 0, start: start)
    }

    private mutating func add(binary: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: binary)
        add(format: 1, start: start)
    }

    private mutating func add(format: Int32, start: Int) {
        starts.append(start)
        lengths.append(start < 0 ? 0 : Int32(bytes.count - start))
        formats.append(format)
    }

    /// Calls `body` with the arrays libpq wants; they are valid inside it only.
    func withPointers<T>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> T
    ) -> T {
        // One byte more, so that an empty binary value at the end still has an address inside the block.
        (bytes + [0]).withUnsafeBytes { block in
            let values = starts.map { $0 < 0 ? nil : (block.baseAddress! + $0).assumingMemoryBound(to: CChar.self) as UnsafePointer? }
            return body(Int32(starts.count), values, lengths, formats)
        }
    }
}
