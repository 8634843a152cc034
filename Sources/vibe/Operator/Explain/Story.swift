import AuditTrail
import CopyTrading
import JSON

/// One signal and what became of it: of all its copies, or of one.
struct Story: Sendable {
    var signalID: String
    var signal: StoryEntry?
    var requests: [StoryEntry] = []
    var jobs: [StoryEntry] = []
    var results: [StoryEntry] = []
    var others: [StoryEntry] = []
    /// Job → the record of its open attempt in Redis.
    var attempts: [String: String] = [:]
    var isTruncated = false

    var isEmpty: Bool { signal == nil && requests.isEmpty && jobs.isEmpty && results.isEmpty && others.isEmpty }

    /// The copies, in the order of their subscriptions' ids.
    var copies: [Copy] {
        let names = Set((requests + jobs + results).compactMap(\.subscription))
        return names.sorted().map { name in
            Copy(
                subscription: name, request: requests.first { $0.subscription == name }, jobs: jobs.filter { $0.subscription == name },
                results: results.filter { $0.subscription == name })
        }
    }

    /// What belongs to no copy, such as dead letters and entries without a readable record.
    var strays: [StoryEntry] { others + (requests + jobs + results).filter { $0.subscription == nil } }

    struct Copy: Sendable {
        var subscription: String
        var request: StoryEntry?
        var jobs: [StoryEntry]
        var results: [StoryEntry]
    }

    init(signalID: String) { self.signalID = signalID }

    init(signalID: String, _ story: AuditStory) {
        self.signalID = signalID
        signal = story.signal.map(StoryEntry.init)
        requests = story.requests.map(StoryEntry.init)
        jobs = story.jobs.map(StoryEntry.init)
        results = story.results.map(StoryEntry.init)
        others = story.others.map(StoryEntry.init)
        isTruncated = story.isTruncated
    }

    /// Adds an entry unless it is there.
    mutating func add(_ entry: StoryEntry) {
        func added(to list: inout [StoryEntry]) {
            if !list.contains(where: { $0.stream == entry.stream && $0.id == entry.id }) { list.append(entry) }
        }
        switch entry.kind {
        case .signals: signal = signal ?? entry
        case .requests: added(to: &requests)
        case .jobs: added(to: &jobs)
        case .results: added(to: &results)
        case .other: added(to: &others)
        }
    }

    /// Changes every entry.
    mutating func forEachEntry(_ body: (inout StoryEntry) async throws -> Void) async rethrows {
        if var entry = signal {
            try await body(&entry)
            signal = entry
        }
        for list in [\Story.requests, \.jobs, \.results, \.others] {
            for index in self[keyPath: list].indices { try await body(&self[keyPath: list][index]) }
        }
    }
}
