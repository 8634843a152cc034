import CopyTrading

/// The values of a configuration file: each gives the value, or the problem with its text.
enum ValueParsing {
    static let maximumNameBytes = 64
    static let basisPoints = 0...10_000
    /// the leader's fill may be this old at most.
    static let expiryMilliseconds: ClosedRange<Int64> = 1_000...60_000

    /// Names become parts of Redis keys, of environment variables and of commands.
    static func name(_ text: String) -> Result<String, Problem> {
        named(text, maximum: maximumNameBytes, also: "-_.")
    }

    /// A subscription's own id may also have the form `<subscriber>:<influencer>`.
    static func subscriptionName(_ text: String) -> Result<String, Problem> {
        named(text, maximum: 2 * maximumNameBytes + 1, also: "-_.:")
    }

    private static func named(_ text: String, maximum: Int, also extra: String) -> Result<String, Problem> {
        guard !text.isEmpty else { return .failure(Problem("is empty")) }
        guard text.utf8.count <= maximum else { return .failure(Problem("is longer than \(maximum) characters")) }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        guard text.utf8.allSatisfy({ digits.contains($0) || letters.contains($0 | 0x20) || extra.utf8.contains($0) }) else {
            return .failure(Problem("may have letters, digits and \(extra) only"))
        }
        return .success(text)
    }

    static func address(_ text: String) -> Result<String, Problem> {
        let digits = text.dropFirst(2)
        guard text.hasPrefix("0x"), digits.utf8.count == 40, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            return .failure(Problem("is not an address: expected 0x and 40 hexadecimal digits"))
        }
        return .success(text.lowercased())
    }

    static func money(_ text: String) -> Result<Notional, Problem> {
        positive(text) { text throws(MoneyError) in try Notional(parsing: text) }
    }

    static func ratio(_ text: String) -> Result<Ratio, Problem> {
        positive(text) { text throws(MoneyError) in try Ratio(parsing: text) }
    }

    private static func positive<Value: Comparable & Zeroed>(
        _ text: String, _ parse: (String) throws(MoneyError) -> Value
    ) -> Result<Value, Problem> {
        do {
            let value = try parse(text)
            return value > Value.zero ? .success(value) : .failure(Problem("must be more than 0"))
        } catch {
            return switch error {
            case .malformed: .failure(Problem("is not a decimal number such as 12.5"))
            case .tooPrecise: .failure(Problem("has more than 8 decimals"))
            case .outOfRange, .divisionByZero: .failure(Problem("is outside ±46,000,000,000"))
            }
        }
    }

    /// A multiplier that may also be 0.
    static func ratioOrZero(_ text: String) -> Result<Ratio, Problem> {
        if let value = try? Ratio(parsing: text), value == .zero { return .success(value) }
        return ratio(text)
    }

    static func size(_ text: String) -> Result<Size, Problem> {
        positive(text) { text throws(MoneyError) in try Size(parsing: text) }
    }

    /// `word number`.
    private static func word(_ text: String) -> (word: String, number: Int?)? {
        let parts = text.split(separator: " ")
        guard let word = parts.first, parts.count <= 2 else { return nil }
        if parts.count == 1 { return (String(word), nil) }
        guard let number = Int(parts[1]) else { return nil }
        return (String(word), number)
    }

    static func joining(_ text: String) -> Result<JoinPolicy, Problem> {
        switch word(text) {
        case ("ignore_until_flat", nil)?: .success(.ignoreUntilFlat)
        case ("copy_now_if_better", nil)?: .success(.copyIfBetter)
        case ("copy_now_always", nil)?: .success(.copyAlways)
        case ("copy_now_within", nil)?: .success(.copyWithin(basisPoints: JoinPolicy.defaultWithinBasisPoints))
        case ("copy_now_within", let points?)? where (1...5_000).contains(points): .success(.copyWithin(basisPoints: points))
        default: .failure(Problem("is none of ignore_until_flat, copy_now_if_better, copy_now_within 1…5000, copy_now_always"))
        }
    }

    static func leverage(_ text: String) -> Result<LeverageSetting, Problem> {
        switch word(text) {
        case ("match", let most?)? where (1...100).contains(most): .success(.matching(maximum: most))
        case ("fixed", let leverage?)? where (1...100).contains(leverage): .success(.fixed(leverage))
        case ("keep", nil)?: .success(.keep)
        default: .failure(Problem("is none of match 1…100, fixed 1…100, keep"))
        }
    }

    static func coinPattern(_ text: String) -> Result<CoinPattern, Problem> { coin(text).map { CoinPattern($0.text) } }

    static func integer<Value: FixedWidthInteger & Sendable>(_ range: ClosedRange<Value>) -> @Sendable (String) -> Result<Value, Problem> {
        { text in
            guard let value = Value(text), range.contains(value) else {
                return .failure(Problem("is not a whole number from \(range.lowerBound) to \(range.upperBound)"))
            }
            return .success(value)
        }
    }

    static func flag(_ text: String) -> Result<Bool, Problem> {
        switch text {
        case "true": .success(true)
        case "false": .success(false)
        default: .failure(Problem("is neither true nor false"))
        }
    }

    static func choice<Choice: RawRepresentable & CaseIterable>(_ text: String) -> Result<Choice, Problem> where Choice.RawValue == String {
        guard let choice = Choice(rawValue: text) else {
            return .failure(Problem("is none of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))"))
        }
        return .success(choice)
    }

    /// A market by the exchange's name. The comma separates coins in the database.
    static func coin(_ text: String) -> Result<Coin, Problem> {
        guard (1...32).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }) else {
            return .failure(Problem("is not a coin's name"))
        }
        return .success(Coin(text))
    }

    static func text(_ text: String) -> Result<String, Problem> {
        text.isEmpty ? .failure(Problem("is empty")) : .success(text)
    }
}

protocol Zeroed { static var zero: Self { get } }
extension Notional: Zeroed {}
extension Ratio: Zeroed {}
extension Size: Zeroed {}
