/// One figure of a benchmark's result.
struct BenchFigure: Sendable {
    /// Its place in the file, `latencyUs.receivedToSent.p99`.
    let name: String
    let kind: Kind
    let value: Double

    enum Kind: Sendable {
        case rate, latency, tail, cost, memory

        /// More of it is better; of the others less is.
        var isMoreBetter: Bool { self == .rate }

        /// `nil`: a figure that is neither better nor worse when it changes, such as a count.
        init?(_ name: String) {
            let parts = name.split(separator: ".").map(String.init)
            switch (parts.first ?? "", parts.last ?? "") {
            case ("drainedPerSecond", _), ("postgres", "rowsPerSecond"), ("ceiling", "executionsPerSecond"), ("ceiling", "runPerMille"): self = .rate
            case ("latencyUs", "p50"), ("latencyUs", "p95"): self = .latency
            case ("latencyUs", "p99"), ("latencyUs", "max"), ("drainUs", _): self = .tail
            case ("processes", "cpuUsPerExecution"), ("cpuUsPerExecution", _), ("redis", "usPerExecution"), ("redis", "scriptUsPerExecution"),
                ("redis", "aofBytesPerExecution"), ("postgres", "rowsPerExecution"), ("ceiling", "redisCpuUsPerExecution"):
                // callers are a sample of one second
                if parts.count > 2, parts[1] == "callers" { return nil }
                self = .cost
            case ("processes", "memory"), ("redis", "memoryPerExecution"): self = .memory
            default: return nil
            }
        }

        var noise: Noise {
            switch self {
            case .rate: .rate
            case .latency: .latency
            case .tail: .tail
            case .cost: .cost
            case .memory: .memory
            }
        }
    }

    /// By how many percent two runs of the same build differ on a machine that does nothing else. Less is no change.
    enum Noise: Int, Sendable, CaseIterable {
        case rate = 4, cost = 5, memory = 8, latency = 15, tail = 30

        static let summary = "rates 4 %, costs 5 %, memory 8 %, p50 and p95 15 %, p99, maximum and drain 30 %"
    }
}
