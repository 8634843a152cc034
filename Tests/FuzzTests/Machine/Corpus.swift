import Foundation
import JSON

/// What is fed to the decoders before and after it is broken: the repository's recordings.
enum Corpus {
    /// Longer ones would only make a case slower.
    private static let longest = 6_000
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Fixtures").standardizedFileURL

    /// Recorded frames of the exchange's WebSocket, as text.
    static func frames() throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for name in ["all_channels_2026-10-06", "user_channels", "acknowledged", "trades_2026-07-22"] {
            let lines = try bytes("recorded/ws/\(name).jsonl").split(separator: UInt8(ascii: "\n")).map(Array.init)
            frames += lines.filter { $0.count <= longest }.prefix(40)
        }
        return try frames.map { line in
            let json = try JSON.parse(line)
            guard json["received_wall_ns"] != nil else { return line }
            return JSON.object([.init("channel", try json.field("channel")), .init("data", try json.field("data"))]).bytes()
        }
    }

    /// Fills of recorded leaders.
    static func fills() throws -> [JSON] {
        let leaders = try JSON.parse(bytes("leader_fills.json")).array("leaders")
        return try leaders.flatMap { try $0.array("fills").prefix(8) }
    }

    /// Recorded answers and every value within them that is not too long: some of them are what any given decoder reads.
    static func answers() throws -> [JSON] {
        let folder = fixtures.appendingPathComponent("recorded").path
        let names = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".json") }
        var found: [JSON] = try fills()
        for name in names.sorted() { collect(try JSON.parse(bytes("recorded/" + name)), depth: 0, &found) }
        return found
    }

    private static func collect(_ value: JSON, depth: Int, _ found: inout [JSON]) {
        if (20...longest).contains(value.bytes().count) { found.append(value) }
        guard depth < 3 else { return }
        switch value {
        case .object(let members): for member in members.prefix(20) { collect(member.value, depth: depth + 1, &found) }
        case .array(let elements):
            // a list too long to use whole is used in part
            if elements.count > 3, value.bytes().count > longest { collect(.array(Array(elements.prefix(3))), depth: depth + 1, &found) }
            for element in elements.prefix(3) { collect(element, depth: depth + 1, &found) }
        default: break
        }
    }

    static func text(_ name: String) throws -> [UInt8] { try bytes(name) }

    private static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: fixtures.appendingPathComponent(name))) }
}
