/// Exact decimals for money: a signed 64-bit count of 1e-8 units. Never binary floating point.
///
/// Range: text beyond ±4.6e10 is refused at the door, so that the sum of two accepted values is exact. A longer sum that would leave
/// 64 bits stays at their end instead of trapping: one hostile number must not end a process, and every door refuses the text of such a
/// sum. Products and quotients are computed in 128 bits and throw when the result leaves the range.
public protocol FixedPoint: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The value in units of 1e-8.
    var e8: Int64 { get }
    init(e8: Int64)
}

public enum MoneyError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    case tooPrecise(String)
    case outOfRange(String)
    case divisionByZero

    public var description: String {
        switch self {
        case .malformed(let text): "\"\(text)\" is not a decimal number"
        case .tooPrecise(let text): "\"\(text)\" has more than 8 decimals"
        case .outOfRange(let text): "\(text) is outside ±46,000,000,000"
        case .divisionByZero: "division by zero"
        }
    }
}

/// Coins, signed where it is a position: positive long, negative short.
public struct Size: FixedPoint {
    public var e8: Int64
    public init(e8: Int64) { self.e8 = e8 }
}

/// Quote currency (USDC) per coin.
public struct Price: FixedPoint {
    public var e8: Int64
    public init(e8: Int64) { self.e8 = e8 }
}

/// Quote currency (USDC).
public struct Notional: FixedPoint {
    public var e8: Int64
    public init(e8: Int64) { self.e8 = e8 }
}

extension FixedPoint {
    /// One, in units of 1e-8.
    public static var scale: Int64 { 100_000_000 }
    /// The largest magnitude that is accepted, in units of 1e-8.
    public static var limit: Int64 { 4_600_000_000_000_000_000 }
    public static var zero: Self { Self(e8: 0) }

    /// A whole number of units, for constants.
    public init(_ whole: Int) { self.init(e8: Int64(whole) * Self.scale) }

    /// Reads a plain decimal such as `-12.5`.
    /// - Parameter lossy: digits past the eighth decimal are truncated instead of refused. The exchange prints float noise
    ///   (`-3695042.8999999999`) in account values, though never in the price or size of a fill.
    public init(parsing text: some StringProtocol, lossy: Bool = false) throws(MoneyError) {
        var digits = text.utf8.makeIterator()
        var next = digits.next()
        let negative = next == UInt8(ascii: "-")
        if negative { next = digits.next() }
        var value: Int64 = 0
        var decimals = -1
        var count = 0
        while let byte = next {
            if byte == UInt8(ascii: "."), decimals < 0, count > 0 {
                decimals = 0
            } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                count += 1
                let digit = Int64(byte - UInt8(ascii: "0"))
                if decimals >= 8 {
                    if digit != 0, !lossy { throw .tooPrecise(String(text)) }
                } else {
                    let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
                    guard !overflow, scaled <= Self.limit - digit else { throw .outOfRange(String(text)) }
                    value = scaled + digit
                    if decimals >= 0 { decimals += 1 }
                }
            } else {
                throw .malformed(String(text))
            }
            next = digits.next()
        }
        guard count > 0, decimals != 0 else { throw .malformed(String(text)) }
        for _ in max(decimals, 0)..<8 {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow, scaled <= Self.limit else { throw .outOfRange(String(text)) }
            value = scaled
        }
        self.init(e8: negative ? -value : value)
    }

    init(e8 wide: Int128) throws(MoneyError) {
        guard let value = Int64(exactly: wide), value.magnitude <= UInt64(Self.limit) else { throw .outOfRange("\(wide)e-8") }
        self.init(e8: value)
    }

    /// Canonical plain decimal: no trailing zeros, no exponent, `0` for zero. This is also the exchange's wire form.
    public var description: String {
        let magnitude = e8.magnitude
        let whole = magnitude / 100_000_000
        var fraction = magnitude % 100_000_000
        let sign = e8 < 0 ? "-" : ""
        guard fraction != 0 else { return sign + String(whole) }
        var width = 8
        while fraction % 10 == 0 { fraction /= 10; width -= 1 }
        let text = String(fraction)
        return sign + String(whole) + "." + String(repeating: "0", count: width - text.utf8.count) + text
    }

    public static func < (a: Self, b: Self) -> Bool { a.e8 < b.e8 }
    public static func + (a: Self, b: Self) -> Self {
        let (sum, overflow) = a.e8.addingReportingOverflow(b.e8)
        return Self(e8: overflow ? (a.e8 < 0 ? -.max : .max) : sum)
    }

    public static func - (a: Self, b: Self) -> Self {
        let (difference, overflow) = a.e8.subtractingReportingOverflow(b.e8)
        return Self(e8: overflow ? (a.e8 < 0 ? -.max : .max) : difference)
    }

    public static prefix func - (a: Self) -> Self { Self(e8: a.e8 == .min ? .max : -a.e8) }
    public static func += (a: inout Self, b: Self) { a = a + b }
    public static func -= (a: inout Self, b: Self) { a = a - b }

    public var magnitude: Self { e8 < 0 ? -self : self }
    public var isZero: Bool { e8 == 0 }
    /// −1, 0 or +1.
    public var sign: Int { e8.signum() == 0 ? 0 : (e8 > 0 ? 1 : -1) }

    /// Rounded toward zero to `decimals` (0…8) decimals.
    public func truncated(decimals: Int) -> Self {
        let unit = Power.ten(8 - decimals)
        return Self(e8: e8 - e8 % unit)
    }

    /// Rounded away from zero to `decimals` (0…8) decimals.
    public func roundedAway(decimals: Int) -> Self {
        let cut = truncated(decimals: decimals)
        return cut == self ? self : cut + Self(e8: (e8 > 0 ? 1 : -1) * Power.ten(8 - decimals))
    }
}

