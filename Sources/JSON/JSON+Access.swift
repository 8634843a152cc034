/// Reading a value's parts. Everything throws ``JSONError`` naming the field, what was expected and what was found.
extension JSON {
    /// The member, or `nil` when it is absent, `null`, or this is no object. The first of repeated names counts.
    public subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return Optional.none }
        for member in members where member.name == name {
            // Spelled out: a bare `nil` would be taken for JSON's own null, which is some value.
            return member.value == .null ? Optional.none : .some(member.value)
        }
        return Optional.none
    }

    public func field(_ name: String) throws(JSONError) -> JSON {
        guard case .object = self else { throw JSONError(problem: "expected an object with \"\(name)\", found \(kind)") }
        guard let value = self[name] else { throw JSONError(path: name, problem: "missing") }
        return value
    }

    public func string(_ name: String) throws(JSONError) -> String { try at(name) { value throws(JSONError) in try value.asString() } }
    public func integer(_ name: String) throws(JSONError) -> Int64 { try at(name) { value throws(JSONError) in try value.asInteger() } }
    public func bool(_ name: String) throws(JSONError) -> Bool { try at(name) { value throws(JSONError) in try value.asBool() } }
    public func array(_ name: String) throws(JSONError) -> [JSON] { try at(name) { value throws(JSONError) in try value.asArray() } }

    /// Decodes the member `name` with `decode`; an error inside carries the member's name.
    public func at<T>(_ name: String, _ decode: (JSON) throws(JSONError) -> T) throws(JSONError) -> T {
        let value = try field(name)
        do { return try decode(value) } catch { throw error.inside(name) }
    }

    /// As ``at(_:_:)``, but `nil` when the member is absent or `null`.
    public func maybe<T>(_ name: String, _ decode: (JSON) throws(JSONError) -> T) throws(JSONError) -> T? {
        guard let value = self[name] else { return nil }
        do { return try decode(value) } catch { throw error.inside(name) }
    }

    /// Decodes each element of the array `name`; an error inside carries the index.
    public func list<T>(_ name: String, _ decode: (JSON) throws(JSONError) -> T) throws(JSONError) -> [T] {
        try at(name) { value throws(JSONError) in try value.map(decode) }
    }

    /// The members of the object `name`, each with its own name and value; an error names both.
    public func entries<T>(_ name: String, _ decode: (JSON) throws(JSONError) -> T) throws(JSONError) -> [(name: String, value: T)] {
        try at(name) { object throws(JSONError) in
            guard case .object(let members) = object else { throw JSONError(problem: "expected an object, found \(object.kind)") }
            var entries: [(name: String, value: T)] = []
            entries.reserveCapacity(members.count)
            // each member itself: looking it up by its name would take time of the square of their number
            for member in members {
                guard member.value != .null else { throw JSONError(path: member.name, problem: "missing") }
                do throws(JSONError) { entries.append((member.name, try decode(member.value))) } catch { throw error.inside(member.name) }
            }
            return entries
        }
    }

    public func map<T>(_ decode: (JSON) throws(JSONError) -> T) throws(JSONError) -> [T] {
        let elements = try asArray()
        var result: [T] = []
        result.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do { result.append(try decode(element)) } catch { throw error.inside("[\(index)]") }
        }
        return result
    }

    public func asString() throws(JSONError) -> String {
        guard case .string(let value) = self else { throw JSONError(problem: "expected a string, found \(kind)") }
        return value
    }

    public func asBool() throws(JSONError) -> Bool {
        guard case .bool(let value) = self else { throw JSONError(problem: "expected true or false, found \(kind)") }
        return value
    }

    public func asInteger() throws(JSONError) -> Int64 {
        guard case .number(let text) = self, let value = Int64(text) else {
            throw JSONError(problem: "expected a whole number, found \(kind)")
        }
        return value
    }

    public func asArray() throws(JSONError) -> [JSON] {
        guard case .array(let value) = self else { throw JSONError(problem: "expected an array, found \(kind)") }
        return value
    }

    /// What this is, for error messages: the kind, and for short scalars the value.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): "the number \(text.prefix(40))"
        case .string(let text): "the string \"\(text.prefix(40))\""
        case .array: "an array"
        case .object: "an object"
        }
    }
}
