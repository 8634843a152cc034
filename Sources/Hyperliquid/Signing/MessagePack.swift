import JSON

/// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) of an action, as the exchange hashes it: members in their
/// JSON order, every length and whole number in its smallest form.
public enum MessagePack {
    /// - Throws: for a number that is not whole, as floats have no canonical form here, and for `null`, which the exchange drops
    ///   before it hashes, so that a signature over it would recover a stranger's address.
    public static func encode(_ value: JSON) throws(SigningError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        try append(value, to: &output)
        return output
    }

    static func append(_ value: JSON, to output: inout [UInt8]) throws(SigningError) {
        switch value {
        case .null: throw SigningError(problem: "null: leave the member out, the exchange drops it before hashing")
        case .bool(let flag): output.append(flag ? 0xC3 : 0xC2)
        case .number(let text): try append(number: text, to: &output)
        case .string(let text): append(string: text, to: &output)
        case .array(let elements):
            append(count: elements.count, short: 0x90, wide: 0xDC, to: &output)
            for (index, element) in elements.enumerated() {
                do { try append(element, to: &output) } catch { throw error.inside("[\(index)]") }
            }
        case .object(let members):
            append(count: members.count, short: 0x80, wide: 0xDE, to: &output)
            for member in members {
                append(string: member.name, to: &output)
                do { try append(member.value, to: &output) } catch { throw error.inside(member.name) }
            }
        }
    }

    private static func append(string: String, to output: inout [UInt8]) {
        let count = string.utf8.count
        switch count {
        case 0..<32: output.append(0xA0 | UInt8(count))
        case 32..<0x100: output.append(0xD9); append(bigEndian: UInt8(count), to: &output)
        case 0x100..<0x1_0000: output.append(0xDA); append(bigEndian: UInt16(count), to: &output)
        default: output.append(0xDB); append(bigEndian: UInt32(count), to: &output)
        }
        output.append(contentsOf: string.utf8)
    }

    /// The header of an array or map; the 32-bit form's code follows the 16-bit form's.
    private static func append(count: Int, short: UInt8, wide: UInt8, to output: inout [UInt8]) {
        switch count {
        case 0..<16: output.append(short | UInt8(count))
        case 16..<0x1_0000: output.append(wide); append(bigEndian: UInt16(count), to: &output)
        default: output.append(wide + 1); append(bigEndian: UInt32(count), to: &output)
        }
    }

    private static func append(number text: String, to output: inout [UInt8]) throws(SigningError) {
        if let value = UInt64(text) {
            append(unsigned: value, to: &output)
        } else if let value = Int64(text) {
            if value < 0 { append(negative: value, to: &output) } else { append(unsigned: UInt64(value), to: &output) }
        } else {
            throw SigningError(problem: "\(text.prefix(40)) is not a whole number of 64 bits; decimals are sent as strings")
        }
    }

    private static func append(unsigned value: UInt64, to output: inout [UInt8]) {
        switch value {
        case 0..<0x80: output.append(UInt8(value))
        case 0x80..<0x100: output.append(0xCC); append(bigEndian: UInt8(value), to: &output)
        case 0x100..<0x1_0000: output.append(0xCD); append(bigEndian: UInt16(value), to: &output)
        case 0x1_0000..<0x1_0000_0000: output.append(0xCE); append(bigEndian: UInt32(value), to: &output)
        default: output.append(0xCF); append(bigEndian: value, to: &output)
        }
    }

    private static func append(negative value: Int64, to output: inout [UInt8]) {
        switch value {
        case -32..<0: output.append(UInt8(bitPattern: Int8(value)))
        case Int64(Int8.min)..<(-32): output.append(0xD0); append(bigEndian: UInt8(bitPattern: Int8(value)), to: &output)
        case Int64(Int16.min)..<Int64(Int8.min): output.append(0xD1); append(bigEndian: UInt16(bitPattern: Int16(value)), to: &output)
        case Int64(Int32.min)..<Int64(Int16.min): output.append(0xD2); append(bigEndian: UInt32(bitPattern: Int32(value)), to: &output)
        default: output.append(0xD3); append(bigEndian: UInt64(bitPattern: value), to: &output)
        }
    }

    static func append(bigEndian value: some FixedWidthInteger, to output: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { output.append(contentsOf: $0) }
    }
}
