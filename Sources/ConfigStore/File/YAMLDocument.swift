import Foundation
import Yams

/// Reads the one document of a YAML file. Text of the file is never part of a fault here: it may hold keys.
enum YAMLDocument {
    static let maximumBytes = 16 * 1024 * 1024

    /// The file's text, or `nil` and a fault.
    static func text(of path: String, _ faults: FaultList) -> String? {
        let place = Place(file: path, line: 0, field: "")
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: maximumBytes + 1) ?? Data() else {
            faults.add(place, "cannot be read")
            return nil
        }
        guard data.count <= maximumBytes else {
            faults.add(place, "is larger than 16 MiB")
            return nil
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            faults.add(place, "is not UTF-8 text")
            return nil
        }
        return text
    }

    /// The root, or `nil` and a fault. A mistake in the YAML itself is reported alone: what follows it cannot be read.
    static func root(of text: String, file: String, _ faults: FaultList) -> Node? {
        // some editors begin a file with a byte order mark
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        if let (line, problem) = YAMLShape.fault(of: text) {
            faults.add(Place(file: file, line: line, field: ""), problem)
            return nil
        }
        do {
            if let root = try Parser(yaml: text).singleRoot() { return root }
            faults.add(Place(file: file, line: 1, field: ""), "the file is empty")
        } catch {
            let (line, problem) = explain(error)
            faults.add(Place(file: file, line: line, field: ""), problem)
        }
        return nil
    }

    private static func explain(_ error: any Error) -> (line: Int, problem: String) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            (mark.line, "not YAML: \(context.map { "\($0.text), " } ?? "")\(problem)")
        case .composer(_, let problem, let mark, _): (mark.line, "not YAML: \(problem)")
        case .reader(let problem, _, _, _): (0, "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            (context.mark.line, "\(names.joined(separator: ", ")): given more than once in one mapping")
        default: (0, "not YAML")
        }
    }
}

extension Node {
    var line: Int { mark?.line ?? 0 }

    /// `null`, `~` or nothing, unquoted.
    var isNull: Bool {
        guard let scalar else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// What this is, for a fault.
    var kindName: String {
        switch self {
        case .scalar: "a single value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
