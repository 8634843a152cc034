import CopyTrading
import JSON

/// An exact decimal beyond ``CopyTrading/FixedPoint``'s range: lifetime volumes, and coin counts of markets whose coin is worth a
/// fraction of a cent. For what is reported and compared, not for what is traded.
public struct WideDecimal: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The value in units of 1e-8.
    public var e8: Int128
    public init(e8: Int128) { self.e8 = e8 }
    public static let zero = WideDecimal(e8: 0)

    /// Reads a plain decimal such as `170043721737.450012207`; digits past the eighth decimal are cut off, they are the exchange's
    /// float noise. At most 18 digits before the point.
    public init(parsing text: some StringProtocol) throws(MoneyError) {
        e8 = try Ratio(truncating: text).e18 / 10_000_000_000
    }

    /// `nil` when the value is outside the range of `Value`.
    public func exactly<Value: FixedPoint>(_ type: Value.Type) -> Value? {
        guard e8.magnitude <= UInt128(Value.limit) else { return nil }
        return Value(e8: Int64(e8))
    }

    public var description: String { Ratio(e18: e8 * 10_000_000_000).description }
    public static func < (a: WideDecimal, b: WideDecimal) -> Bool { a.e8 < b.e8 }
}

extension Ratio {
    /// Reads a rate of the exchange (`0.0000052764`, a leaderboard's return on equity); digits past the eighteenth decimal are cut off.
    init(truncating text: some StringProtocol) throws(MoneyError) {
        guard let point = text.firstIndex(of: "."), text.distance(from: point, to: text.endIndex) > 19 else {
            self = try Ratio(exactly: text)
            return
        }
        guard text[point...].dropFirst().utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else { throw .malformed(String(text)) }
        self = try Ratio(exactly: text[..<text.index(point, offsetBy: 19)])
    }
}

extension JSON {
    /// The string member `name` as a decimal of any size, see ``WideDecimal``.
    func wideDecimal(_ name: String) throws(JSONError) -> WideDecimal {
        try at(name) { value throws(JSONError) in try value.asWideDecimal() }
    }

    func asWideDecimal() throws(JSONError) -> WideDecimal {
        let text = try asString()
        do { return try WideDecimal(parsing: text) } catch { throw JSONError(problem: error.description) }
    }

    /// The string member `name` as a pure number, such as a fee or funding rate.
    func ratio(_ name: String) throws(JSONError) -> Ratio {
        let text = try string(name)
        do { return try Ratio(truncating: text) } catch { throw JSONError(path: name, problem: error.description) }
    }
}
