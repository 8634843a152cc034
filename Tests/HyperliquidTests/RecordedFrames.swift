import Foundation
import JSON
import Testing

/// Recorded WebSocket frames: those committed, and all of the collection where there is one, see ``Recorded``.
enum RecordedFrames {
    struct File: Sendable, CustomTestStringConvertible {
        let path: String
        var testDescription: String { URL(filePath: path).lastPathComponent }

        /// The server's frames, as text.
        func frames() throws -> [String] {
            let data = [UInt8](try Data(contentsOf: URL(filePath: path)))
            if path.hasSuffix(".json") {
                // An exchange of both sides: `[{"dir":"server","frame":{…}}, …]`.
                return try JSON.parse(data).asArray().filter { $0["dir"] == "server" }.map { try $0.field("frame").text() }
            }
            return try data.split(separator: UInt8(ascii: "\n")).map { line in
                let json = try JSON.parse(Array(line))
                // Captures carry the time of arrival beside channel and data.
                guard json["received_wall_ns"] != nil else { return json.text() }
                return JSON.object([.init("channel", try json.field("channel")), .init("data", try json.field("data"))]).text()
            }
        }
    }

    static let files: [File] = {
        var files = list(Recorded.committed.appending(path: "ws"), ".jsonl")
        guard let collection = Recorded.collection else { return files }
        files += list(collection.appending(path: "ws-frames"), ".jsonl")
        files += list(collection.appending(path: "mainnet-2026-07"), ".jsonl")
        files += list(collection.appending(path: "jkorf-hyperliquid.net"), ".json").filter { $0.testDescription.hasPrefix("ws_") }
        return files
    }()

    private static func list(_ directory: URL, _ suffix: String) -> [File] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map { File(path: directory.appending(path: $0).path) }
    }
}
