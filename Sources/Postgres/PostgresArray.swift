/// One column of values for `unnest($1::text[])`, built value by value in Postgres' binary array format.
///
/// A batch of rows goes to the server as a few of these: no quoting, no parsing there, one statement for any number of rows.
/// Format (`array_recv` in the server): dimensions, null flag, element type, length, lower bound, then each element as a 32-bit
/// length (−1 for null) and its bytes; all integers big-endian.
public struct PostgresArray: Sendable {
    /// Element types with their object ids, which are fixed in the server's catalogue.
    public enum Element: UInt32, Sendable {
        case bytes = 17
        case integer = 20
        case text = 25
        case date = 1082
    }

    public let element: Element
    public private(set) var count = 0
    private var hasNull = false
    private var body: [UInt8] = []

    /// - Parameter capacity: bytes to set aside.
    public init(of element: Element, capacity: Int = 0) {
        self.element = element
        body.reserveCapacity(capacity)
    }

    public mutating func appendNull() {
        count += 1
        hasNull = true
        body.append(bigEndian: Int32(-1))
    }

    public mutating func append(_ text: String?) {
        assert(element == .text)
        guard let text else { return appendNull() }
        count += 1
        body.append(bigEndian: Int32(text.utf8.count))
        body.append(contentsOf: text.utf8)
    }

    public mutating func append(_ integer: Int64?) {
        assert(element == .integer)
        guard let integer else { return appendNull() }
        count += 1
        body.append(bigEndian: Int32(8))
        body.append(bigEndian: integer)
    }

    public mutating func append(_ bytes: [UInt8]?) {
        assert(element == .bytes)
        guard let bytes else { return appendNull() }
        count += 1
        body.append(bigEndian: Int32(bytes.count))
        body.append(contentsOf: bytes)
    }

    /// - Parameter day: days since 1970-01-01; Postgres counts from 2000-01-01.
    public mutating func append(day: Int32) {
        assert(element == .date)
        count += 1
        body.append(bigEndian: Int32(4))
        body.append(bigEndian: day - 10_957)
    }

    func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(body.count + 20)
        output.append(bigEndian: Int32(count == 0 ? 0 : 1))
        output.append(bigEndian: Int32(hasNull ? 1 : 0))
        output.append(bigEndian: Int32(element.rawValue))
        guard count > 0 else { return output }
        output.append(bigEndian: Int32(count))
        output.append(bigEndian: Int32(1))
        output.append(contentsOf: body)
        return output
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
