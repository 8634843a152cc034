import Logging

/// An entry that cannot be worked on, put aside with all it carried until an operator has decided what becomes of it.
public struct DeadLetter: Sendable {
    public enum Reason: String, Sendable, CaseIterable {
        /// A field is missing or cannot be read.
        case malformed
        /// Larger than ``StreamEntry/maximumBytes``, or of more fields than ``StreamEntry/maximumFields``. Only its beginning is kept.
        case oversized
        /// Delivered again and again without an end: it brings processes down.
        case poison
    }

    /// Of the dead letters' own entry.
    public let id: String
    private let fields: [(name: String, value: [UInt8])]

    public init(_ entry: StreamEntry) {
        id = entry.id
        fields = entry.fields.map { (name: String(decoding: $0.name, as: UTF8.self), value: $0.value) }
    }

    private func text(_ name: String) -> String? { fields.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) } }

    /// Where the entry was, and its id there. The partition is `nil` when the text names none.
    public var origin: StreamPartition? { text("origin").flatMap(StreamPartition.init(name:)) }
    public var originName: String { text("origin") ?? "?" }
    public var entry: String { text("entry") ?? "?" }
    public var reason: String { text("reason") ?? "?" }
    /// What is wrong, and in which field.
    public var error: String { text("error") ?? "" }
    public var deliveries: Int { text("deliveries").flatMap { Int($0) } ?? 0 }
    /// It gives up a position, or nobody can tell.
    public var isExit: Bool { text("exit") != "0" }
    /// The attempt journal's record of an order that may have been sent for it.
    public var attempt: [UInt8]? { fields.first { $0.name == "attempt" }?.value }
    /// How large the entry was of which only the beginning is kept.
    public var truncated: String? { text("truncated") }
    /// The entry's own fields, as they came.
    public var original: [(name: String, value: [UInt8])] {
        fields.filter { $0.name.hasPrefix(Self.prefix) }.map { (String($0.name.dropFirst(Self.prefix.count)), $0.value) }
    }

    /// Milliseconds since 1970, of Redis.
    public var milliseconds: Int64 { Int64(id.prefix { $0 != "-" }) ?? 0 }

    /// The first original field of a name, as text.
    public func original(_ name: String) -> String? { text(Self.prefix + name) }

    static let prefix = "original."
    /// Kept of each field of an oversized entry, and of its name.
    static let keptBytes = 1_024
    static let keptName = 100

    /// - Parameter action: of the entry, such as `open buy` or `close+open`. An action that is not known to add risk may be an exit.
    static func isExit(action: String?) -> Bool {
        guard let action, let first = action.split(separator: " ").first else { return true }
        return !first.split(separator: "+", omittingEmptySubsequences: false).allSatisfy { $0 == "open" || $0 == "increase" }
    }
}

/// What a stage knows of an entry that is put aside.
public struct Remains: Sendable {
    /// The attempt journal's record of an order that may have been sent for it.
    public var attempt: [UInt8]?
    /// Stored with the letter, as with a ``HandOff``.
    public var state: [(field: String, value: [UInt8]?)]
    public var settled: [String]

    public init(attempt: [UInt8]? = nil, state: [(field: String, value: [UInt8]?)] = [], settled: [String] = []) {
        self.attempt = attempt
        self.state = state
        self.settled = settled
    }
}

extension HandOff {
    /// Puts an entry aside and says so, an exit as loudly as can be.
    public init(
        puttingAside entry: StreamEntry, from origin: StreamPartition, _ reason: DeadLetter.Reason, error: String, remains: Remains = Remains(),
        logger: Logger
    ) {
        let letter = Emission(puttingAside: entry, from: origin, reason, error: error, attempt: remains.attempt)
        let isExit = DeadLetter.isExit(action: entry.text("action"))
        let facts: Logger.Metadata = [
            "partition": "\(origin)", "entry": "\(entry.id)", "reason": "\(reason.rawValue)", "error": "\(error.prefix(200))",
            "action": "\(entry.text("action")?.prefix(40) ?? "unknown")",
        ]
        logger.log(level: isExit ? .critical : .error, isExit ? "dead_letter.exit" : "dead_letter.entry", metadata: facts)
        self.init(entry: entry.id, emissions: [letter], state: remains.state, settled: remains.settled)
    }

    /// Puts an entry aside whose record cannot be read.
    public init(unreadable entry: StreamEntry, from origin: StreamPartition, error: String, logger: Logger) {
        self.init(puttingAside: entry, from: origin, entry.isOversized ? .oversized : .malformed, error: error, logger: logger)
    }
}

extension Emission {
    /// The letter. Bounded: a script takes each of its fields as an argument.
    init(puttingAside entry: StreamEntry, from origin: StreamPartition, _ reason: DeadLetter.Reason, error: String, attempt: [UInt8]?) {
        var fields: [(name: String, value: [UInt8])] = [
            ("origin", Array(origin.name.utf8)), ("entry", Array(entry.id.utf8)), ("reason", Array(reason.rawValue.utf8)),
            ("error", Array(error.prefix(1_000).utf8)), ("deliveries", Array(String(entry.deliveries + 1).utf8)),
            ("exit", [UInt8(ascii: DeadLetter.isExit(action: entry.text("action")) ? "1" : "0")]),
        ]
        if let attempt { fields.append(("attempt", attempt)) }
        if entry.isOversized {
            fields.append(("truncated", Array("\(entry.size) bytes in \(entry.fields.count) fields".utf8)))
            for (name, value) in entry.fields.prefix(StreamEntry.maximumFields) {
                let kept = String(decoding: name.prefix(DeadLetter.keptName), as: UTF8.self)
                fields.append((DeadLetter.prefix + kept, Array(value.prefix(DeadLetter.keptBytes))))
            }
        } else {
            for (name, value) in entry.fields { fields.append((DeadLetter.prefix + String(decoding: name, as: UTF8.self), value)) }
        }
        self.init(StreamPartition(.deadLetters, 0), fields)
    }
}

extension StreamEntry {
    /// For people; `nil` for an entry that may be read.
    public var oversize: String? {
        guard isOversized else { return nil }
        return "\(size) bytes in \(fields.count) fields, at most \(Self.maximumBytes) in \(Self.maximumFields) are read"
    }

    /// A field that is there more than once.
    public var repeatedField: String? {
        for (index, field) in fields.enumerated() where fields[..<index].contains(where: { $0.name == field.name }) {
            return String(decoding: field.name, as: UTF8.self)
        }
        return nil
    }
}
