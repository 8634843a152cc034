import JSON
import Pipeline
import RedisStreams

/// Dead letters of one kind from one stage.
struct DeadLetterCount: Sendable {
    var reason: String
    var stage: String
    var count: Int
    var exits: Int

    static func of(_ letters: [DeadLetter]) -> [DeadLetterCount] {
        Dictionary(grouping: letters) { "\($0.reason) \($0.stage)" }.values
            .map { DeadLetterCount(reason: $0[0].reason, stage: $0[0].stage, count: $0.count, exits: $0.count(where: \.isExit)) }
            .sorted { ($0.reason, $0.stage) < ($1.reason, $1.stage) }
    }

    static func table(_ counts: [DeadLetterCount]) -> Table {
        var table = Table([.text("KIND"), .text("STAGE"), .figure("LETTERS"), .figure("EXITS")])
        for item in counts {
            table.add([
                Table.Cell(item.reason, .bold), Table.Cell(item.stage), Table.Cell(Format.count(item.count)),
                Table.Cell(Format.count(item.exits), item.exits > 0 ? .red : nil),
            ])
        }
        return table
    }

    var json: JSON { ["kind": .string(reason), "stage": .string(stage), "count": .integer(count), "exits": .integer(exits)] }
}

extension DeadLetter {
    /// The stage that put it aside.
    var stage: String {
        switch origin?.stream {
        case .signals: "match"
        case .requests: "plan"
        case .jobs: "work"
        default: originName
        }
    }

    var who: String { original("subscriber") ?? original("influencer") ?? "" }

    /// Who, coin and action, as far as they can be read.
    var subject: String {
        let parts = [who, original("coin") ?? "", original("action") ?? ""].filter { !$0.isEmpty }
        return parts.isEmpty ? "unreadable" : parts.joined(separator: " ")
    }

    static func table(_ letters: [DeadLetter]) -> Table {
        var table = Table([
            .text("LETTER"), .text("WHEN"), .text("FROM"), .text("KIND"), .text("WHO", mayShrink: true), .text("COIN", mayShrink: true),
            .text("ACTION", mayShrink: true), .figure("DELIVERIES"), .text("REASON", mayShrink: true),
        ])
        for letter in letters {
            table.add([
                Table.Cell(letter.id, letter.isExit ? .red : .bold), Table.Cell(Format.instant(milliseconds: letter.milliseconds)),
                Table.Cell(letter.originName), Table.Cell(letter.reason), Table.Cell(letter.who), Table.Cell(letter.original("coin") ?? ""),
                Table.Cell(letter.original("action") ?? "?", letter.isExit ? .red : nil), Table.Cell("\(letter.deliveries)"), Table.Cell(letter.error),
            ])
        }
        return table
    }

    var json: JSON {
        [
            "id": .string(id), "timeMs": .integer(milliseconds), "origin": .string(originName), "entry": .string(entry), "stage": .string(stage),
            "kind": .string(reason), "error": .string(error), "deliveries": .integer(deliveries), "exit": .bool(isExit), "who": .string(who),
            "coin": .string(orNull: original("coin")), "action": .string(orNull: original("action")), "maySent": .bool(attempt != nil),
        ]
    }

    private var data: JSON? { original.first { $0.name == "data" }.flatMap { try? JSON.parse($0.value) } }

    var fullJSON: JSON {
        guard case .object(let members) = json else { return json }
        let fields = original.map { name, value in
            JSON.Member(name, name == "data" ? data ?? .string(String(decoding: value, as: UTF8.self)) : .string(String(decoding: value, as: UTF8.self)))
        }
        return .object(
            members + [
                JSON.Member("truncated", .string(orNull: truncated)),
                JSON.Member("attempt", attempt.flatMap { try? JSON.parse($0) } ?? .null),
                JSON.Member("wouldHaveLedTo", .string(consequence)), JSON.Member("advice", .string(advice)), JSON.Member("fields", .object(fields)),
            ])
    }

    var fullText: String {
        var lines = [
            "letter      \(id), put aside \(Format.instant(milliseconds: milliseconds)) after \(deliveries) deliveries",
            "was         \(entry) of \(originName)", "kind        \(reason)", "reason      \(error)",
        ]
        if let truncated { lines.append("kept        the beginning of \(truncated)") }
        lines += ["would have  \(consequence)", "to do       \(advice)", ""]
        for (name, value) in original where name != "data" { lines.append("\(name): \(String(decoding: value.prefix(200), as: UTF8.self))") }
        if let attempt, let json = try? JSON.parse(attempt) { lines.append("attempt: \(json.pretty())") }
        if let data {
            lines.append("data: \(data.pretty())")
        } else if let value = original("data") {
            lines.append("data (not JSON): \(value.prefix(2_000))")
        }
        // what anyone may have typed in must not steer the terminal
        return lines.map(Self.printable).joined(separator: "\n")
    }

    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\n" || $0.properties.generalCategory != .control ? $0 : "\u{FFFD}" }))
    }

    private var consequence: String {
        switch origin?.stream {
        case .signals: "a request for each follower: \(subject)"
        case .requests: "the decision whether and how much to copy: \(subject)"
        case .jobs: attempt == nil ? "an order: \(subject)" : "an order, which may have been sent: \(subject)"
        default: "nothing: no stage reads \(originName)"
        }
    }

    private var advice: String {
        if attempt != nil { return "`vibe dlq drop \(id) --reason … --yes` asks the exchange what was traded and puts that on record" }
        let exit = isExit ? " The follower still holds what was to be given up: look whether the drift loop has closed it (`vibe explain`), else close it." : ""
        do { _ = try DeadLetterDesk.again(self) } catch { return "`vibe dlq drop \(id) --reason … --yes`: \(error)." + exit }
        switch reason {
        case Reason.poison.rawValue:
            return "find what it brought down in the log, then `vibe dlq requeue \(id) --yes`, or drop it." + exit
        default: return "when a newer version can read it `vibe dlq requeue \(id) --yes`, else drop it." + exit
        }
    }
}
