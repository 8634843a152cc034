import CopyTrading
import JSON

/// The exchange's decimals: exact for prices and sizes, but with the noise of binary floating point in values it derived, such as
/// a position of `-3695042.8999999999`.
public enum WireDecimal {
    /// A binary double carries 15 decimal digits faithfully; what a longer text says beyond them is noise.
    static let faithfulDigits = 15

    /// Reads a derived value: rounded to the nearest at 15 significant digits and at 8 decimals, whichever is coarser. A decimal
    /// within both is read exactly. Truncation would turn the example into a position that never was.
    public static func denoised<Value: FixedPoint>(_ text: String) throws(MoneyError) -> Value {
        let unsigned = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !unsigned.hasPrefix("-") else { throw .malformed(text) }
        let parts = unsigned.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = parts[0].utf8.drop { $0 == UInt8(ascii: "0") }
        let fraction = parts.count == 2 ? parts[1].utf8[...] : "".utf8[...]
        let leadingZeros = whole.isEmpty ? fraction.prefix { $0 == UInt8(ascii: "0") }.count : 0
        let keep = min(8, max(0, faithfulDigits - whole.count) + leadingZeros)
        guard fraction.count > keep else { return try Value(parsing: text) }

        let magnitude = try Value(parsing: unsigned, lossy: true).truncated(decimals: keep)
        let roundsUp = fraction.dropFirst(keep).first! >= UInt8(ascii: "5")
        let rounded = magnitude + Value(e8: roundsUp ? tenTo(8 - keep) : 0)
        return text.hasPrefix("-") ? -rounded : rounded
    }

    /// How the exchange prints a decimal: with at least one digit after the point, `80640.0`.
    public static func text(_ value: some FixedPoint) -> String {
        let text = value.description
        return text.utf8.contains(UInt8(ascii: ".")) ? text : text + ".0"
    }

    private static func tenTo(_ exponent: Int) -> Int64 { (0..<exponent).reduce(1) { power, _ in power * 10 } }
}

extension JSON {
    /// The decimal string member `name` of a value the exchange derived, see ``WireDecimal/denoised(_:)``.
    func denoisedDecimal<Value: FixedPoint>(_ name: String) throws(JSONError) -> Value {
        let text = try string(name)
        do { return try WireDecimal.denoised(text) } catch { throw JSONError(path: name, problem: error.description) }
    }
}
