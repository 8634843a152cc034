import CopyTrading
import Foundation

/// Every hop of one leg, by the clock and from the frame's arrival. Publication times are those of the entries' ids, Redis' own.
struct StoryTimes {
    let result: ExecutionResult
    let signal: StoryEntry?
    let request: StoryEntry?
    let job: StoryEntry?
    let entry: StoryEntry

    func rendered(indent: String) -> String {
        let received = result.times.received
        return hops.map { name, microseconds in
            let distance = microseconds - received
            let since = distance == 0 ? "0" : (distance > 0 ? "+" : "") + Format.time(microseconds: distance)
            return indent + Self.clock(microseconds) + "  " + since.padding(toLength: 11, withPad: " ", startingAt: 0) + name
        }.joined(separator: "\n")
    }

    /// Name and microseconds since 1970, in the order they happened.
    private var hops: [(String, Int64)] {
        let times = result.times
        var hops: [(String, Int64)] = [
            ("leader's fill at the exchange", times.leaderFillMilliseconds * 1_000), ("frame received", times.received),
            ("planned", times.planned), ("prepared", times.prepared), ("order written", times.sent), ("acknowledged", times.acknowledged),
            ("result published", entry.id.milliseconds * 1_000),
        ]
        if let signal { hops.append(("signal published", signal.id.milliseconds * 1_000)) }
        if let request { hops.append(("request published", request.id.milliseconds * 1_000)) }
        if let job { hops.append(("job published", job.id.milliseconds * 1_000)) }
        return hops.filter { $0.1 > 0 }.sorted { $0.1 < $1.1 }
    }

    private static func clock(_ microseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(microseconds / 1_000_000))
        let text = ISO8601DateFormatter().string(from: date)
        let fraction = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
        return text.dropLast() + "." + fraction + "Z"
    }
}
