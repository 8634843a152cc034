import FaultProxy

/// Faults of the links between processes.
extension ChaosSite {
    func spoilLink(_ kind: FaultKind, _ generator: inout SeededGenerator) async throws -> String {
        guard let link = links.all.randomElement(using: &generator) else { return "" }
        let before = link.proxy.fired.values.reduce(0, +)
        defer { link.proxy.heal() }
        switch kind {
        case .networkDelay:
            link.proxy.inject(.delay(.milliseconds(Int64.random(in: 20...300, using: &generator)), jitter: .milliseconds(200)))
            try await hold(5_000...10_000, &generator)
        case .networkCut:
            for _ in 0..<Int.random(in: 2...8, using: &generator) {
                link.proxy.inject(.cut)
                try await hold(100...1_500, &generator)
            }
        case .networkHalfOpen:
            link.proxy.inject(.halfOpen())
            try await hold(3_000...9_000, &generator)
        case .networkReset:
            link.proxy.inject(.resetAfter(bytes: Int.random(in: 1...40_000, using: &generator)))
            try await hold(3_000...8_000, &generator)
        case .networkReplyLost:
            link.proxy.inject(.dropReply(afterRequestBytes: Int.random(in: 1...40_000, using: &generator)))
            try await hold(3_000...8_000, &generator)
        default:
            link.proxy.inject(.slice(bytes: Int.random(in: 1...60, using: &generator)))
            try await hold(5_000...10_000, &generator)
        }
        return "\(link.name), \(Format.count(link.proxy.fired.values.reduce(0, +) - before)) times"
    }
}
