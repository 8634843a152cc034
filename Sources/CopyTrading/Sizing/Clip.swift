import JSON

/// One gate made an order smaller, or larger: coins before and after.
public struct Clip: Sendable, Equatable, CustomStringConvertible {
    public var gate: Gate
    /// Coins, unsigned.
    public var before: Size
    public var after: Size

    public init(gate: Gate, before: Size, after: Size) {
        self.gate = gate
        self.before = before
        self.after = after
    }

    public var description: String { "\(before) → \(after) by \(gate.rawValue)" }
}

extension Clip {
    public var json: JSON { ["gate": .string(gate.rawValue), "before": .string("\(before)"), "after": .string("\(after)")] }

    public init(json: JSON) throws(JSONError) {
        self.init(gate: try json.choice("gate"), before: try json.decimal("before"), after: try json.decimal("after"))
    }
}

extension [Clip] {
    /// For people: each cap that bit; `nil` when none did. What rounding to the lot takes is in the list only.
    public var text: String? {
        let caps = filter { $0.gate != .lot }
        return caps.isEmpty ? nil : caps.map(\.description).joined(separator: "; ")
    }

    /// The member `clips`; absent reads as none.
    public init(member name: String = "clips", of json: JSON) throws(JSONError) {
        self = json[name] == nil ? [] : try json.list(name, Clip.init(json:))
    }

    /// `null` for none.
    public var json: JSON { isEmpty ? .null : .array(map(\.json)) }
}
