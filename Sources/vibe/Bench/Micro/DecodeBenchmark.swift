import Foundation
import Hyperliquid
import JSON

/// Recorded frames of trades → typed trades, against the JSON parser alone.
struct DecodeBenchmark: MicroBenchmark {
    let name = MicroName.decode
    let unit = "frames"
    let reference = "the JSON parser alone"

    private static let file = "Tests/Fixtures/recorded/ws/trades_2026-07-22.jsonl"
    private let frames: [[UInt8]]

    init() throws {
        let path = try RepositoryFile.locate(Self.file)
        guard let data = FileManager.default.contents(atPath: path) else { throw Failure(.configuration, "cannot read \(path)") }
        frames = data.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        guard !frames.isEmpty else { throw Failure(.data, "\(path) holds no frames") }
    }

    func oursRound(_ duration: Duration) async throws -> MicroSample {
        try MicroSample.repeating(for: duration) {
            var trades = 0
            for frame in frames {
                var leftOut: [FeedFault] = []
                guard case .trades(let found) = try FeedMessage(json: try JSON.parse(frame), leftOut: &leftOut), leftOut.isEmpty else {
                    throw Failure(.data, "a recorded frame of trades is not decoded as one")
                }
                trades += found.count
            }
            return (frames.count, trades)
        }
    }

    func referenceRound(_ duration: Duration) async throws -> MicroSample {
        try MicroSample.repeating(for: duration) {
            var members = 0
            for frame in frames {
                guard case .object(let found) = try JSON.parse(frame) else { throw Failure(.data, "a recorded frame is no object") }
                members += found.count
            }
            return (frames.count, members)
        }
    }
}
