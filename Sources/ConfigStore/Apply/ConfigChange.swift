import CopyTrading
import JSON

/// What applying a file changes, or would change.
public struct ConfigChange: Sendable, Equatable {
    /// The version in force afterwards; on a dry run, the one that would be.
    public var version: Int64
    public var isDryRun: Bool
    public var influencers: Difference
    public var subscribers: Difference
    public var subscriptions: Difference
    /// States of everything and of single coins.
    public var scopes: Difference
    /// All agent keys were sealed with a new sealing key, which makes no version.
    public var isResealed: Bool
    /// Subscribers whose agent keys it destroyed, as the file does not have them.
    public var destroyedKeys: [String] = []
    /// Keys that it destroyed, as their sealing key is lost.
    public var lostKeys = 0

    /// True when the file says what is in force already.
    public var isEmpty: Bool { influencers.isEmpty && subscribers.isEmpty && subscriptions.isEmpty && scopes.isEmpty }

    /// By id.
    public struct Difference: Sendable, Equatable {
        public var added: [String] = []
        public var changed: [Changed] = []
        public var removed: [String] = []
        public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }
        public var counts: String { "+\(added.count) ~\(changed.count) −\(removed.count)" }
    }

    public struct Changed: Sendable, Equatable, CustomStringConvertible {
        public var id: String
        public var fields: [Field]
        public var description: String { "\(id): \(fields.map(\.description).joined(separator: ", "))" }
    }

    public struct Field: Sendable, Equatable, CustomStringConvertible {
        public var name: String
        public var before: String?
        public var after: String?
        public var description: String { "\(name) \(before ?? "none") → \(after ?? "none")" }
    }

    /// One line, kept with the version.
    public var summary: String {
        if isEmpty { return "no change" }
        return [("influencers", influencers), ("subscribers", subscribers), ("subscriptions", subscriptions), ("scopes", scopes)]
            .filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.counts)" }.joined(separator: ", ")
    }
}

extension ConfigChange.Difference {
    init<Entry: ConfigEntry>(from before: some Collection<Entry>, to after: some Collection<Entry>) {
        let old = Dictionary(uniqueKeysWithValues: before.map { ($0.key, $0) })
        let new = Dictionary(uniqueKeysWithValues: after.map { ($0.key, $0) })
        added = new.keys.filter { old[$0] == nil }.sorted()
        removed = old.keys.filter { new[$0] == nil }.sorted()
        for (key, entry) in new.sorted(by: { $0.key < $1.key }) {
            guard let previous = old[key] else { continue }
            var fields: [ConfigChange.Field] = []
            for (index, column) in Entry.columns.enumerated() where previous.values[index] != entry.values[index] {
                let (before, after) = (previous.values[index], entry.values[index])
                fields += column.type == "jsonb" ? Self.members(before, after) : [ConfigChange.Field(name: column.name, before: before, after: after)]
            }
            if !fields.isEmpty { changed.append(ConfigChange.Changed(id: key, fields: fields)) }
        }
    }

    /// What differs in two documents, by dotted name.
    private static func members(_ before: String?, _ after: String?) -> [ConfigChange.Field] {
        let old = before.flatMap { try? JSON.parse($0) }.map { StoredDocument.flattened($0) } ?? [:]
        let new = after.flatMap { try? JSON.parse($0) }.map { StoredDocument.flattened($0) } ?? [:]
        return Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }.map {
            ConfigChange.Field(name: $0, before: old[$0], after: new[$0])
        }
    }

    /// Ids whose rows are written.
    var written: Set<String> { Set(added).union(changed.map(\.id)) }
}
