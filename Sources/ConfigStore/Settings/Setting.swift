import JSON
import Yams

/// One setting of a `Root`: its name as people write it, what they are told of it, and how it is read and written. The same table
/// reads configuration files, reads and writes what is stored, names what changed, and makes the reference page.
struct Setting<Root: Sendable>: Sendable {
    /// `limits.max_order_notional`: at most one section, then the name.
    let name: String
    let range: String
    let fallback: String
    let purpose: String
    let read: @Sendable (Node, Place, FaultList, inout Root) -> Void
    /// `nil` when there is nothing to say: an optional that is not there.
    let write: @Sendable (Root) -> JSON?

    /// - Parameter template: has the default.
    init<Value: Sendable & Equatable>(
        _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ kind: ValueKind<Value>, of template: Root, _ purpose: String
    ) {
        self.name = name
        range = kind.range
        fallback = Self.text(kind.write(template[keyPath: path]))
        self.purpose = purpose
        read = { node, place, faults, root in
            if let value = kind.read(node, place, faults) { root[keyPath: path] = value }
        }
        write = { kind.write($0[keyPath: path]) }
    }

    /// An optional one, which `none` takes away.
    init<Value: Sendable & Equatable>(
        _ name: String, _ path: WritableKeyPath<Root, Value?> & Sendable, optional kind: ValueKind<Value>, of template: Root,
        _ purpose: String
    ) {
        self.name = name
        range = kind.orNone.range
        fallback = Self.text(kind.orNone.write(template[keyPath: path]))
        self.purpose = purpose
        let isAbsentByDefault = template[keyPath: path] == nil
        read = { node, place, faults, root in
            if let value = kind.orNone.read(node, place, faults) { root[keyPath: path] = value }
        }
        write = { root in
            if root[keyPath: path] == nil, isAbsentByDefault { return nil }
            return kind.orNone.write(root[keyPath: path])
        }
    }

    var section: String? { name.contains(".") ? String(name.prefix { $0 != "." }) : nil }
    var member: String { section.map { String(name.dropFirst($0.count + 1)) } ?? name }

    private static func text(_ json: JSON) -> String {
        switch json {
        case .string(let text): text
        case .array(let elements): elements.isEmpty ? "[]" : json.text()
        default: json.text()
        }
    }
}

/// A table of settings.
struct SettingTable<Root: Sendable>: Sendable {
    let settings: [Setting<Root>]

    private var sections: [String] {
        settings.compactMap(\.section).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Reads what the mapping has; what it does not have stays as it is.
    func read(_ mapping: inout MappingReader, into root: inout Root) {
        for setting in settings where setting.section == nil {
            if let (node, place) = mapping.node(setting.name) { setting.read(node, place, mapping.faults, &root) }
        }
        for section in sections {
            guard let (node, place) = mapping.node(section), var reader = MappingReader(node, place, mapping.faults) else { continue }
            for setting in settings where setting.section == section {
                if let (node, place) = reader.node(setting.member) { setting.read(node, place, reader.faults, &root) }
            }
            reader.finish()
        }
    }

    /// The members of a mapping that reads back as `root`.
    func write(_ root: Root) -> [JSON.Member] {
        var members = settings.filter { $0.section == nil }.compactMap { setting in
            setting.write(root).map { JSON.Member(setting.name, $0) }
        }
        for section in sections {
            let values = settings.filter { $0.section == section }.compactMap { setting in
                setting.write(root).map { JSON.Member(setting.member, $0) }
            }
            if !values.isEmpty { members.append(JSON.Member(section, .object(values))) }
        }
        return members
    }
}
