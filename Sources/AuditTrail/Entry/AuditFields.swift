/// An entry's fields as the bytes that are hashed, and back.
///
/// A tag, then for each field: length of the name, name, length of the value, value; lengths as 32-bit big-endian. Two lists of
/// fields never share one encoding.
enum AuditFields {
    /// The columns of `audit_entries` that hold fields, in the order they are hashed in, whatever order Redis had them in.
    static let columns = ["seq", "id", "subscriber", "influencer", "coin", "action", "trace", "data"]

    /// Fields that each have a column, in the order of ``columns``; absent ones are `nil`.
    static func encode(columns values: [String?]) -> [UInt8] {
        var output: [UInt8] = [1]
        output.reserveCapacity(values.reduce(160) { $0 + ($1?.utf8.count ?? 0) })
        for (name, value) in zip(columns, values) {
            if let value { append(name.utf8, value.utf8, to: &output) }
        }
        return output
    }

    /// Any fields, in the order they came.
    static func encode(raw fields: [(name: [UInt8], value: [UInt8])]) -> [UInt8] {
        var output: [UInt8] = [2]
        for (name, value) in fields { append(name, value, to: &output) }
        return output
    }

    /// What ``encode(raw:)`` encoded; `nil` for anything else.
    static func decode(raw bytes: [UInt8]) -> [(name: [UInt8], value: [UInt8])]? {
        guard bytes.first == 2 else { return nil }
        var rest = bytes.dropFirst()
        var fields: [(name: [UInt8], value: [UInt8])] = []
        while !rest.isEmpty {
            guard let name = part(&rest), let value = part(&rest) else { return nil }
            fields.append((name: name, value: value))
        }
        return fields
    }

    private static func append<Part: Collection<UInt8>>(_ name: Part, _ value: Part, to output: inout [UInt8]) {
        for part in [name, value] {
            output.append(bigEndian: UInt32(part.count))
            output.append(contentsOf: part)
        }
    }

    private static func part(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.count >= 4 else { return nil }
        let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(4)
        guard rest.count >= count else { return nil }
        let part = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return part
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
