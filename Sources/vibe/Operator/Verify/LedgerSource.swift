import AsyncHTTPClient
import Foundation
import JSON
import NIOCore

/// The simulated exchange's ledger, one JSON object a line.
enum LedgerSource: Sendable {
    /// `GET <exchange>/control/ledger`.
    case exchange(String)
    case file(String)

    /// Longest line accepted.
    static let longestLine = 4 << 20
    /// Bytes of a file in memory at a time.
    private static let piece = 1 << 20

    /// - Throws: ``Failure`` when it cannot be read to its end, or a line is malformed.
    func forEachLine(_ body: (JSON) throws -> Void) async throws {
        switch self {
        case .file(let path):
            guard let file = FileHandle(forReadingAtPath: path) else {
                throw Failure(.unavailable, "cannot read the ledger \(path)", nextStep: "--ledger names ledger.jsonl of the simulator")
            }
            var lines = LineSplitter()
            // What follows the last line feed is being written, or was torn by a crash: nobody was answered on its account.
            while let piece = try file.read(upToCount: Self.piece), !piece.isEmpty { try lines.add([UInt8](piece), body) }
        case .exchange(let base):
            var lines = LineSplitter()
            for try await buffer in try await SimulatorControl(base: base).ledger() { try lines.add(Array(buffer.readableBytesView), body) }
            try lines.finish(body)
        }
    }
}

/// Puts lines together from pieces of any size.
private struct LineSplitter {
    private var rest: [UInt8] = []
    private var number = 0

    mutating func add(_ bytes: [UInt8], _ body: (JSON) throws -> Void) throws {
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            rest += bytes[start..<end]
            try take(body)
            start = end + 1
        }
        rest += bytes[start...]
        guard rest.count <= LedgerSource.longestLine else { throw Failure(.data, "line \(number + 1) of the ledger has no end") }
    }

    mutating func finish(_ body: (JSON) throws -> Void) throws { try take(body) }

    private mutating func take(_ body: (JSON) throws -> Void) throws {
        defer { rest.removeAll(keepingCapacity: true) }
        guard !rest.isEmpty else { return }
        number += 1
        do { try body(try JSON.parse(rest)) } catch let error as JSONError { throw Failure(.data, "line \(number) of the ledger: \(error)") }
    }
}
