import AuditTrail
import JSON
import RawFrames

/// What `vibe replay` found, so far and in the end.
struct ReplayReport: Sendable {
    let day: ArchiveDay
    /// Requests of the day when it began.
    let expected: Int
    /// Differences that are kept.
    let shown: Int

    var requests = 0
    var legs = 0
    var identical = 0
    private(set) var different = 0
    /// The first of them.
    private(set) var differences: [ReplayDifference] = []
    /// Legs that cannot be decided again, their requests, and the first of those.
    private(set) var unrecorded = 0
    private(set) var unrecordedRequests = 0
    private(set) var unrecordedNames: [String] = []

    init(day: ArchiveDay, expected: Int, shown: Int) {
        self.day = day
        self.expected = expected
        self.shown = shown
    }

    mutating func add(_ difference: ReplayDifference) {
        different += 1
        if differences.count < shown { differences.append(difference) }
    }

    mutating func addUnrecorded(_ legs: [(leg: Int, reason: String)], of request: AuditRow) {
        guard let first = legs.first else { return }
        unrecorded += legs.count
        unrecordedRequests += 1
        guard unrecordedNames.count < Findings.named else { return }
        let name = "request \(request.request ?? "?") for \(request.subscription ?? "?")"
        unrecordedNames.append("\(name), leg \(first.leg): \(first.reason)")
    }

    /// A day of which nothing could be decided again proves nothing.
    var isClean: Bool { different == 0 && identical > 0 }

    /// `replayed: day=… requests=… legs=… identical=… different=0 unrecorded=0`, or the same after `FAILED:`.
    var finalLine: String {
        (isClean ? "replayed: " : "FAILED: ")
            + "day=\(day) requests=\(requests) legs=\(legs) identical=\(identical) different=\(different) unrecorded=\(unrecorded)"
    }

    func text(for terminal: Terminal = .output) -> String {
        var parts = differences.map { $0.text(for: terminal) }
        if different > differences.count {
            parts.append("… \(Format.count(different - differences.count)) more differences; --limit shows more of them")
        }
        if unrecorded > 0 {
            let more = unrecordedRequests - unrecordedNames.count
            parts.append(
                ([terminal.styled("not replayable (\(Format.count(unrecordedRequests)) requests)", .yellow)]
                    + unrecordedNames.map { "  \($0)" } + (more > 0 ? ["  … \(Format.count(more)) more"] : [])).joined(separator: "\n"))
        }
        if different > 0 {
            parts.append(
                """
                next: `vibe verify` tells whether the record was altered; if not, another version of the program decided
                      `vibe explain <job>` tells the whole story of one of them
                """)
        } else if !isClean {
            parts.append("next: nothing of this day can be decided again; days decided from now on can")
        }
        parts.append(terminal.styled(finalLine, isClean ? .green : .red))
        return parts.joined(separator: "\n\n")
    }

    var json: JSON {
        [
            "clean": .bool(isClean), "day": .string("\(day)"), "requests": .integer(requests), "legs": .integer(legs),
            "identical": .integer(identical), "different": .integer(different), "differences": .array(differences.map(\.json)),
            "unrecorded": .integer(unrecorded),
            "notReplayable": ["requests": .integer(unrecordedRequests), "first": .array(unrecordedNames.map(JSON.string))],
            "line": .string(finalLine),
        ]
    }
}

extension ReplayReport: ProgressLook {
    var line: String {
        "\(day)  \(Format.count(requests)) of \(Format.count(max(expected, requests))) requests decided again, "
            + "\(Format.count(different)) legs differ"
    }

    func rendered(for terminal: Terminal) -> String { line }
}
