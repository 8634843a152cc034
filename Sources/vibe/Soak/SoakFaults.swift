import JSON

/// What the exchange does wrong in a soak.
enum SoakFaults {
    /// The body of POST /control/faults. No frame is ever withheld: the exchange loses frames only with their connection.
    static func plan(_ options: SoakOptions) -> JSON {
        let cut = options.disconnectSeconds * 1_000
        return [
            "seed": .integer(options.seed),
            "faults": [
                ["fault": "disconnectEvery", "milliseconds": .integer(cut), "jitterMilliseconds": .integer(cut / 2), "path": "/ws"],
                ["fault": "duplicateFrames", "perMillion": 50_000, "path": "/ws"],
                ["fault": "reorderFrames", "perMillion": 50_000, "milliseconds": 50, "path": "/ws"],
                ["fault": "silent", "perMillion": 500, "milliseconds": 1_500, "path": "/ws"],
                ["fault": "disorderSameMillisecond", "perMillion": 300_000],
                ["fault": "rate429", "perMillion": 100_000, "path": "/info"],
                ["fault": "rate5xx", "perMillion": 30_000, "path": "/info"],
                ["fault": "reset", "perMillion": 20_000, "path": "/info"],
                ["fault": "dropReply", "perMillion": 20_000, "path": "/info"],
                ["fault": "latency", "milliseconds": 5, "jitterMilliseconds": 40, "path": "/info"],
            ],
        ]
    }
}
