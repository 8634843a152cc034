import Cryptography

/// The hash chain of one stream: each row's value covers the row and, through the value before it, all rows before it. A row
/// altered, taken out, put in or moved breaks it there.
enum AuditChain {
    /// The value before the first row.
    static let start = [UInt8](repeating: 0, count: 32)

    /// SHA-256 of: previous value, length of the stream's name (32 bit), name, both parts of the entry id, `seq` (the least 64-bit
    /// integer when there is none), hash of the fields. Integers are big-endian, 64 bits where not said otherwise.
    static func next(after previous: [UInt8], _ record: AuditRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(previous.count + record.stream.utf8.count + 60)
        bytes.append(contentsOf: previous)
        bytes.append(bigEndian: UInt32(record.stream.utf8.count))
        bytes.append(contentsOf: record.stream.utf8)
        bytes.append(bigEndian: record.entryID.milliseconds)
        bytes.append(bigEndian: record.entryID.sequence)
        bytes.append(bigEndian: record.seq ?? .min)
        bytes.append(contentsOf: record.payloadHash)
        return SHA256.hash(bytes)
    }
}
