import JSON
import Yams

/// Settings as they are stored: the JSON of the same mapping that a file has, read by the same tables.
enum StoredDocument {
    /// - Throws: the first fault, as of the member it concerns.
    static func read<Value>(_ json: JSON, _ read: (inout MappingReader) -> Value?) throws(JSONError) -> Value {
        let faults = FaultList()
        guard var mapping = MappingReader(node(json), Place(file: "", line: 0, field: ""), faults) else {
            throw JSONError(problem: "expected an object, found \(json.kind)")
        }
        if let version = mapping.value("v", ValueParsing.integer(Int64(1)...Int64.max)), version != SubscriptionSettings.version {
            throw JSONError(path: "v", problem: "settings of version \(version), this program reads \(SubscriptionSettings.version)")
        }
        let value = read(&mapping)
        mapping.finish()
        if let fault = faults.sorted.first {
            throw JSONError(path: fault.field, problem: (fault.value.map { "\"\($0)\" " } ?? "") + fault.problem)
        }
        guard let value else { throw JSONError(problem: "makes no sense") }
        return value
    }

    private static func node(_ json: JSON) -> Node {
        switch json {
        case .null: Node("null", Tag(.implicit), .plain)
        case .bool(let value): Node(String(value), Tag(.implicit), .plain)
        case .number(let text): Node(text, Tag(.implicit), .plain)
        case .string(let text): Node(text, Tag(.implicit), .doubleQuoted)
        case .array(let elements): Node(elements.map(node), Tag(.implicit))
        // a null is stored for what is not there
        case .object(let members): Node(members.filter { $0.value != .null }.map { (Node($0.name), node($0.value)) }, Tag(.implicit))
        }
    }

    /// Dotted name → text of each value, for saying what changed.
    static func flattened(_ json: JSON, prefix: String = "") -> [String: String] {
        guard case .object(let members) = json else { return [:] }
        var values: [String: String] = [:]
        for member in members {
            let name = prefix + member.name
            switch member.value {
            case .object: values.merge(flattened(member.value, prefix: name + ".")) { $1 }
            case .string(let text): values[name] = text
            case .array(let elements) where elements.allSatisfy({ if case .string = $0 { true } else { false } }):
                values[name] = elements.map { if case .string(let text) = $0 { text } else { "" } }.joined(separator: ",")
            default: values[name] = member.value.text()
            }
        }
        return values
    }
}
