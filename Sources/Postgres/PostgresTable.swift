import CPostgres

/// A whole result, copied out of libpq into one block of bytes, so that rows can leave the connection's thread.
final class PostgresTable: Sendable {
    private struct Cell {
        let start: Int
        /// −1 for null.
        let length: Int
    }

    private let names: [String]
    private let positions: [String: Int]
    private let binary: [Bool]
    private let bytes: [UInt8]
    private let cells: [Cell]
    let rowCount: Int

    init(copying result: OpaquePointer) {
        let columns = PQnfields(result)
        let rows = PQntuples(result)
        names = (0..<columns).map { String(cString: PQfname(result, $0)) }
        positions = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
        binary = (0..<columns).map { PQfformat(result, $0) == 1 }
        rowCount = Int(rows)
        var bytes: [UInt8] = []
        var cells: [Cell] = []
        cells.reserveCapacity(Int(rows) * Int(columns))
        for row in 0..<rows {
            for column in 0..<columns {
                guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
                    cells.append(Cell(start: 0, length: -1))
                    continue
                }
                let length = Int(PQgetlength(result, row, column))
                cells.append(Cell(start: bytes.count, length: length))
                bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: length))
            }
        }
        self.bytes = bytes
        self.cells = cells
    }

    var rows: [PostgresRow] { (0..<rowCount).map { PostgresRow(table: self, row: $0) } }

    func cell(_ row: Int, _ column: Int) -> ArraySlice<UInt8>? {
        let cell = cells[row * names.count + column]
        return cell.length < 0 ? nil : bytes[cell.start..<cell.start + cell.length]
    }

    func isBinary(_ column: Int) -> Bool { binary[column] }

    func index(of column: some PostgresColumn) throws(PostgresError) -> Int {
        if let index = column.position(in: positions, count: names.count) { return index }
        throw .failed(sqlstate: "42804", message: "the result has no column \(column.label)", detail: names.joined(separator: ", "))
    }

    /// The value is not shown: it may be a secret.
    func mismatch(_ column: Int, _ expected: String) -> PostgresError {
        .failed(sqlstate: "42804", message: "result column \(names[column]): expected \(expected)", detail: nil)
    }
}

extension ArraySlice<UInt8> {
    /// Two's complement, as many bytes as there are (at most 8).
    var bigEndianInteger: Int64 {
        var value: Int64 = (first ?? 0) & 0x80 == 0 ? 0 : -1
        for byte in self { value = value << 8 | Int64(byte) }
        return value
    }

    /// The text form of a `bytea`: `\x` and two digits a byte.
    var hexadecimalBytes: [UInt8]? {
        guard count % 2 == 0, starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "x")]) else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(count / 2)
        var high: UInt8?
        for byte in dropFirst(2) {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            if let upper = high { output.append(upper << 4 | UInt8(digit)) }
            high = high == nil ? UInt8(digit) : nil
        }
        return output
    }

    /// A one-dimensional array in the format ``PostgresArray`` writes.
    var arrayTexts: [String]? {
        var rest = self
        func integer() -> Int? {
            guard rest.count >= 4 else { return nil }
            defer { rest = rest.dropFirst(4) }
            return Int(rest.prefix(4).bigEndianInteger)
        }
        guard let dimensions = integer(), integer() != nil, integer() != nil else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = integer(), count >= 0, integer() != nil else { return nil }
        var texts: [String] = []
        for _ in 0..<count {
            guard let length = integer() else { return nil }
            guard length >= 0 else { continue }
            guard rest.count >= length else { return nil }
            texts.append(String(decoding: rest.prefix(length), as: UTF8.self))
            rest = rest.dropFirst(length)
        }
        return texts
    }
}
