import Foundation
import JSON

/// Files of Tests/Fixtures, found from this file.
enum Fixture {
    static func json(_ path: String) throws -> JSON { try JSON.parse(bytes(path)) }

    /// The values of a file with one JSON text a line.
    static func lines(_ path: String) throws -> [JSON] {
        try bytes(path).split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return [UInt8](try Data(contentsOf: tests.appending(path: "Fixtures/" + path)))
    }
}
