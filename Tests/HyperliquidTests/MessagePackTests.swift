import Cryptography
import JSON
import Testing

@testable import Hyperliquid

@Suite("MessagePack")
struct MessagePackTests {
    @Test(
        "whole numbers take their smallest form",
        arguments: [
            ("0", "00"), ("127", "7f"), ("128", "cc80"), ("255", "ccff"), ("256", "cd0100"), ("65535", "cdffff"), ("65536", "ce00010000"),
            ("4294967295", "ceffffffff"), ("4294967296", "cf0000000100000000"), ("18446744073709551615", "cfffffffffffffffff"),
            ("-1", "ff"), ("-32", "e0"), ("-33", "d0df"), ("-128", "d080"), ("-129", "d1ff7f"), ("-32768", "d18000"),
            ("-32769", "d2ffff7fff"), ("-2147483648", "d280000000"), ("-2147483649", "d3ffffffff7fffffff"),
            ("-9223372036854775808", "d38000000000000000"), ("-0", "00"),
        ])
    func integers(text: String, expected: String) throws {
        #expect(Hexadecimal.text(try MessagePack.encode(.number(text))) == expected)
    }

    @Test("lengths take their smallest form")
    func lengths() throws {
        func header(_ value: JSON, _ count: Int) throws -> String { Hexadecimal.text(try MessagePack.encode(value).prefix(count)) }
        #expect(try header(.string(String(repeating: "a", count: 31)), 1) == "bf")
        #expect(try header(.string(String(repeating: "a", count: 32)), 2) == "d920")
        #expect(try header(.string(String(repeating: "a", count: 256)), 3) == "da0100")
        #expect(try header(.string(String(repeating: "a", count: 65536)), 5) == "db00010000")
        #expect(try header(.array(Array(repeating: 1, count: 15)), 1) == "9f")
        #expect(try header(.array(Array(repeating: 1, count: 16)), 3) == "dc0010")
        #expect(try header(.array(Array(repeating: 1, count: 65536)), 5) == "dd00010000")
        #expect(try header(.object((0..<16).map { JSON.Member("\($0)", true) }), 3) == "de0010")
    }

    @Test("what has no canonical form is refused, and the path says where")
    func refused() throws {
        let action: JSON = ["orders": [["p": "1", "s": .number("0.5")]]]
        #expect(throws: SigningError(field: "orders[0].s", problem: "0.5 is not a whole number of 64 bits; decimals are sent as strings")) {
            try MessagePack.encode(action)
        }
        for text in ["1.0", "1e3", "18446744073709551616", "-9223372036854775809"] {
            #expect(throws: SigningError.self) { try MessagePack.encode(.number(text)) }
        }
        #expect(throws: SigningError.self) { try MessagePack.encode(["c": nil]) }
    }
}
