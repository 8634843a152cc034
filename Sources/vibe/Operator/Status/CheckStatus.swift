import JSON
import RedisStreams

/// How long ago leaders were compared with the exchange, or accounts read.
struct CheckStatus: Sendable {
    struct Item: Sendable, Equatable {
        var name: String
        /// Milliseconds since it was last checked; `nil`: never.
        var age: Int64?
    }

    /// Leaders named to people, at most.
    static let mostNamed = 20

    let kind: CheckTable.Kind
    /// Milliseconds past which one is late.
    let limit: Int64
    /// Longest unchecked first.
    let items: [Item]

    /// - Parameters:
    ///   - checks: name → when it was last checked, milliseconds since 1970.
    ///   - now: milliseconds since 1970.
    init(_ kind: CheckTable.Kind, _ checks: [String: Int64?], limit: Int64, now: Int64) {
        self.kind = kind
        self.limit = limit
        let items = checks.map { name, time in Item(name: name, age: time.map { max(0, now - $0) }) }
        self.items = items.sorted { ($0.age ?? .max, $1.name) > ($1.age ?? .max, $0.name) }
    }

    func isLate(_ item: Item) -> Bool { item.age.map { $0 > limit } ?? true }

    var late: [Item] { items.filter(isLate) }

    /// `12 s ago`.
    static func text(_ item: Item) -> String { item.age.map { "\(Format.time(milliseconds: $0)) ago" } ?? "never" }

    /// For people; `nil` when all were checked in time.
    var concern: String? {
        guard let oldest = late.first else { return nil }
        return "\(Format.count(late.count)) of \(Format.count(items.count)) \(kind.rawValue) were not checked within "
            + "\(Format.time(milliseconds: limit)), longest \(oldest.name): \(Self.text(oldest))"
    }

    var json: JSON {
        [
            "count": .integer(items.count), "late": .integer(late.count), "limitMs": .integer(limit),
            "checked": .array(items.map { ["name": .string($0.name), "ageMs": $0.age.map { .integer($0) } ?? .null] }),
        ]
    }
}

extension [CheckStatus] {
    /// Each leader, and the accounts in sum.
    var table: Table {
        var table = Table([.text("FOLLOWED", mayShrink: true), .figure("CHECKED")])
        for status in self where !status.items.isEmpty {
            switch status.kind {
            case .leaders:
                for item in status.items.prefix(CheckStatus.mostNamed) { table.add([Table.Cell(item.name), status.cell(item)]) }
                let rest = status.items.count - CheckStatus.mostNamed
                if rest > 0 { table.add([Table.Cell("\(Format.count(rest)) more leaders"), status.cell(status.items[CheckStatus.mostNamed])]) }
            case .accounts: table.add([Table.Cell("\(Format.count(status.items.count)) accounts"), status.cell(status.items[0])])
            }
        }
        return table
    }
}

extension CheckStatus {
    fileprivate func cell(_ item: Item) -> Table.Cell { Table.Cell(Self.text(item), isLate(item) ? .yellow : nil) }
}
