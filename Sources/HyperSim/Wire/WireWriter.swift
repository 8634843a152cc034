import CopyTrading
import JSON

/// Builds JSON as bytes, without a tree in between: the answers of the hot path.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Text of the program: punctuation and member names.
    mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func raw(_ other: [UInt8]) { bytes.append(contentsOf: other) }

    /// A quoted string, escaped.
    mutating func string(_ text: String) { JSON.string(text).write(to: &bytes) }

    mutating func string(orNull text: String?) {
        if let text { string(text) } else { raw("null") }
    }

    /// A quoted string known to need no escape: addresses, hashes, cloids, coins.
    mutating func plain(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    mutating func json(_ value: JSON) { value.write(to: &bytes) }

    mutating func integer(_ value: some BinaryInteger) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        digits(UInt64(value.magnitude))
    }

    /// A quoted decimal with at least one digit after the point: `"80640.0"`.
    mutating func decimal(_ value: some FixedPoint) {
        bytes.append(UInt8(ascii: "\""))
        if value.e8 < 0 { bytes.append(UInt8(ascii: "-")) }
        digits(value.e8.magnitude / 100_000_000)
        bytes.append(UInt8(ascii: "."))
        var fraction = value.e8.magnitude % 100_000_000
        var unit: UInt64 = 10_000_000
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(fraction / unit))
            fraction %= unit
            unit /= 10
        } while fraction != 0
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes `elements` as an array, each by `write`.
    /// - Returns: how many there were.
    @discardableResult
    mutating func array<Elements: Sequence>(_ elements: Elements, _ write: (inout WireWriter, Elements.Element) -> Void) -> Int {
        bytes.append(UInt8(ascii: "["))
        var count = 0
        for element in elements {
            if count > 0 { bytes.append(UInt8(ascii: ",")) }
            count += 1
            write(&self, element)
        }
        bytes.append(UInt8(ascii: "]"))
        return count
    }

    private mutating func digits(_ value: UInt64) {
        guard value >= 10 else { return bytes.append(UInt8(ascii: "0") + UInt8(value)) }
        let start = bytes.count
        var rest = value
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
    }
}