enum Power {
    static func ten(_ exponent: Int) -> Int64 {
        precondition((0...18).contains(exponent), "10^\(exponent) is not used here")
        var value: Int64 = 1
        for _ in 0..<exponent { value *= 10 }
        return value
    }
}

/// A pure number with 18 decimals, for example follower coins per leader coin (`k`).
public struct Ratio: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The value in units of 1e-18.
    public var e18: Int128
    public init(e18: Int128) { self.e18 = e18 }
    public static let one = Ratio(e18: 1_000_000_000_000_000_000)
    public static let zero = Ratio(e18: 0)

    /// `numerator / denominator`, truncated at the 18th decimal.
    public init<Value: FixedPoint>(_ numerator: Value, over denominator: Value) throws(MoneyError) {
        guard denominator.e8 != 0 else { throw .divisionByZero }
        self.init(e18: Int128(numerator.e8) * Ratio.one.e18 / Int128(denominator.e8))
    }

    /// Reads a plain decimal of at most 8 decimals, within ±46,000,000,000; refuses any other text. See ``init(exactly:)`` for all 18.
    public init(parsing text: some StringProtocol) throws(MoneyError) {
        let value = try Size(parsing: text)
        self.init(e18: Int128(value.e8) * 10_000_000_000)
    }

    /// Basis points (1e-4).
    public init(basisPoints: Int) { self.init(e18: Int128(basisPoints) * 100_000_000_000_000) }

    public static func < (a: Ratio, b: Ratio) -> Bool { a.e18 < b.e18 }
    public static func + (a: Ratio, b: Ratio) -> Ratio { Ratio(e18: a.e18 + b.e18) }
    public static func - (a: Ratio, b: Ratio) -> Ratio { Ratio(e18: a.e18 - b.e18) }

    /// `value × ratio`, truncated toward zero at the eighth decimal.
    public static func * <Value: FixedPoint>(ratio: Ratio, value: Value) throws(MoneyError) -> Value {
        let (product, overflow) = ratio.e18.multipliedReportingOverflow(by: Int128(value.e8))
        guard !overflow else { throw .outOfRange("\(ratio) × \(value)") }
        return try Value(e8: product / Ratio.one.e18)
    }

    /// Product of two ratios, truncated.
    public static func * (a: Ratio, b: Ratio) throws(MoneyError) -> Ratio {
        let (product, overflow) = a.e18.multipliedReportingOverflow(by: b.e18)
        guard !overflow else { throw .outOfRange("\(a) × \(b)") }
        return Ratio(e18: product / Ratio.one.e18)
    }

    public var description: String {
        let magnitude = e18.magnitude
        let whole = magnitude / 1_000_000_000_000_000_000
        var fraction = magnitude % 1_000_000_000_000_000_000
        let sign = e18 < 0 ? "-" : ""
        guard fraction != 0 else { return sign + String(whole) }
        var width = 18
        while fraction % 10 == 0 { fraction /= 10; width -= 1 }
        let text = String(fraction)
        return sign + String(whole) + "." + String(repeating: "0", count: width - text.utf8.count) + text
    }

    /// Reads what ``description`` wrote, all 18 decimals.
    public init(exactly text: some StringProtocol) throws(MoneyError) {
        let negative = text.hasPrefix("-")
        let parts = (negative ? text.dropFirst() : text[...]).split(separator: ".", omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let isPlain = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(digits.contains) }
        guard isPlain, parts.count <= 2, parts.count == 1 || parts[1].utf8.count <= 18 else { throw .malformed(String(text)) }
        // Room for the multiplication: the longest accepted whole part is far beyond any ratio in use.
        guard parts[0].utf8.count <= 18, let whole = Int128(parts[0]) else { throw .outOfRange(String(text)) }
        var value = whole * Ratio.one.e18
        if parts.count == 2, let fraction = Int128(parts[1]) { value += fraction * Int128(Power.ten(18 - parts[1].utf8.count)) }
        self.init(e18: negative ? -value : value)
    }
}

extension Price {
    /// Price × |size|, truncated at the eighth decimal.
    public static func * (price: Price, size: Size) throws(MoneyError) -> Notional {
        try Notional(e8: Int128(price.e8) * Int128(size.e8.magnitude) / Int128(Price.scale))
    }
}

extension Notional {
    /// Coins worth this much at `price`, truncated at the eighth decimal.
    public static func / (notional: Notional, price: Price) throws(MoneyError) -> Size {
        guard price.e8 != 0 else { throw .divisionByZero }
        return try Size(e8: Int128(notional.e8) * Int128(Notional.scale) / Int128(price.e8))
    }

    /// Average price of `size` coins for this much, truncated at the eighth decimal.
    public static func / (notional: Notional, size: Size) throws(MoneyError) -> Price {
        guard size.e8 != 0 else { throw .divisionByZero }
        return try Price(e8: Int128(notional.e8) * Int128(Notional.scale) / Int128(size.e8.magnitude))
    }
}
