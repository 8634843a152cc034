/// Random numbers that a seed replays (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0…`bound` − 1.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

/// Texts that programs stumble over.
enum Hostile {
    static let numbers = [
        "0", "-0", "-1", "1e308", "1e-9", "0.00000001", "0.000000001", "46000000000", "46000000000.00000001", "-46000000000", "9007199254740993",
        "2147483648", "-2147483649", "4294967296", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616",
        "170141183460469231731687303715884105728", "00", "1.", ".5", "+1", "1_000", "0x10", "NaN", "Infinity", "--1", "1.123456789012345678901",
    ]
    static let words = ["", "null", "true", " ", "\u{0}", "\u{FEFF}", "é\u{301}", "𝟙𝟚", "\u{202E}", "../..", "%s%n", "{}", "[]", "a:b", "*", "\\u0000", "-"]

    static func long(_ random: inout SplitMix64) -> String {
        String(repeating: random.pick(["9", "a", "[", "-", "\"", "\\", " "]), count: random.pick([33, 257, 4_096]))
    }
}
