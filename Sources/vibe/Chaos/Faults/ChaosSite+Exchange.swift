import Foundation
import JSON

/// Faults of the exchange and of what it sends.
extension ChaosSite {
    func misbehave(_ kind: FaultKind, _ generator: inout SeededGenerator) async throws -> String {
        let faults = Self.faults(kind)
        try await simulator.addFaults(["seed": .integer(generator.next() >> 12), "faults": .array(faults)])
        do { try await hold(6_000...12_000, &generator) } catch {
            try? await simulator.clearFaults()
            throw error
        }
        let fired = try await simulator.faultCounts()
        try await simulator.clearFaults()
        let total = fired.reduce(0) { $0 + $1.count }
        return "\(Format.count(total)) so far"
    }

    private static func faults(_ kind: FaultKind) -> [JSON] {
        switch kind {
        case .exchangeErrors:
            ["/exchange", "/info"].flatMap { path -> [JSON] in
                [
                    ["fault": "rate429", "perMillion": 100_000, "path": .string(path)], ["fault": "rate5xx", "perMillion": 100_000, "path": .string(path)],
                    ["fault": "reset", "perMillion": 100_000, "path": .string(path)], ["fault": "dropRequest", "perMillion": 50_000, "path": .string(path)],
                ]
            }
        case .exchangeReplyLost: [["fault": "dropReply", "perMillion": 300_000, "path": "/exchange"]]
        case .exchangeSlow: [["fault": "latency", "milliseconds": 1_000, "jitterMilliseconds": 1_000, "path": "/exchange"]]
        case .loadDuplicates:
            [
                ["fault": "duplicateFrames", "perMillion": 1_000_000, "path": "/ws"],
                ["fault": "disconnectEvery", "milliseconds": 1_000, "jitterMilliseconds": 500, "path": "/ws"],
            ]
        default:
            [
                ["fault": "disconnectEvery", "milliseconds": 4_000, "jitterMilliseconds": 2_000, "path": "/ws"],
                ["fault": "duplicateFrames", "perMillion": 50_000, "path": "/ws"],
                ["fault": "reorderFrames", "perMillion": 50_000, "milliseconds": 50, "path": "/ws"],
                ["fault": "silent", "perMillion": 500, "milliseconds": 1_500, "path": "/ws"],
                ["fault": "disorderSameMillisecond", "perMillion": 300_000],
            ]
        }
    }

    func killExchange() async throws -> String {
        let start = ContinuousClock.now
        for member in await fleet.members(of: "sim") { member.identity.send(SIGKILL) }
        try await Task.sleep(for: .milliseconds(200))
        while (try? await simulator.status()) == nil {
            guard ContinuousClock.now - start < .seconds(60) else { throw Failure(.unavailable, "the simulated exchange did not come back") }
            try await Task.sleep(for: .milliseconds(50))
        }
        return "back after \(Format.time(ContinuousClock.now - start))"
    }
}
