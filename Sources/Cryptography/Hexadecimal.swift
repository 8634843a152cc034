/// Lower-case hexadecimal text of bytes, and back.
public enum Hexadecimal {
    /// Two lower-case digits per byte, no prefix.
    public static func text(_ bytes: some Sequence<UInt8>) -> String {
        let fast = bytes.withContiguousStorageIfAvailable { source in
            String(unsafeUninitializedCapacity: source.count * 2) { output in
                for index in 0..<source.count {
                    output[index * 2] = digit(source[index] >> 4)
                    output[index * 2 + 1] = digit(source[index] & 15)
                }
                return source.count * 2
            }
        }
        return fast ?? text(Array(bytes))
    }

    /// Reads an even number of digits of either case, with or without `0x`; `nil` for anything else.
    public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var digits = text.utf8[...]
        if digits.starts(with: [UInt8(ascii: "0"), UInt8(ascii: "x")]) { digits = digits.dropFirst(2) }
        let count = digits.count
        guard count % 2 == 0 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(count / 2)
        var high: UInt8?
        for character in digits {
            guard let value = value(of: character) else { return nil }
            if let upper = high {
                result.append(upper << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return result
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
