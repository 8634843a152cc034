#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tells from a frame's bytes whether a followed address takes part in one of its trades, without parsing it: a market-wide feed
/// brings tens of thousands of frames a second, of which few hundred matter.
///
/// What it owes: a frame in which the decoder finds a followed party is never called ``Verdict/unfollowed``. A frame whose shape is
/// not exactly the expected one is ``Verdict/undecided``, and the decoder's.
public struct TradeFilter: Sendable {
    public enum Verdict: Sendable, Equatable {
        /// At least one trade has a followed buyer or seller.
        case followed
        /// No trade has one.
        case unfollowed
        /// A frame of trades of another shape than expected.
        case undecided
        case otherChannel
    }

    private let followed: Set<Address>

    /// - Parameter addresses: `0x` and 40 digits, in any case; others cannot occur in a trade and are ignored.
    public init(addresses: some Sequence<String>) {
        followed = Set(
            addresses.compactMap { text in
                let bytes = Array(text.utf8)
                guard bytes.count == 2 + Address.digits, bytes[0] == UInt8(ascii: "0"), bytes[1] | 0x20 == UInt8(ascii: "x") else { return nil }
                return bytes.withUnsafeBufferPointer { Address($0.baseAddress! + 2) }
            })
    }

    public func judge(_ frame: [UInt8]) -> Verdict {
        frame.withUnsafeBufferPointer { bytes in
            guard Self.starts(bytes, with: Self.channel) else { return .otherChannel }
            guard Self.starts(bytes, with: Self.head) else { return .undecided }
            return judge(trades: bytes)
        }
    }

    // The exact beginnings; JSON with spaces, or with members in another order, is left to the decoder.
    private static let channel = Array(#"{"channel":"trades""#.utf8)
    private static let head = Array(#"{"channel":"trades","data":["#.utf8)
    private static let name = Array(#""users""#.utf8)
    private static let open = Array(#":["0x"#.utf8)
    private static let between = Array(#"","0x"#.utf8)
    private static let end = Array(#""]"#.utf8)
    /// From the first digit of the buyer to the closing bracket.
    private static let tailLength = Address.digits * 2 + between.count + end.count

    /// Trade by trade: a flat object with `users` in it, then `,{` or `]}` and the end.
    private func judge(trades bytes: UnsafeBufferPointer<UInt8>) -> Verdict {
        // Without escapes a name is spelled in one way only, and a quote ends every string.
        guard let base = bytes.baseAddress, memchr(base, Int32(UInt8(ascii: "\\")), bytes.count) == nil else { return .undecided }
        var found = false
        var at = Self.head.count
        while true {
            guard at < bytes.count, bytes[at] == UInt8(ascii: "{"),
                let close = memchr(base + at, Int32(UInt8(ascii: "}")), bytes.count - at)
            else { return .undecided }
            let end = base.distance(to: close.assumingMemoryBound(to: UInt8.self))
            // The first of repeated names counts, hence the name alone is searched for and the rest compared.
            guard let name = Self.name(in: base + at, until: base + end) else { return .undecided }
            let buyer = name + Self.name.count + Self.open.count
            guard base.distance(to: buyer) + Self.tailLength <= end else { return .undecided }
            let seller = buyer + Address.digits + Self.between.count
            guard memcmp(buyer - Self.open.count, Self.open, Self.open.count) == 0,
                memcmp(buyer + Address.digits, Self.between, Self.between.count) == 0,
                memcmp(seller + Address.digits, Self.end, Self.end.count) == 0,
                let first = Address(buyer), let second = Address(seller)
            else { return .undecided }
            found = found || followed.contains(first) || followed.contains(second)

            guard end + 2 < bytes.count else { return .undecided }
            switch (bytes[end + 1], bytes[end + 2]) {
            case (UInt8(ascii: ","), UInt8(ascii: "{")): at = end + 2
            case (UInt8(ascii: "]"), UInt8(ascii: "}")) where end + 3 == bytes.count: return found ? .followed : .unfollowed
            default: return .undecided
            }
        }
    }

    /// The first `"users"`. Few other letters `u` stand in a trade, which makes looking for them fast.
    private static func name(in start: UnsafePointer<UInt8>, until end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
        var at = start + 1
        while at < end, let letter = memchr(at, Int32(UInt8(ascii: "u")), at.distance(to: end)) {
            let quote = UnsafePointer(letter.assumingMemoryBound(to: UInt8.self)) - 1
            if quote.distance(to: end) >= name.count, memcmp(quote, name, name.count) == 0 { return quote }
            at = quote + 2
        }
        return nil
    }

    private static func starts(_ bytes: UnsafeBufferPointer<UInt8>, with prefix: [UInt8]) -> Bool {
        bytes.count >= prefix.count && memcmp(bytes.baseAddress!, prefix, prefix.count) == 0
    }

    /// 20 bytes, read from hexadecimal digits of either case.
    private struct Address: Hashable {
        static let digits = 40
        private let high: UInt64
        private let middle: UInt64
        private let low: UInt32

        /// `nil` when one of the 40 bytes is no digit.
        init?(_ digits: UnsafePointer<UInt8>) {
            var invalid: UInt8 = 0
            func value(_ range: Range<Int>) -> UInt64 {
                var value: UInt64 = 0
                for index in range {
                    let digit = Self.values[Int(digits[index])]
                    invalid |= digit
                    value = value << 4 | UInt64(digit & 15)
                }
                return value
            }
            high = value(0..<16)
            middle = value(16..<32)
            low = UInt32(value(32..<40))
            // A byte that is no digit has the value 255.
            guard invalid & 0xF0 == 0 else { return nil }
        }

        private static let values: [UInt8] = (0...255).map { byte in
            UInt8(Character(Unicode.Scalar(byte)).hexDigitValue ?? 255)
        }
    }
}
