import JSON
import Testing

@Suite("Reading JSON")
struct ParseTests {
    @Test("every kind of value is read", arguments: [
        ("null", JSON.null), ("true", true), ("false", false), ("0", 0), ("-1.50e+3", .number("-1.50e+3")), (#""""#, ""),
        ("[]", []), ("{}", [:]), (" [ 1 , \"a\" ,\t{ \"b\" : [ null ] }\r\n] ", [1, "a", ["b": [.null]]]),
    ] as [(String, JSON)])
    func kinds(text: String, expected: JSON) throws {
        #expect(try JSON.parse(text) == expected)
        #expect(try JSON.parse(Array(text.utf8)) == expected)
    }

    @Test("the order of members and repeated names are kept")
    func order() throws {
        let json = try JSON.parse(#"{"z":1,"a":2,"m":3,"a":4}"#)
        #expect(json.text() == #"{"z":1,"a":2,"m":3,"a":4}"#)
        #expect(json["a"] == 2)
    }

    @Test("a number keeps its text, beyond what binary floating point could hold", arguments: [
        "100000000000", "1.50", "0.10000000000000000555", "-0", "-0.0", "1e-7", "1E400", "123456789012345678901234567890",
    ])
    func exactNumbers(text: String) throws {
        let json = try JSON.parse(text)
        #expect(json == .number(text))
        #expect(json.text() == text)
    }

    @Test("numbers outside the grammar are refused", arguments: [
        "01", "-01", "00", "1.", ".5", "-", "+1", "1e", "1e+", "1.e3", "0x10", "NaN", "Infinity", "-Infinity", "1_000", "--1", "1 2",
    ])
    func badNumbers(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
    }

    @Test("escapes are read", arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\uD83D\uDE00""#, "😀"),
        (#""\ud834\udd1e!""#, "𝄞!"), (#""\u0000""#, "\0"), (#""a\u0301b""#, "a\u{301}b"), ("\"é€😀\u{7f}\"", "é€😀\u{7f}"),
        (#""é\n€""#, "é\n€"),
    ])
    func escapes(text: String, expected: String) throws {
        #expect(try JSON.parse(text) == .string(expected))
    }

    @Test("broken strings are refused", arguments: [
        #"""#, #""abc"#, #""\"#, #""\x41""#, #""\u12""#, #""\u12G4""#, #""\u""#, #""\uD83D""#, #""\uD83Dx""#, #""\uD83D\n""#,
        #""\uD83D\u0041""#, #""\uDE00""#, #""\uDE00\uD83D""#, #""\uD83D\uD83D""#, "\"a\nb\"", "\"a\u{1}b\"", "\"\\n\u{1f}\"", "'a'",
    ])
    func badStrings(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
    }

    @Test("bytes that are not UTF-8 are refused", arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22],
        [0xEF, 0xBB, 0xBF, 0x31],
    ] as [[UInt8]])
    func notUnicode(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON.parse(bytes) }
    }

    @Test("malformed structure is refused", arguments: [
        "", "  ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1"#,
        #"{"a" 1}"#, "{1:2}", "{a:1}", #"{"a":1 "b":2}"#, "nul", "nulll", "tru", "True", "undefined", "1 1", "[]]", "{}x", "// c\n1",
    ])
    func badStructure(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
    }

    @Test("an error tells the byte where reading stopped")
    func offsets() {
        #expect(throws: JSONError(problem: "not JSON at byte 4: expected a value")) { try JSON.parse("[1, ]") }
        #expect(throws: JSONError(problem: "not JSON at byte 2: text after the end of the value")) { try JSON.parse("{}x") }
        #expect(throws: JSONError(problem: "not JSON at byte 0: ends early")) { try JSON.parse("") }
    }

    @Test("nesting is read to its limit and refused beyond it, arrays and objects alike")
    func depth() throws {
        let limit = JSON.maximumDepth
        func arrays(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        func objects(_ depth: Int) -> String {
            String(repeating: #"{"a":"#, count: depth - 1) + "{}" + String(repeating: "}", count: depth - 1)
        }
        #expect(try JSON.parse(arrays(limit)).text() == arrays(limit))
        #expect(try JSON.parse(objects(limit)).text() == objects(limit))
        for text in [arrays(limit + 1), objects(limit + 1), String(repeating: "[", count: 1_000_000)] {
            #expect {
                try JSON.parse(text)
            } throws: {
                ($0 as? JSONError)?.problem.hasSuffix("nested deeper than \(limit)") == true
            }
        }
    }

    @Test("every cut of a text is refused, none crashes")
    func truncation() throws {
        let bytes = Array(#"{"a":[1.5e-3,"é\ud83d\ude00",true],"b":{"c":null}}"#.utf8)
        _ = try JSON.parse(bytes)
        for length in 0..<bytes.count {
            #expect(throws: JSONError.self) { try JSON.parse(Array(bytes[..<length])) }
        }
    }

    @Test("random damage never crashes, and what still parses is written back the same")
    func damage() throws {
        let bytes = Array(#"{"a":[1.5e-3,"é\ud83d\ude00",true],"b":{"c":null,"d":-0.10}}"#.utf8)
        var state: UInt64 = 42
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<20_000 {
            var damaged = bytes
            for _ in 0...random(3) { damaged[random(damaged.count)] = UInt8(random(256)) }
            guard let json = try? JSON.parse(damaged) else { continue }
            #expect(try JSON.parse(json.bytes()) == json)
        }
    }
}
