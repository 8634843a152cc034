import JSON
import Testing

@Suite("Writing JSON")
struct WriteTests {
    @Test("compact text is written and read back as the same value", arguments: [
        (.null, "null"), (true, "true"), ("a", #""a""#), ([], "[]"), ([:], "{}"), (["b": 1, "a": [2, .null, false]], #"{"b":1,"a":[2,null,false]}"#),
        (.number("1.50"), "1.50"), (.integer(Int128(1) << 100), "1267650600228229401496703205376"), (.integer(Int8.min), "-128"),
        (.string(orNull: nil), "null"), (.string(orNull: "x"), #""x""#),
    ] as [(JSON, String)])
    func compact(json: JSON, text: String) throws {
        #expect(json.text() == text)
        #expect(json.bytes() == Array(text.utf8))
        #expect(try JSON.parse(text) == json)
    }

    @Test("quotes, backslashes and control characters are escaped, everything else is left as it is")
    func escapes() throws {
        let text = "\"\\/\n\t\0\u{1f}\u{7f}é€😀"
        #expect(JSON.string(text).text() == "\"\\\"\\\\/\\u000a\\u0009\\u0000\\u001f\u{7f}é€😀\"")
        #expect(try JSON.parse(JSON.string(text).text()) == .string(text))
        #expect(JSON.object([.init("a\"b", 1)]).text() == #"{"a\"b":1}"#)
    }

    @Test("every scalar value survives")
    func allScalars() throws {
        var text = ""
        for value in stride(from: UInt32(0), to: 0x11_0000, by: 7) {
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
        let json = JSON.string(text)
        guard case .string(let back) = try JSON.parse(json.bytes()) else {
            Issue.record("not a string")
            return
        }
        #expect(Array(back.utf8) == Array(text.utf8))
    }

    @Test("text for people is indented, empty containers stay on their line, and it reads back the same")
    func pretty() throws {
        let json: JSON = ["a": [1, ["b": .null]], "c": [], "d": [:]]
        #expect(json.pretty() == """
            {
              "a": [
                1,
                {
                  "b": null
                }
              ],
              "c": [],
              "d": {}
            }
            """)
        #expect(try JSON.parse(json.pretty()) == json)
    }

    @Test("writing appends to what is there")
    func append() {
        var output = Array("x=".utf8)
        JSON.integer(5).write(to: &output)
        #expect(output == Array("x=5".utf8))
    }
}
