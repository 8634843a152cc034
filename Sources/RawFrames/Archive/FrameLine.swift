import Cryptography
import JSON
import Postgres

/// One row of `raw_frames` as a line of an archive. The same row gives the same bytes, so that two archives of a day are equal.
enum FrameLine {
    /// A row as ``FrameArchive`` exports it.
    static func write(_ row: PostgresRow, to output: inout [UInt8]) throws(PostgresError) {
        let bytes = try row.bytes("frame")
        let text = String(validating: bytes, as: UTF8.self)
        let json: JSON = [
            "source": .string(try row.text("source")), "number": .integer(try row.integer("number")),
            "receivedUs": .integer(try row.integer("received_us")), "origin": .string(try row.text("origin")),
            "channel": .string(try row.text("channel")), "users": .array(try row.texts("users").map(JSON.string)),
            "coin": .string(orNull: try row.maybeText("coin")),
            text == nil ? "frameHex" : "frame": .string(text ?? Hexadecimal.text(bytes)),
        ]
        json.write(to: &output)
        output.append(UInt8(ascii: "\n"))
    }

    /// - Throws: what the line lacks, for the one who names file and line.
    static func read(_ line: some Collection<UInt8>) throws(JSONError) -> (frame: RawFrame, source: String, number: Int64) {
        let json = try JSON.parse(Array(line))
        let bytes: [UInt8]
        if let text = try json.maybe("frame", { value throws(JSONError) in try value.asString() }) {
            bytes = Array(text.utf8)
        } else {
            guard let decoded = Hexadecimal.bytes(try json.string("frameHex")) else { throw JSONError(path: "frameHex", problem: "is not hexadecimal") }
            bytes = decoded
        }
        let frame = RawFrame(
            receivedAt: try json.integer("receivedUs"), origin: try json.string("origin"), channel: try json.string("channel"),
            users: try json.list("users") { value throws(JSONError) in try value.asString() },
            coin: try json.maybe("coin") { value throws(JSONError) in try value.asString() }, bytes: bytes)
        return (frame, try json.string("source"), try json.integer("number"))
    }
}
