import JSON

/// A rule as `POST /control/faults` takes it: `{"fault":"rate429","every":100,"path":"/info","times":5}`.
///
/// `every` or `perMillion` says how often, always without both; `times` how many times in all. Durations are `milliseconds`, with
/// `jitterMilliseconds` for latency and disconnectEvery, and `p99Milliseconds` for latency.
extension FaultRule {
    static let longestMilliseconds: Int64 = 600_000

    init(json: JSON) throws(JSONError) {
        let name = try json.string("fault")
        let fault: Fault =
            switch name {
            case "latency":
                .latency(
                    LatencyModel(
                        fixed: try Self.milliseconds(json, "milliseconds", standard: 0),
                        jitter: try Self.milliseconds(json, "jitterMilliseconds", standard: 0),
                        tailPercentile99: try Self.milliseconds(json, "p99Milliseconds", standard: 0)))
            case "rate429": .rate429
            case "rate5xx": .rate5xx
            case "dropRequest": .dropRequest
            case "dropReply": .dropReply
            case "reset": .reset
            case "halfOpen": .halfOpen(milliseconds: try Self.milliseconds(json, "milliseconds"))
            case "duplicateFrames": .duplicateFrames
            case "reorderFrames": .reorderFrames(milliseconds: try Self.milliseconds(json, "milliseconds", standard: 50))
            case "silent": .silent(milliseconds: try Self.milliseconds(json, "milliseconds"))
            case "disconnectEvery":
                .disconnectEvery(
                    milliseconds: try Self.milliseconds(json, "milliseconds"),
                    jitter: try Self.milliseconds(json, "jitterMilliseconds", standard: 0))
            case "disorderSameMillisecond": .disorderSameMillisecond
            default: throw JSONError(path: "fault", problem: "\(name) is unknown")
            }
        self.init(
            fault, try Self.trigger(json), path: try json.maybe("path") { value throws(JSONError) in try value.asString() },
            remaining: try json.maybe("times") { value throws(JSONError) in try Self.whole(value, 1...1_000_000_000) })
    }

    /// Reads `rate429:every=100,path=/info,times=5`, the same members as in JSON.
    init(parsing text: String) throws(JSONError) {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard let name = parts.first else { throw JSONError(problem: "an empty fault") }
        var members: [JSON.Member] = [.init("fault", .string(String(name)))]
        for part in parts.dropFirst().first?.split(separator: ",") ?? [] {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { throw JSONError(problem: "\(text): expected name=value, found \(part)") }
            let value = String(pair[1])
            members.append(.init(String(pair[0]), Int(value).map { .integer($0) } ?? .string(value)))
        }
        try self.init(json: .object(members))
    }

    var json: JSON {
        var members: [JSON.Member] = [.init("fault", .string(fault.name))]
        switch fault {
        case .latency(let model):
            members += [
                .init("milliseconds", .integer(model.fixed)), .init("jitterMilliseconds", .integer(model.jitter)),
                .init("p99Milliseconds", .integer(model.tailPercentile99)),
            ]
        case .halfOpen(let milliseconds), .reorderFrames(let milliseconds), .silent(let milliseconds):
            members.append(.init("milliseconds", .integer(milliseconds)))
        case .disconnectEvery(let milliseconds, let jitter):
            members += [.init("milliseconds", .integer(milliseconds)), .init("jitterMilliseconds", .integer(jitter))]
        default: break
        }
        switch trigger {
        case .every(let count): members.append(.init("every", .integer(count)))
        case .perMillion(let probability): members.append(.init("perMillion", .integer(probability)))
        }
        if let path { members.append(.init("path", .string(path))) }
        if let remaining { members.append(.init("times", .integer(remaining))) }
        return .object(members + [.init("seen", .integer(seen)), .init("fired", .integer(fired))])
    }

    private static func trigger(_ json: JSON) throws(JSONError) -> Trigger {
        let every = try json.maybe("every") { value throws(JSONError) in try whole(value, 1...1_000_000_000) }
        let probability = try json.maybe("perMillion") { value throws(JSONError) in try whole(value, 0...1_000_000) }
        switch (every, probability) {
        case (let count?, nil): return .every(count)
        case (nil, let probability?): return .perMillion(probability)
        case (nil, nil): return .every(1)
        case (.some, .some): throw JSONError(problem: "either every or perMillion, not both")
        }
    }

    /// - Parameter standard: without one the member is required.
    private static func milliseconds(_ json: JSON, _ name: String, standard: Int? = nil) throws(JSONError) -> Int {
        if json[name] == nil, let standard { return standard }
        return try json.at(name) { value throws(JSONError) in try whole(value, 0...longestMilliseconds) }
    }

    private static func whole(_ json: JSON, _ range: ClosedRange<Int64>) throws(JSONError) -> Int {
        let value = try json.asInteger()
        guard range.contains(value) else { throw JSONError(problem: "\(value), expected \(range.lowerBound) to \(range.upperBound)") }
        return Int(value)
    }
}
