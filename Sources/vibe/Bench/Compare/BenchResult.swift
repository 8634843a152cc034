import Foundation
import JSON

/// A file that `vibe bench --json` wrote.
struct BenchResult: Sendable {
    let path: String
    let json: JSON

    private static let largest = 4 << 20

    static func read(_ path: String) throws -> BenchResult {
        guard let file = FileHandle(forReadingAtPath: path) else { throw Failure(.data, "cannot read \(path)") }
        defer { try? file.close() }
        let bytes = try file.read(upToCount: largest + 1) ?? Data()
        guard bytes.count <= largest else { throw Failure(.data, "\(path) is larger than \(largest >> 20) MiB") }
        return try BenchResult(path: path, bytes: Array(bytes))
    }

    /// - Throws: ``Failure`` of kind `.data` for anything but a result.
    init(path: String, bytes: [UInt8]) throws(Failure) {
        self.path = path
        do { json = try JSON.parse(bytes) } catch { throw Failure(.data, "\(path): \(error)", nextStep: "vibe bench --json > FILE") }
        guard case .object? = json["options"], json["drainedPerSecond"] != nil, case .object? = json["latencyUs"] else {
            throw Failure(.data, "\(path) is no result of `vibe bench --json`", nextStep: "vibe bench --json > FILE")
        }
    }

    /// What the run was asked to do, by name; options in groups as `processes.work`. The machine's processors are among them: another
    /// machine is another measurement.
    var options: [(name: String, value: String)] {
        var found = Self.leaves(json["options"] ?? .null)
        if let processors = json["machine"]?["processors"] { found.append(("machine.processors", processors.text())) }
        return found
    }

    var faults: [String] {
        guard case .array(let faults)? = json["faults"] else { return [] }
        return faults.map { if case .string(let text) = $0 { text } else { $0.text() } }
    }

    /// The figures that have a better direction, in the order of the file.
    func figures() throws(Failure) -> [BenchFigure] {
        var figures: [BenchFigure] = []
        for (name, text) in Self.leaves(json) {
            guard let kind = BenchFigure.Kind(name) else { continue }
            // what was not measured is null
            guard text != "null" else { continue }
            guard let value = Double(text), value.isFinite else { throw Failure(.data, "\(path): \(name) is no number: \(text)") }
            figures.append(BenchFigure(name: name, kind: kind, value: value))
        }
        return figures
    }

    /// Every value that is no object, with the names that lead to it.
    private static func leaves(_ json: JSON, _ path: String = "") -> [(name: String, value: String)] {
        guard case .object(let members) = json else { return [(path, json.text())] }
        return members.flatMap { leaves($0.value, path.isEmpty ? $0.name : path + "." + $0.name) }
    }
}
