import Cryptography
import Glibc
import JSON

/// An entry laid out in the columns of `audit_entries`, with its hash: a pure function of the entry, used to write it and, later, to
/// find out whether what is stored is still what was written.
///
/// No entry is refused for what it contains: one whose fields do not fit the columns is kept byte for byte in ``raw``.
struct AuditRecord: Sendable {
    let stream: String
    let entryID: AuditEntryID
    let kind: AuditKind
    let seq: Int64?
    /// The columns `id` to `data` of ``AuditFields/columns``.
    let texts: [String?]
    /// All fields, when they are not exactly what the columns hold.
    let raw: [UInt8]?
    let links: AuditLinks
    /// SHA-256 of the fields.
    let payloadHash: [UInt8]

    /// What the scripts can count. A `seq` beyond is none: nothing could follow it.
    private static let numbers: ClosedRange<Int64> = 1...1 << 53

    /// - Parameter kind: of the entry's stream.
    init(_ entry: AuditEntry, kind: AuditKind) {
        stream = entry.stream
        entryID = entry.entryID
        self.kind = kind
        var values = [String?](repeating: nil, count: AuditFields.columns.count)
        var fits = true
        for (name, value) in entry.fields {
            guard let column = AuditFields.columns.firstIndex(where: { name.elementsEqual($0.utf8) }), values[column] == nil,
                let text = String(validating: value, as: UTF8.self), !text.containsZero
            else {
                fits = false
                continue
            }
            values[column] = text
        }
        seq = values[0].flatMap { Int64($0) }.flatMap { Self.numbers.contains($0) ? $0 : nil }
        if values[0] != seq.map({ String($0) }) { fits = false }
        let data = values[7].flatMap(Self.parse)
        if values[7] != nil, data == nil { fits = false }
        if fits {
            raw = nil
            payloadHash = SHA256.hash(AuditFields.encode(columns: values))
        } else {
            let bytes = AuditFields.encode(raw: entry.fields)
            raw = bytes
            payloadHash = SHA256.hash(bytes)
            if data == nil { values[7] = nil }
        }
        texts = Array(values[1...])
        links = AuditLinks(kind: kind, id: values[1], data: data)
    }

    /// `nil` for what a `json` column refuses or cannot be searched in: malformed, or with an escaped zero byte.
    private static func parse(_ text: String) -> JSON? {
        guard !text.containsEscapedZero else { return nil }
        return try? JSON.parse(text)
    }
}

/// What an entry is about, for look-ups.
struct AuditLinks: Sendable, Equatable {
    var signal: String?
    var request: String?
    var job: String?
    var subscription: String?
    var account: String?
    var cloid: String?
    var outcome: String?

    /// Longer ones are not ids, and would not fit an index page.
    static let maximumBytes = 200

    init(kind: AuditKind, id: String?, data: JSON?) {
        func member(_ name: String) -> String? { Self.accepted(data?[name]) }
        signal = member("signal") ?? Self.accepted(data?["signal"]?["id"])
        request = member("request")
        job = member("job")
        subscription = member("subscription")
        account = member("account")
        cloid = member("cloid")
        outcome = member("outcome")
        let own = member("id") ?? id.flatMap { Self.accepted(.string($0)) }
        switch kind {
        case .signals: signal = signal ?? own
        case .requests: request = request ?? own
        case .jobs, .results: job = job ?? own
        case .other: break
        }
    }

    private static func accepted(_ value: JSON?) -> String? {
        guard case .string(let text)? = value, text.utf8.count <= maximumBytes else { return nil }
        return text
    }
}

extension String {
    /// Every field goes through this, so it looks at bytes and not at characters.
    fileprivate var containsZero: Bool { occurs([0]) }

    /// `\u0000` in JSON.
    fileprivate var containsEscapedZero: Bool { occurs(Array("\\u0000".utf8)) }

    private func occurs(_ needle: [UInt8]) -> Bool {
        var text = self
        return text.withUTF8 { bytes in
            var at = 0
            while at + needle.count <= bytes.count, let found = memchr(bytes.baseAddress! + at, Int32(needle[0]), bytes.count - at) {
                at = UnsafeRawPointer(found) - UnsafeRawPointer(bytes.baseAddress!)
                if bytes[at...].starts(with: needle) { return true }
                at += 1
            }
            return false
        }
    }
}
