import CopyTrading
import Yams

/// Reads one mapping of a configuration file field by field, and at the end finds the fields nobody asked for.
///
/// Values are taken by their literal text, quoted or not, so money never goes through binary floating point. What is wrong is added to
/// the fault list and read as `nil`; a caller goes on and finds the rest.
struct MappingReader {
    let place: Place
    let faults: FaultList
    private let members: [(name: String, key: Node, value: Node)]
    private var asked: Set<String> = []
    /// Told to be missing.
    private var told: Set<String> = []

    /// `nil` and a fault when it is no mapping.
    init?(_ node: Node, _ place: Place, _ faults: FaultList) {
        guard let mapping = node.mapping else {
            faults.add(place, value: node.scalar?.string, "is \(node.kindName), expected a mapping (name: value)")
            return nil
        }
        self.place = place
        self.faults = faults
        members = mapping.map { ($0.key.scalar?.string ?? "?", $0.key, $0.value) }
    }

    /// The member's value and place; `nil` when it is absent or null, which ``finish(note:)`` tells apart.
    mutating func node(_ name: String) -> (node: Node, place: Place)? {
        asked.insert(name)
        guard let member = members.first(where: { $0.name == name }), !member.value.isNull else { return nil }
        return (member.value, place.member(name, line: member.value.mark?.line ?? member.key.line))
    }

    /// A single value's text; a fault for a list or a mapping.
    mutating func text(_ name: String) -> (text: String, place: Place)? {
        guard let (node, place) = node(name) else { return nil }
        guard let scalar = node.scalar else {
            faults.add(place, "is \(node.kindName), expected a single value")
            return nil
        }
        return (scalar.string, place)
    }

    /// Reads a single value with `parse`, which gives the value or the problem.
    mutating func value<Value>(_ name: String, _ parse: (String) -> Result<Value, Problem>) -> Value? {
        guard let (text, place) = text(name) else { return nil }
        switch parse(text) {
        case .success(let value): return value
        case .failure(let problem):
            faults.add(place, value: text, problem.text)
            return nil
        }
    }

    /// As above; absent is a fault too.
    mutating func required<Value>(_ name: String, _ parse: (String) -> Result<Value, Problem>) -> Value? {
        guard node(name) != nil else {
            missing(name)
            return nil
        }
        return value(name, parse)
    }

    /// A fault for what has to be there.
    /// - Parameter note: what to do about it.
    mutating func missing(_ name: String, note: String = "") {
        told.insert(name)
        faults.add(place.member(name, line: place.line), "missing" + note)
    }

    /// The elements of a list with their places; `nil` when it is absent or null.
    mutating func list(_ name: String) -> [(node: Node, place: Place)]? {
        guard let (node, place) = node(name) else { return nil }
        guard let sequence = node.sequence else {
            faults.add(place, value: node.scalar?.string, "is \(node.kindName), expected a list")
            return nil
        }
        return sequence.enumerated().map { ($0.element, place.element($0.offset, line: $0.element.line)) }
    }

    /// Faults for members that were not asked for, for members given twice, and for those whose value was lost: what is left empty must not
    /// pass for what is not there.
    /// - Parameter note: why a name that is known elsewhere is unknown here.
    func finish(note: String = "") {
        var seen: Set<String> = []
        for member in members {
            let place = place.member(member.name, line: member.key.line)
            if !asked.contains(member.name) {
                faults.add(place, "unknown\(note); known are \(asked.sorted().joined(separator: ", "))")
            } else if !seen.insert(member.name).inserted {
                faults.add(place, "given twice")
            } else if member.value.isNull, !told.contains(member.name) {
                faults.add(place, "has no value; leave it out, or write none")
            }
        }
    }
}

/// What is wrong with a value; reads on after it.
struct Problem: Error {
    let text: String
    init(_ text: String) { self.text = text }
}
