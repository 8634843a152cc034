import JSON
import Testing

@Suite("Taking JSON apart")
struct AccessTests {
    private let json: JSON = [
        "name": "x", "count": 3, "big": .number("9223372036854775807"), "on": true, "none": .null, "list": [["px": "1"], ["px": 2]],
        "inner": ["deep": ["value": "v"]],
    ]

    @Test("members are read by kind")
    func members() throws {
        #expect(try json.string("name") == "x")
        #expect(try json.integer("count") == 3)
        #expect(try json.integer("big") == .max)
        #expect(try json.bool("on"))
        #expect(try json.array("list").count == 2)
        #expect(json["inner"]?["deep"]?["value"] == "v")
    }

    @Test("an absent member and a null one are both nothing, and not JSON's null as a value")
    func nothing() throws {
        #expect(json["none"] == Optional<JSON>.none)
        #expect(json["absent"] == Optional<JSON>.none)
        #expect(JSON.array([])["a"] == Optional<JSON>.none)
        #expect(try json.maybe("none") { value throws(JSONError) in try value.asString() } == nil)
        #expect(try json.maybe("absent") { value throws(JSONError) in try value.asString() } == nil)
        #expect(try json.maybe("name") { value throws(JSONError) in try value.asString() } == "x")
        #expect(throws: JSONError(path: "none", problem: "missing")) { try json.string("none") }
        #expect(throws: JSONError(path: "absent", problem: "missing")) { try json.string("absent") }
    }

    @Test("an error names the path, what was expected and what was found")
    func errors() {
        #expect(throws: JSONError(path: "name", problem: "expected a whole number, found the string \"x\"")) { try json.integer("name") }
        #expect(throws: JSONError(path: "count", problem: "expected a string, found the number 3")) { try json.string("count") }
        #expect(throws: JSONError(path: "list", problem: "expected true or false, found an array")) { try json.bool("list") }
        #expect(throws: JSONError(path: "inner", problem: "expected an array, found an object")) { try json.array("inner") }
        #expect(throws: JSONError(path: "list[1].px", problem: "expected a string, found the number 2")) {
            try json.list("list") { element throws(JSONError) in try element.string("px") }
        }
        #expect(throws: JSONError(path: "inner.deep.value", problem: "expected a whole number, found the string \"v\"")) {
            try json.at("inner") { inner throws(JSONError) in
                try inner.at("deep") { deep throws(JSONError) in try deep.integer("value") }
            }
        }
        #expect(throws: JSONError(problem: "expected an object with \"a\", found an array")) { try JSON.array([]).string("a") }
        #expect("\(JSONError(path: "a.b", problem: "missing"))" == "a.b: missing")
        #expect("\(JSONError(problem: "bad"))" == "bad")
    }

    @Test("only whole numbers in range are integers", arguments: ["1.0", "1e3", "9223372036854775808", "-9223372036854775809", "-0.5"])
    func integers(text: String) {
        #expect(throws: JSONError.self) { try JSON.number(text).asInteger() }
    }

    @Test("a long value is shortened in an error")
    func shortened() {
        let long = String(repeating: "a", count: 100)
        #expect(JSON.string(long).kind == "the string \"\(String(repeating: "a", count: 40))\"")
    }
}
