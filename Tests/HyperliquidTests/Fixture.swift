import Foundation
import JSON

/// Files of Tests/Fixtures, found from this file.
enum Fixture {
    static func json(_ path: String) throws -> JSON { try JSON.parse(bytes(path)) }

    /// The values of a file with one JSON text a line.
    static func lines(_ path: String) throws -> [JSON] {
        try bytes(path).split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
    }

    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

    private static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: directory.appending(path: path)))
    }
}
