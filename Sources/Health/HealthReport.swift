import JSON

/// What a process says of itself, and whether that is good enough to count on it.
public struct HealthReport: Sendable, Equatable {
    public var process: String
    public var samples: [HealthSample]

    public init(process: String, samples: [HealthSample]) {
        self.process = process
        self.samples = samples
    }

    /// The worst of all; a process that checks nothing yet is not ready.
    public var state: HealthSample.State { samples.map(\.state).max() ?? .failed }

    /// 200 while it makes progress, also without what it can do without; else 503.
    public var httpStatus: Int { state == .failed ? 503 : 200 }

    /// `{"process":"work-1","status":"ok","checks":[{"name":"redis","status":"ok","ageMs":120,"limitMs":3000,"detail":""}]}`.
    public var json: JSON {
        [
            "process": .string(process), "status": .string(state.text),
            "checks": .array(samples.map { sample in
                [
                    "name": .string(sample.name), "status": .string(sample.state.text), "ageMs": sample.age.map { .integer($0.wholeMilliseconds) } ?? .null,
                    "limitMs": sample.limit.map { .integer($0.wholeMilliseconds) } ?? .null, "detail": .string(sample.detail),
                ]
            }),
        ]
    }
}

extension HealthReport {
    public init(json: JSON) throws(JSONError) {
        process = try json.string("process")
        samples = try json.list("checks") { check throws(JSONError) in
            let text = try check.string("status")
            guard let state = HealthSample.State(text: text) else { throw JSONError(path: "status", problem: "\"\(text)\" is not known") }
            func duration(_ name: String) throws(JSONError) -> Duration? {
                try check.maybe(name) { value throws(JSONError) in .milliseconds(try value.asInteger()) }
            }
            return HealthSample(
                try check.string("name"), state, age: try duration("ageMs"), limit: try duration("limitMs"), detail: try check.string("detail"))
        }
    }
}

extension HealthSample.State {
    public var text: String {
        switch self {
        case .ok: "ok"
        case .degraded: "degraded"
        case .failed: "failed"
        }
    }

    init?(text: String) {
        guard let state = [Self.ok, .degraded, .failed].first(where: { $0.text == text }) else { return nil }
        self = state
    }
}

extension Duration {
    var wholeMilliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
