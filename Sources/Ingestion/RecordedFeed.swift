import ConfigStore
import CopyTrading
import Foundation
import Hyperliquid
import JSON

/// A recording of leaders' fills, played as if it happened now.
///
/// File: `{"leaders":[{"leader":"leader-10","fills":[userFill, …]}, …]}`. A leader is the influencer with the same id.
public struct RecordedFeed: Sendable {
    public enum Speed: Sendable, Equatable {
        case times(Int64)
        /// One message after the other.
        case maximum

        /// A whole number ≥ 1, or `max`.
        public init(parsing text: String) throws(RecordingFault) {
            if text == "max" { self = .maximum; return }
            guard let factor = Int64(text), factor >= 1 else { throw RecordingFault(description: "speed \"\(text)\" is neither a whole number ≥ 1 nor max") }
            self = .times(factor)
        }
    }

    public struct RecordingFault: Error, CustomStringConvertible {
        public let description: String
    }

    /// Fills of one leader in one millisecond: one message.
    struct Message: Sendable {
        let leader: InfluencerID
        let time: Int64
        var fills: [UserFill]
    }

    /// Of a recording, which is read as a whole.
    static let maximumBytes = 512 << 20

    let messages: [Message]
    private let speed: Speed

    public init(path: String, speed: Speed) throws(RecordingFault) {
        self.speed = speed
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            data = try file.read(upToCount: Self.maximumBytes + 1) ?? Data()
        } catch { throw RecordingFault(description: "\(path) cannot be read: \(error.localizedDescription)") }
        guard data.count <= Self.maximumBytes else {
            throw RecordingFault(description: "\(path) is larger than \(Self.maximumBytes >> 20) MiB")
        }
        do { messages = try Self.messages(try JSON.parse([UInt8](data))) } catch { throw RecordingFault(description: "\(path): \(error)") }
    }

    static func messages(_ json: JSON) throws(JSONError) -> [Message] {
        var messages: [Message] = []
        for leader in try json.array("leaders") {
            let id = InfluencerID(try leader.string("leader"))
            for fill in try leader.list("fills", UserFill.init(json:)) {
                if messages.last?.leader == id, messages.last?.time == fill.time {
                    messages[messages.count - 1].fills.append(fill)
                } else {
                    messages.append(Message(leader: id, time: fill.time, fills: [fill]))
                }
            }
        }
        return messages.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    }

    /// Delivers everything, then what was held back; returns when all of it has been handed to the ingestor and published.
    public func play(into ingestor: Ingestor) async throws {
        guard let first = messages.first?.time else { return }
        let addresses = try await ingestor.waitForLeaders(Set(messages.map(\.leader)))
        let start = ContinuousClock.now
        for message in messages {
            if case .times(let factor) = speed {
                try await ContinuousClock().sleep(until: start + .microseconds((message.time - first) * 1_000 / factor))
            }
            guard let address = addresses[message.leader] else { continue }
            await ingestor.playback(message.fills, of: address)
        }
        await ingestor.finishRecording()
        try await ingestor.waitUntilPublished()
    }
}

extension Ingestor {
    /// Addresses of the recorded leaders that are configured and followed here; waits until there is at least one.
    func waitForLeaders(_ leaders: Set<InfluencerID>) async throws -> [InfluencerID: String] {
        var previous = -1
        while true {
            let found = tracks.values.filter { leaders.contains($0.influencer) }
            // leases arrive within a few beats; the set is complete when it no longer grows
            if !found.isEmpty, found.count == previous { return Dictionary(found.map { ($0.influencer, $0.address) }, uniquingKeysWith: { a, _ in a }) }
            previous = found.count
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Recorded fills as if they happened now; positions and ids stay as recorded.
    func playback(_ fills: [UserFill], of address: String) async {
        let moment = now()
        let shifted = fills.map { fill in
            var fill = fill
            fill.time = moment / 1_000
            return fill
        }
        await receive(shifted, of: address, receivedAt: moment)
    }

    func waitUntilPublished() async throws {
        while hasUnpublished { try await Task.sleep(for: .milliseconds(10)) }
    }
}
