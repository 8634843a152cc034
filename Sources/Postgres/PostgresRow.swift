/// How result columns travel.
public enum PostgresFormat: Int32, Sendable {
    /// Every type has a text form.
    case text = 0
    /// Faster for many rows and for `bytea`. Readable here: integers, `bool`, text types, `json`, `bytea`, `text[]`; cast others to text.
    case binary = 1
}

/// One row of a result. Columns are read by name or by position; what is not there or not readable throws `42804` and names the column.
public struct PostgresRow: Sendable {
    let table: PostgresTable
    let row: Int

    public func text(_ column: some PostgresColumn) throws(PostgresError) -> String { try required(maybeText(column), column) }
    public func integer(_ column: some PostgresColumn) throws(PostgresError) -> Int64 { try required(maybeInteger(column), column) }
    public func bytes(_ column: some PostgresColumn) throws(PostgresError) -> [UInt8] { try required(maybeBytes(column), column) }
    public func bool(_ column: some PostgresColumn) throws(PostgresError) -> Bool { try required(maybeBool(column), column) }

    public func maybeText(_ column: some PostgresColumn) throws(PostgresError) -> String? {
        let index = try table.index(of: column)
        return table.cell(row, index).map { String(decoding: $0, as: UTF8.self) }
    }

    public func maybeInteger(_ column: some PostgresColumn) throws(PostgresError) -> Int64? {
        let index = try table.index(of: column)
        guard let cell = table.cell(row, index) else { return nil }
        if table.isBinary(index) {
            guard [2, 4, 8].contains(cell.count) else { throw table.mismatch(index, "an integer") }
            return cell.bigEndianInteger
        }
        guard let value = Int64(String(decoding: cell, as: UTF8.self)) else { throw table.mismatch(index, "an integer") }
        return value
    }

    public func maybeBool(_ column: some PostgresColumn) throws(PostgresError) -> Bool? {
        let index = try table.index(of: column)
        guard let cell = table.cell(row, index) else { return nil }
        guard cell.count == 1, let byte = cell.first else { throw table.mismatch(index, "a boolean") }
        return table.isBinary(index) ? byte != 0 : byte == UInt8(ascii: "t")
    }

    /// A `bytea`.
    public func maybeBytes(_ column: some PostgresColumn) throws(PostgresError) -> [UInt8]? {
        let index = try table.index(of: column)
        guard let cell = table.cell(row, index) else { return nil }
        if table.isBinary(index) { return Array(cell) }
        guard let bytes = cell.hexadecimalBytes else { throw table.mismatch(index, "a bytea") }
        return bytes
    }

    /// A `text[]`, in a binary result; null elements are left out.
    public func texts(_ column: some PostgresColumn) throws(PostgresError) -> [String] {
        let index = try table.index(of: column)
        guard let cell = table.cell(row, index) else { throw table.mismatch(index, "text[]") }
        guard table.isBinary(index), let texts = cell.arrayTexts else { throw table.mismatch(index, "text[] in a binary result") }
        return texts
    }

    private func required<T>(_ value: T?, _ column: some PostgresColumn) throws(PostgresError) -> T {
        guard let value else { throw table.mismatch(try table.index(of: column), "a value") }
        return value
    }
}

/// Names a result column: `"stream"`, or its position from 0 where rows are many.
public protocol PostgresColumn: Sendable {
    func position(in names: [String: Int], count: Int) -> Int?
    var label: String { get }
}

extension String: PostgresColumn {
    public func position(in names: [String: Int], count: Int) -> Int? { names[self] }
    public var label: String { self }
}

extension Int: PostgresColumn {
    public func position(in names: [String: Int], count: Int) -> Int? { (0..<count).contains(self) ? self : nil }
    public var label: String { "#\(self)" }
}
