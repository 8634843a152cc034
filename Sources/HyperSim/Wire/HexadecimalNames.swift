import JSON

/// An account, agent or vault: `0x` and 40 hexadecimal digits, kept in lower case.
struct Address: Equatable {
    let text: String

    init?(_ text: String) {
        guard let text = HexadecimalName.read(text, digits: 40) else { return nil }
        self.text = text
    }

    init(json: JSON) throws(JSONError) {
        guard let address = Address(try json.asString()) else { throw JSONError(problem: "expected an address, found \(json.kind)") }
        self = address
    }
}

/// A client order id: `0x` and 32 hexadecimal digits, kept in lower case.
struct Cloid: Equatable {
    let text: String

    init?(_ text: String) {
        guard let text = HexadecimalName.read(text, digits: 32) else { return nil }
        self.text = text
    }

    init(json: JSON) throws(JSONError) {
        guard let cloid = Cloid(try json.asString()) else { throw JSONError(problem: "expected a cloid, found \(json.kind)") }
        self = cloid
    }
}

enum HexadecimalName {
    /// `0x` and exactly `digits` hexadecimal digits, in lower case; `nil` for anything else.
    static func read(_ text: String, digits: Int) -> String? {
        guard text.utf8.count == digits + 2, text.hasPrefix("0x") else { return nil }
        var isLower = true
        for byte in text.utf8.dropFirst(2) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): continue
            case UInt8(ascii: "A")...UInt8(ascii: "F"): isLower = false
            default: return nil
            }
        }
        return isLower ? text : text.lowercased()
    }
}
