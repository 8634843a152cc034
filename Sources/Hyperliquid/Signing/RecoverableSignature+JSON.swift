import Cryptography
import JSON

extension RecoverableSignature {
    /// `{"r":"0x…","s":"0x…","v":27}`, both numbers with all 64 digits.
    public var json: JSON {
        [
            "r": .string("0x" + Hexadecimal.text(r)), "s": .string("0x" + Hexadecimal.text(s)), "v": .integer(v),
        ]
    }

    /// Reads what ``json`` writes, and numbers whose leading zeros were dropped, as the exchange does.
    public init(json: JSON) throws(JSONError) {
        let v = try json.integer("v")
        guard v == 27 || v == 28 else { throw JSONError(path: "v", problem: "expected 27 or 28, found \(v)") }
        self.init(r: try Self.number(json, "r"), s: try Self.number(json, "s"), v: UInt8(v))
    }

    private static func number(_ json: JSON, _ name: String) throws(JSONError) -> [UInt8] {
        let text = try json.string(name)
        let digits = text.dropFirst(2)
        guard text.hasPrefix("0x"), (1...64).contains(digits.utf8.count),
            let bytes = Hexadecimal.bytes(String(repeating: "0", count: 64 - digits.utf8.count) + digits)
        else { throw JSONError(path: name, problem: "expected 0x and at most 64 hexadecimal digits") }
        return bytes
    }
}
