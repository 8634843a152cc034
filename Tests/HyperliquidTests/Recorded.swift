import Foundation
import JSON
import Testing

/// Answers of the exchange that other projects recorded: the copies committed here, and the whole collection where there is one:
/// in the directory named by `VIBE_RECORDED`, else in `shared/data/recorded` beside the package.
enum Recorded {
    struct File: Sendable, CustomTestStringConvertible {
        /// Within its collection.
        var path: String
        var url: URL
        var name: String { url.lastPathComponent }
        var testDescription: String { path }

        func json() throws -> JSON { try JSON.parse([UInt8](Data(contentsOf: url))) }
        func lines() throws -> [JSON] {
            try [UInt8](Data(contentsOf: url)).split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
        }
    }

    private static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let committed = package.appending(path: "Tests/Fixtures/recorded")

    /// The collection outside the package, if any.
    static let collection: URL? = {
        if let named = ProcessInfo.processInfo.environment["VIBE_RECORDED"] { return URL(filePath: named) }
        let beside = package.deletingLastPathComponent().appending(path: "shared/data/recorded")
        return FileManager.default.fileExists(atPath: beside.path) ? beside : nil
    }()

    /// Every recorded answer to a request; WebSocket frames are tested with the feed.
    static let answers: [File] = ([committed] + (collection.map { [$0] } ?? [])).flatMap(files).filter { file in
        let isFrame = file.name.hasPrefix("ws_") || file.path.hasPrefix("ws") || file.path.hasPrefix("mainnet-2026-07")
        let isAnswer = file.name.hasSuffix(".json") || file.path.hasPrefix("node/")
        return isAnswer && !isFrame
    }

    private static func files(in directory: URL) -> [File] {
        guard let paths = FileManager.default.enumerator(atPath: directory.path)?.compactMap({ $0 as? String }), !paths.isEmpty else {
            fatalError("no recorded answers in \(directory.path)")
        }
        return paths.sorted().map { File(path: $0, url: directory.appending(path: $0)) }
    }
}
