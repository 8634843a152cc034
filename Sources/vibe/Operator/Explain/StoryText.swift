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
        if !story.strays.isEmpty { parts.append(strays) }
        if copies.isEmpty, story.signal != nil {
            parts.append(isShed ? "shed: the fleet had more to do than it can, and nobody copies it" : "no subscription was matched with it yet")
        }
        if copies.count > 1 { parts.append("`vibe explain` with the id of a request, job or order tells the whole story of one copy") }
        if story.isTruncated { parts.append("there is more than is shown") }
        return parts.joined(separator: "\n\n")
    }

    private var isShed: Bool { story.signal?.data.flatMap { try? Signal(json: $0) }?.isWhollyShed ?? false }

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

    private var strays: String {
        (["other entries"] + story.strays.map { entry in
            "  \(place(entry)): " + entry.fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
        }).joined(separator: "\n")
    }

    private func place(_ entry: StoryEntry) -> String {
        let number = entry.seq.map { ", seq \($0)" } ?? ""
        let source = entry.source == .redis ? "; not in the audit trail yet" : ""
        return "\(entry.stream) \(entry.id)\(number)\(source)\(entry.held.map { "; held by \($0)" } ?? "")"
    }

    // MARK: - Many copies

    /// From so many columns on there is room for when each order was written.
    private static let wide = 110

    private func table(_ copies: [Story.Copy]) -> Table {
        let isWide = terminal.width >= Self.wide
        var table = Table(
            [
                .text("SUBSCRIPTION", mayShrink: true), .text("ACTION"), .text("OUTCOME"), .figure("RANK"), .figure("FILLED"), .figure("OF"),
                .figure("PRICE"),
            ] + (isWide ? [.figure("WRITTEN")] : []) + [.figure("LAG"), .text("DETAIL", mayShrink: true)])
        for copy in copies {
            let legs = story.legs(of: copy)
            if legs.isEmpty {
                let state = Table.Cell("requested", .yellow)
                let rest: [Table.Cell] = Array(repeating: "", count: table.columns.count - 4)
                table.add([Table.Cell(copy.subscription), "", state] + rest + [Table.Cell(copy.request?.held ?? "")])
            }
            for leg in legs { table.add(row(leg, of: copy, isWide: isWide)) }
        }
        return table
    }

    private func row(_ leg: StoryLeg, of copy: Story.Copy, isWide: Bool) -> [Table.Cell] {
        let card = SubscriberCard(leg)
        let action = [leg.action?.rawValue, card?.side.rawValue].compactMap { $0 }.joined(separator: " ")
        let rank = Table.Cell(leg.place.map { "\($0.rank)/\($0.followers)" } ?? "")
        guard let result = leg.result else {
            let held = leg.jobEntry == nil ? copy.request?.held : leg.jobEntry?.held
            let rest: [Table.Cell] = Array(repeating: "", count: isWide ? 5 : 4)
            return [Table.Cell(copy.subscription), Table.Cell(action), state(leg), rank] + rest + [Table.Cell(held ?? "")]
        }
        let times = StoryTimes(leg)
        func time(_ value: Int64?) -> Table.Cell { Table.Cell(value.map { Format.time(microseconds: $0) } ?? "") }
        return [
            Table.Cell(copy.subscription), Table.Cell(action), state(leg), rank,
            Table.Cell(result.filledSize.isZero ? "" : "\(result.filledSize)"), Table.Cell(card?.asked?.description ?? ""),
            Table.Cell(result.averagePrice?.description ?? ""),
        ] + (isWide ? [time(times.engine)] : []) + [time(times.lag), Table.Cell(result.detail ?? "")]
    }

    /// The outcome, or how far it has come.
    private func state(_ leg: StoryLeg) -> Table.Cell {
        if let outcome = leg.result?.outcome { return Table.Cell(outcome.rawValue, outcome.isExecuted ? .green : .yellow) }
        if leg.resultEntry != nil { return Table.Cell("unreadable", .red) }
        return Table.Cell(leg.jobEntry == nil ? "requested" : "queued", .yellow)
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
        let legs = story.legs(of: copy)
        parts += legs.map(text)
        if legs.isEmpty { parts.append("  no decision yet") }
        return parts
    }

    private func text(_ leg: StoryLeg) -> String {
        let state = state(leg)
        let name = [leg.action?.rawValue, (leg.result?.side ?? leg.job?.side)?.rawValue].compactMap { $0 }.joined(separator: " ")
        let outcome = state.style.map { terminal.styled(state.text, $0) } ?? state.text
        var lines = ["  \(number(leg))\(name.isEmpty ? "" : name + " ")\(outcome)"]
        if let detail = leg.detail { lines.append("    \(detail)") }
        lines += leg.faults.map { "    " + terminal.styled($0, .red) }
        if let result = leg.result, result.attempts > 0 {
            lines.append("    \(result.attempts) attempt\(result.attempts == 1 ? "" : "s"), the last as order \(result.cloid?.text ?? "?")")
        } else if leg.result == nil, let attempt = leg.attempt {
            lines.append("    attempt \(attempt.number) is open, as order \(attempt.cloid)")
        } else if leg.resultEntry == nil, let job = leg.jobID, story.attempts[job] == nil {
            lines.append("    no attempt yet")
        }
        if let place = leg.place { lines.append("    rank \(place.rank) of \(place.followers) in the order of the signal's copies") }
        lines.append("    job \(leg.jobID ?? "not decided yet")")
        lines += [leg.jobEntry, leg.resultEntry].compactMap { $0 }.map { "    \(place($0))" }
        let tables = [
            leg.job == nil && leg.result == nil ? nil : clips(leg), StoryCards(leg).rendered(for: terminal, indent: Self.indent),
            StoryTimes(leg).rendered(for: terminal, indent: Self.indent),
        ].compactMap { $0 }
        return ([lines.joined(separator: "\n")] + tables).joined(separator: "\n\n")
    }

    private static let indent = 4

    /// Which of a flip's two it is.
    private func number(_ leg: StoryLeg) -> String {
        guard let index = leg.index, let count = leg.signal?.legs.count, count > 1 else { return "" }
        return "leg \(index + 1) of \(count): "
    }

    private func clips(_ leg: StoryLeg) -> String {
        guard !leg.clips.isEmpty else { return "    no gate changed the size" }
        var table = Table([.text("GATE", mayShrink: true), .figure("BEFORE"), .figure("AFTER")])
        for clip in leg.clips { table.add([Table.Cell(clip.gate.rawValue), Table.Cell("\(clip.before)"), Table.Cell("\(clip.after)")]) }
        return table.rendered(for: terminal, indent: Self.indent)
    }
}
