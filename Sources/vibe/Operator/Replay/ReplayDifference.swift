import AuditTrail
import CopyTrading
import JSON

/// A leg that was decided otherwise when it was decided again.
struct ReplayDifference: Sendable {
    struct Field: Sendable, Equatable {
        var name: String
        /// `nil` where a side has no such member.
        var recorded: String?
        var again: String?
    }

    /// The entry on record.
    let entry: String
    let request: RequestID
    let leg: Int
    let job: JobID
    let title: String
    /// Those that differ.
    var fields: [Field] = []
    /// How many members are the same.
    var same = 0

    init(row: AuditRow, request: ExecutionRequest, leg: Int) {
        entry = "\(row.stream) \(row.entryID)\(row.seq.map { " (seq \($0))" } ?? "")"
        self.request = request.id
        self.leg = leg
        job = JobID(request: request.id, leg: leg)
        title = "\(request.signal.legs[leg].action.rawValue) of \(request.signal.coin) for \(request.subscription)"
    }

    mutating func compare(_ recorded: DecidedLeg, with again: DecidedLeg) {
        guard recorded != again else {
            same = recorded.members.count
            return
        }
        func byName(_ leg: DecidedLeg) -> [String: JSON] {
            Dictionary(leg.members.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        }
        let (left, right) = (byName(recorded), byName(again))
        for name in recorded.members.map(\.name) + again.members.map(\.name).filter({ left[$0] == nil }) {
            if left[name] == right[name] {
                same += 1
            } else {
                fields.append(Field(name: name, recorded: left[name]?.plainText, again: right[name]?.plainText))
            }
        }
        // Equal by name, and yet not equal: members in another order, or one twice.
        if fields.isEmpty {
            fields.append(
                Field(
                    name: "members", recorded: recorded.members.map(\.name).joined(separator: " "),
                    again: again.members.map(\.name).joined(separator: " ")))
        }
    }

    /// However wide: what is cut may be what differs.
    func text(for terminal: Terminal) -> String {
        var table = Table([.text("FIELD"), .text("RECORDED"), .text("AGAIN")])
        for field in fields {
            table.add([Table.Cell(field.name, .bold), Table.Cell(field.recorded ?? "–"), Table.Cell(field.again ?? "–")])
        }
        return """
            \(terminal.styled("\(title): leg \(leg) of request \(request), job \(job)", .red))
            \(entry)
            \(table.rendered(for: terminal))
            \(same) other fields are the same
            """
    }

    var json: JSON {
        [
            "entry": .string(entry), "request": .string(request.text), "leg": .integer(leg), "job": .string(job.text),
            "title": .string(title),
            "fields": .array(
                fields.map {
                    ["name": .string($0.name), "recorded": .string(orNull: $0.recorded), "again": .string(orNull: $0.again)]
                }),
            "same": .integer(same),
        ]
    }
}

extension JSON {
    /// A string without its quotes.
    fileprivate var plainText: String { if case .string(let text) = self { text } else { text() } }
}
