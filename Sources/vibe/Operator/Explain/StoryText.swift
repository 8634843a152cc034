import CopyTrading
import Foundation
import JSON
import RedisStreams

/// A story as people read it: the signal, then one line a copy, or for a single copy every hop with its time.
struct StoryText {
    let story: Story
    let terminal: Terminal

    func rendered() -> String {
        let copies = story.copies
        var parts = [signal]
        if copies.count == 1 { parts += detail(copies[0]) } else if !copies.isEmpty { parts.append(table(copies).rendered(for: terminal)) }
        if !story.others.isEmpty { parts.append(others) }
        if copies.isEmpty, story.signal != nil { parts.append("no subscription was matched with it yet") }
        if copies.count > 1 { parts.append("`vibe explain` with the id of a request, job or order tells the whole story of one copy") }
        if story.isTruncated { parts.append("there is more than is shown") }
        return parts.joined(separator: "\n\n")
    }

    private var signal: String {
        guard let entry = story.signal else { return "signal \(story.signalID): not on record" }
        guard let data = entry.data, let signal = try? Signal(json: data) else {
            return "signal \(story.signalID): its record cannot be read\n  \(place(entry))"
        }
        let legs = signal.legs.map { "\($0.action.rawValue) \($0.start) → \($0.end)" }.joined(separator: ", ")
        return """
            \(terminal.styled("signal \(signal.id)", .bold)) of \(signal.influencer) in \(signal.coin): \(legs)
              \(signal.size) at \(signal.averagePrice) on average, \(signal.fillCount) fills, \(signal.crossed ? "taker" : "maker"), \
            \(signal.cause.rawValue)\(signal.leaderEquity.map { ", leader's equity \($0)" } ?? "")
              \(place(entry))
            """
    }

    private var others: String {
        (["other entries"] + story.others.map { entry in
            "  \(place(entry)): " + entry.fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
        }).joined(separator: "\n")
    }

    private func place(_ entry: StoryEntry) -> String {
        let number = entry.seq.map { ", seq \($0)" } ?? ""
        let source = entry.source == .redis ? "; not in the audit trail yet" : ""
        return "\(entry.stream) \(entry.id)\(number)\(source)\(entry.held.map { "; held by \($0)" } ?? "")"
    }

    // MARK: - Many copies

    private func table(_ copies: [Story.Copy]) -> Table {
        var table = Table([
            .text("SUBSCRIPTION", mayShrink: true), .text("ACTION"), .text("OUTCOME"), .figure("FILLED"), .figure("OF"), .figure("PRICE"),
            .figure("WRITTEN"), .text("DETAIL", mayShrink: true),
        ])
        for copy in copies {
            if copy.results.isEmpty {
                let state = copy.jobs.isEmpty ? "requested" : "queued"
                table.add([Table.Cell(copy.subscription), "", Table.Cell(state, .yellow), "", "", "", "", Table.Cell(copy.request?.held ?? copy.jobs.first?.held ?? "")])
            }
            for result in copy.results {
                guard let data = result.data, let result = try? ExecutionResult(json: data) else {
                    table.add([Table.Cell(copy.subscription), "", Table.Cell("unreadable", .red), "", "", "", "", ""])
                    continue
                }
                let written = result.times.sent > 0 ? Format.time(microseconds: result.times.sent - result.times.received) : ""
                table.add([
                    Table.Cell(copy.subscription), Table.Cell("\(result.action.rawValue) \(result.side.rawValue)"),
                    Table.Cell(result.outcome.rawValue, result.outcome.isExecuted ? .green : nil),
                    Table.Cell(result.filledSize.isZero ? "" : "\(result.filledSize)"),
                    Table.Cell(result.requestedSize.isZero ? "" : "\(result.requestedSize)"),
                    Table.Cell(result.averagePrice.map { "\($0)" } ?? ""), Table.Cell(written), Table.Cell(result.detail ?? ""),
                ])
            }
        }
        return table
    }

    // MARK: - One copy

    private func detail(_ copy: Story.Copy) -> [String] {
        var lines = [terminal.styled("copy for subscription \(copy.subscription)", .bold)]
        if let request = copy.request {
            let version = request.data?["configVersion"].flatMap { try? $0.asInteger() }.map { ", under configuration version \($0)" } ?? ""
            lines.append("  request \(request.text("id") ?? "?") of subscriber \(request.text("subscriber") ?? "?"), account \(request.text("account") ?? "?")\(version)")
            lines.append("    \(place(request))")
        }
        var parts = [lines.joined(separator: "\n")]
        let answered = Set(copy.results.compactMap { $0.text("job") })
        parts += copy.results.map { result in leg(result, copy.jobs.first { $0.text("id") == result.text("job") }, copy.request) }
        parts += copy.jobs.filter { !answered.contains($0.text("id") ?? "") }.map(openJob)
        if copy.results.isEmpty, copy.jobs.isEmpty { parts.append("  no decision yet") }
        return parts
    }

    private func openJob(_ job: StoryEntry) -> String {
        let id = job.text("id") ?? "?"
        let attempt = story.attempts[id].map { "\n    open attempt: \($0)" } ?? "\n    no attempt yet"
        return "  job \(id): no result yet\n    \(place(job))\(attempt)"
    }

    private func leg(_ entry: StoryEntry, _ job: StoryEntry?, _ request: StoryEntry?) -> String {
        guard let data = entry.data, let result = try? ExecutionResult(json: data) else { return "  result \(place(entry)): cannot be read" }
        let traded = result.filledSize.isZero ? "" : ": \(result.filledSize) of \(result.requestedSize) at \(result.averagePrice.map { "\($0)" } ?? "?")"
            + (result.fee.map { ", fee \($0)" } ?? "")
        var lines = [
            "  \(result.action.rawValue) \(result.side.rawValue) "
                + terminal.styled(result.outcome.rawValue, result.outcome.isExecuted ? .green : .yellow) + traded
        ]
        if let detail = result.detail { lines.append("    \(detail)") }
        if let position = result.position { lines.append("    position after: \(position)") }
        if result.attempts > 0 { lines.append("    \(result.attempts) attempt\(result.attempts == 1 ? "" : "s"), the last as order \(result.cloid?.text ?? "?")") }
        if let bucket = result.times.limitedBy {
            lines.append("    waited \(Format.time(microseconds: result.times.limitedMicroseconds)) for tokens, limited by \(bucket)")
        }
        lines.append("    job \(result.job)")
        if let job { lines.append("    \(place(job))") }
        lines.append("    \(place(entry))")
        lines.append(StoryTimes(result: result, signal: story.signal, request: request, job: job, entry: entry).rendered(indent: "    "))
        return lines.joined(separator: "\n")
    }
}
