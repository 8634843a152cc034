import JSON
import RedisStreams
import Testing

@testable import vibe

@Suite("How long ago leaders and accounts were checked")
struct CheckStatusTests {
    private static let now: Int64 = 1_795_240_482_000

    @Test("R-86: the longest unchecked comes first, one that was never checked before all; past the limit it is late")
    func order() {
        let status = CheckStatus(
            .leaders, ["fresh": Self.now - 12_000, "at the limit": Self.now - 120_000, "late": Self.now - 120_001, "never": nil, "ahead": Self.now + 50],
            limit: 120_000, now: Self.now)
        #expect(status.items.map(\.name) == ["never", "late", "at the limit", "fresh", "ahead"])
        #expect(status.items.map(\.age) == [nil, 120_001, 120_000, 12_000, 0])
        #expect(status.late.map(\.name) == ["never", "late"])
        #expect(status.items.map(CheckStatus.text) == ["never", "2 m 0 s ago", "2 m 0 s ago", "12.0 s ago", "0 ago"])
        #expect(status.concern == "2 of 5 leaders were not checked within 2 m 0 s, longest never: never")
        #expect(CheckStatus(.accounts, ["0x1": Self.now - 1_000], limit: 120_000, now: Self.now).concern == nil)
        #expect(CheckStatus(.accounts, [:], limit: 120_000, now: Self.now).concern == nil)
    }

    @Test("R-86: leaders are named, the longest unchecked ones, accounts are counted")
    func table() {
        let leaders = Dictionary(uniqueKeysWithValues: (0..<30).map { ("leader-\($0)", Optional(Self.now - Int64($0) * 1_000)) })
        let accounts = ["0x1": Optional(Self.now - 31_000), "0x2": Optional(Self.now)]
        let table = [
            CheckStatus(.leaders, leaders, limit: 120_000, now: Self.now), CheckStatus(.accounts, accounts, limit: 30_000, now: Self.now),
        ].table
        let rows = table.rows.map { $0.map(\.text) }
        #expect(rows.count == CheckStatus.mostNamed + 2)
        #expect(rows[0] == ["leader-29", "29.0 s ago"])
        #expect(rows[20] == ["10 more leaders", "9.0 s ago"])
        #expect(rows[21] == ["2 accounts", "31.0 s ago"])
        #expect(table.rows[21][1].style == .yellow && table.rows[0][1].style == nil)
    }

    @Test("R-86: programs get every age, the limit, and how many are late")
    func json() {
        let status = CheckStatus(.accounts, ["0x1": Self.now - 31_000, "0x2": nil], limit: 30_000, now: Self.now)
        let expected: JSON = [
            "count": 2, "late": 2, "limitMs": 30_000,
            "checked": [["name": "0x2", "ageMs": .null], ["name": "0x1", "ageMs": 31_000]],
        ]
        #expect(status.json == expected)
    }
}
